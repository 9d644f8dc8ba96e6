import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findByGroup, findByZone } from '../../src/isolation/index.ts';
import { instancePaths } from '../../src/state/index.ts';
import { loadAgentImage } from '../isolation/docker/agent-image.ts';
import { askEngine, NO_ENGINE, startEngine, type TestEngine } from '../isolation/docker/support.ts';
import { Instance, until, type Started } from './instance.ts';

const BRIDGE = '/var/run/zone-bridge/zone-bridge.sock';
/** Longer than the supervisor watches the place of a program whose starter is gone. */
const WATCHED_MS = 11_000;

function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

describe.skipIf(NO_ENGINE !== undefined)('any program in Zone 2, in a container', () => {
  const instance = new Instance();
  const { instance: id, zonesRecord } = instancePaths(instance.home, 0);
  const folder = mkdtempSync(join(tmpdir(), 'hs-agent-'));
  let engine: TestEngine;
  const DOCKER = ['run', '--driver', 'docker', '--root', 'image', '--image', 'agent:test'] as const;
  const agent = (...command: string[]): ReturnType<Instance['run']> => instance.run(...DOCKER, '--', ...command);
  const start = (workspace: string, ...command: string[]): Started =>
    instance.start(...DOCKER, '--workspace', workspace, '--', ...command);
  const containers = async (): Promise<string[]> => {
    const { body } = await askEngine(engine.socketPath, 'GET', '/containers/json?all=1');
    return (JSON.parse(body) as { Names: string[] }[]).flatMap(({ Names }) => Names);
  };
  /** What runs of the tests' own program; the built-in planner is not counted. */
  const processes = (): number => findByZone(id, 'zone2-planner').filter(({ pid }) => nameOf(pid) === 'tool').length;
  /** The command line became the process that holds the zone: the only child of its starter. */
  const killHolder = ({ child, said }: Started): void => {
    const found = spawnSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).stdout.trim();
    if (!/^\d+$/.test(found)) throw new Error(`no single process holds the zone: \`${found}\` (${said()})`);
    process.kill(Number(found), 'SIGKILL');
  };

  const says = async ({ said, child }: Started, word: string): Promise<void> => {
    await until(() => said().includes(word) || child.exitCode !== null, 45_000).catch(() => undefined);
    expect(said()).toBe(`${word}\n`);
  };

  beforeAll(async () => {
    chmodSync(folder, 0o755);
    engine = await startEngine();
    await loadAgentImage(engine.socketPath, ['agent:test']);
    await instance.up();
    const set = instance.run('config', 'set', 'zones.engineSocket', engine.socketPath);
    expect(`${set.err}${set.code}`).toBe('0');
  }, 120_000);
  afterAll(async () => {
    await instance.remove();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('reaches the bridge and is Zone 2 there', () => {
    const ran = agent('tool', 'ping', BRIDGE);
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(JSON.parse(ran.out)).toEqual({ type: 'pong', zone: 'zone2-planner' });
  });

  it('passes on what it reads, says and ends with', async () => {
    const ran = instance.runWith('typed', ...DOCKER, '--', 'sh', '-c', 'cat; echo loud >&2; exit 70');
    expect([ran.code, ran.out, ran.err]).toEqual([70, 'typed', 'loud\n']);
    const much = instance.runWith('x'.repeat(300_000), ...DOCKER, '--', 'cat');
    expect([much.code, much.out.length]).toEqual([0, 300_000]);
    expect(await containers()).toEqual([]);
  });

  it('reaches no network, though the same program does outside, and has a loopback of its own', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('x')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const outside = join(folder, 'tool');
    const source = join(import.meta.dirname, '..', 'isolation', 'docker', 'agent-tool.c');
    expect(spawnSync('gcc', ['-w', '-o', outside, source]).status).toBe(0);
    try {
      expect(spawnSync(outside, ['tcp', String(port)], { encoding: 'utf8' }).stdout).toBe('open\n');
      expect(agent('tool', 'tcp', String(port)).out).toMatch(/^errno \d+\n$/);
      expect(agent('tool', 'loopback').out).toBe('hello\n');
    } finally {
      server.close();
    }
  });

  it('is somebody without rights: not root, names and resolvers of ours, and nothing of the machine', () => {
    const ran = agent('sh', '-c', 'raise uid; cat /etc/passwd /etc/resolv.conf /etc/hosts /etc/hostname; ls /sys; env');
    const [real, effective] = (ran.out.split('\n')[0] ?? '').split(' ');
    expect(real).toBe(effective);
    expect(Number(real)).toBeGreaterThan(60_000);
    expect(ran.out).toContain(`agent:x:${real}:${real}:agent:/workspace:/bin/sh\n# no network, no resolver\n`);
    expect(ran.out).toContain('::1 localhost zone\nzone\n');
    expect(ran.out).not.toMatch(/nameserver|HOSTNAME=/);
    expect(readFileSync('/etc/passwd', 'utf8')).not.toContain('agent:/workspace');
  });

  it('writes in its workspace and nowhere else, reads what it is given, and finds it again', () => {
    const given = join(folder, 'given');
    writeFileSync(given, 'given\n', { mode: 0o644 });
    const places = ['/workspace', '/tmp', '', '/bin', '/etc', '/read', '/hardshell/lib', '/var/run/zone-bridge'];
    const ran = instance.run(
      ...[...DOCKER, '--read', given, '--', 'sh', '-c'],
      `cat /read/given; tool create ${places.map((at) => `${at}/made`).join(' ')}`,
    );
    expect(ran.out).toBe(`given\n${places.map((at, i) => `${at}/made ${i < 2 ? 'made' : 'refused'}\n`).join('')}`);
    expect(agent('ls', '/workspace', '/tmp', '/hardshell/lib').out).toBe(
      '/hardshell/lib:\nmain.mjs\n\n/tmp:\n\n/workspace:\nmade\n',
    );
  });

  it('is ended when it takes more memory than it may', () => {
    const settings = join(instance.home, 'hardshell.json');
    const before = readFileSync(settings, 'utf8');
    writeFileSync(settings, before.replace('zones: {', 'zones: { agent: { memoryMiB: 256 },'));
    try {
      const ran = agent('tool', 'eat', '600');
      expect([ran.code, ran.err]).toEqual([
        137,
        expect.stringContaining('more memory than `zones.agent.memoryMiB` allows'),
      ]);
      expect(agent('tool', 'eat', '20').out).toBe('eaten\n');
    } finally {
      writeFileSync(settings, before);
    }
  });

  it('has a terminal of the engine’s: Ctrl-C and its size work, and nothing can be typed into it', () => {
    const { drawn, code } = instance.onTerminal(
      [
        ['$ ', "stty -echo; tty; sh -c 'echo up-$((1 + 1)); exec sleep 600'\n"],
        ['up-2', '\u0003'],
        ['$ ', 'tool type-into-terminal; stty size; exit 5\n'],
      ],
      ...DOCKER,
      '--workspace',
      'terminal',
      '--',
      'sh',
      '-i',
    );
    expect(drawn).toContain('/dev/');
    expect(drawn).toContain('errno 1');
    expect(drawn).toContain('40 100');
    expect(code).toBe(5);
  });

  it('ends with the process that started it, whatever ends that, and its workspace is free again', async () => {
    const held = start('orphan', 'tool', 'sleep');
    await says(held, 'up');
    expect(processes()).toBe(1);
    killHolder(held);
    await until(() => processes() === 0, 10_000);
    // The engine keeps what is left of it under its name; the next run in the workspace clears that away.
    expect((await containers()).length).toBe(1);
    expect(instance.run(...DOCKER, '--workspace', 'orphan', '--', 'tool', 'uid').code).toBe(0);
    await until(async () => (await containers()).length === 0, 10_000);
  });

  it('ends too where its starter was killed while the engine was starting it', async () => {
    const held = start('half', 'tool', 'sleep');
    const isProgram = (name: string): boolean => name.includes('zone2-planner.') && !name.includes('.escape-');
    await until(async () => (await containers()).some(isProgram), 30_000);
    killHolder(held);
    await sleep(WATCHED_MS);
    expect(processes()).toBe(0);
    expect(instance.run(...DOCKER, '--workspace', 'half', '--', 'tool', 'uid').code).toBe(0);
  }, 60_000);

  it('says what is wrong with what it is told, and starts nothing', () => {
    const left = readdirSync(join(instance.home)).length;
    for (const [args, code, sentence] of [
      [['run', '--driver', 'docker', '--', 'x'], 2, 'a container has an image for its root'],
      [['run', '--driver', 'docker', '--root', 'host-ro', '--', 'x'], 2, 'not the programs of this machine'],
      [['run', '--driver', 'docker', '--root', 'image', '--', 'x'], 2, 'with an image that the Docker engine has'],
      [['run', '--driver', 'podman', '--', 'x'], 2, '`--driver` is `bubblewrap` (usual) or `docker`'],
      [
        [...DOCKER.slice(0, 6), 'nobody/has-it', '--', 'x'],
        1,
        'has no image `nobody/has-it`, and Hardshell pulls none',
      ],
      [[...DOCKER.slice(0, 6), '../x', '--', 'x'], 1, '`../x` is no name or id of an image'],
      [[...DOCKER, '--', 'missing'], 1, 'the image holds no program `missing`'],
      [[...DOCKER, '--read', '/var', '--', 'ls'], 1, 'which no agent may see'],
    ] as const) {
      expect(instance.run(...args)).toMatchObject({ code, err: expect.stringContaining(sentence) as string, out: '' });
    }
    expect(readdirSync(join(instance.home)).length).toBe(left);
    expect(processes()).toBe(0);
  }, 60_000);

  it('is stopped with everything else, a fork bomb too, and cannot be started after', async () => {
    const bomb = start('bomb', 'tool', 'bomb');
    await says(bomb, 'up');
    await until(() => processes() > 100, 30_000);
    expect(processes()).toBeLessThanOrEqual(256);
    expect(instance.run('kill').code).toBe(0);
    expect(findByGroup(`hardshell-${id}`)).toEqual([]);
    await bomb.ended;
    expect(bomb.said()).toContain('the program was stopped: hardshell was stopped');
    const after = agent('tool', 'uid');
    expect([after.code, after.err]).toEqual([1, 'hardshell: hardshell is not running; start it with `hardshell up`\n']);
  }, 60_000);

  it('is ended by the next start where its starter and the supervisor were both killed', async () => {
    await instance.interrupt();
    // Stopped by the test before, where that ran.
    instance.run('revive', '--yes');
    await instance.up();
    const held = start('both', 'tool', 'sleep');
    await says(held, 'up');
    const record = JSON.parse(readFileSync(zonesRecord, 'utf8')) as { supervisor: { pid: number } };
    process.kill(record.supervisor.pid, 'SIGKILL');
    killHolder(held);
    await held.ended;
    expect(processes()).toBe(1);
    await instance.up();
    expect(processes()).toBe(0);
  }, 120_000);
});
