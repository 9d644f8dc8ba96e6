import { mkdirSync, readFileSync, chmodSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupMembers, findByZone, resolveImage } from '../../../src/isolation/index.ts';
import { makeOpenDirectory } from '../support.ts';
import { agentZone, loadAgentImage } from './agent-image.ts';
import {
  askEngine,
  dockerSpec,
  NO_ENGINE,
  openDockerBench,
  plainContainer,
  runDocker,
  type DockerBench,
} from './support.ts';

const MIB = 1024 * 1024;
const BRIDGE = '/var/run/zone-bridge';

describe.skipIf(NO_ENGINE !== undefined)('an agent’s program in a container', () => {
  const work = makeOpenDirectory();
  let bench: DockerBench;
  let image: string;
  let plain: DockerBench;
  beforeAll(async () => {
    bench = await openDockerBench();
    image = (await loadAgentImage(bench.engine.socketPath, ['agent:test'])).id;
    plain = { ...bench, image };
  }, 60_000);
  afterAll(async () => {
    await bench.close();
    work.remove();
  });
  type Overrides = Parameters<typeof agentZone>[2];
  const inside = async (command: readonly [string, ...string[]], overrides: Overrides = {}): Promise<string> => {
    const { exit, out, err } = await runDocker(bench.driver, agentZone(image, command, overrides));
    return exit.kind === 'exited' ? `${out}${err}`.trim() : exit.kind;
  };
  /** The same program of the same image, as a careless `docker run` starts it. */
  const outside = async (...command: string[]): Promise<string> => (await plainContainer(plain, command)).out.trim();

  it('runs programs that start programs, which meet on a loopback of their own', async () => {
    expect(await inside(['sh', '-c', 'cat /etc/image-word; for i in 1 2 3; do sh -c "echo $i" & wait; done'])).toBe(
      '1\n2\n3',
    );
    expect(await inside(['tool', 'loopback'])).toBe('hello');
  });

  it('is not root, whatever file of the image says so; a plain container makes it root', async () => {
    expect(await inside(['raise', 'uid'])).toBe('61498 61498');
    expect(await inside(['raise', 'become-root'])).toBe('errno 1');
    expect(await outside('/bin/raise', 'become-root')).toBe('open');
  });

  it('a file that says setuid gives it nothing, though without our wall it gives root', async () => {
    const asked = { User: '61498:61498', Image: image, Cmd: ['/bin/raise', 'uid'], Tty: true };
    const { body } = await askEngine(bench.engine.socketPath, 'POST', '/containers/create', {
      ...asked,
      HostConfig: { NetworkMode: 'none' },
    });
    const { Id } = JSON.parse(body) as { Id: string };
    await askEngine(bench.engine.socketPath, 'POST', `/containers/${Id}/start`);
    await askEngine(bench.engine.socketPath, 'POST', `/containers/${Id}/wait`);
    const { body: said } = await askEngine(bench.engine.socketPath, 'GET', `/containers/${Id}/logs?stdout=1`);
    await askEngine(bench.engine.socketPath, 'DELETE', `/containers/${Id}?force=1`);
    expect(said.trim()).toBe('61498 0');
    expect(await inside(['raise', 'uid'])).toBe('61498 61498');
  });

  it('reaches no network and no socket of another kind, though a plain container does', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const port = String((server.address() as AddressInfo).port);
    try {
      expect(await inside(['tool', 'tcp', port])).toMatch(/^errno \d+$/);
      expect(await outside('/bin/tool', 'tcp', port)).toBe('open');
    } finally {
      server.close();
    }
    for (const [family, type] of [
      ['2', '3'],
      ['17', '3'],
      ['16', '3'],
      ['40', '1'],
    ] as const) {
      expect(await inside(['tool', 'socket', family, type])).toMatch(/^errno (?:1|97)$/);
    }
    expect(await outside('/bin/tool', 'socket', '17', '3')).toBe('open');
  });

  it('reaches the one socket that it is shown', async () => {
    const sockets = join(work.path, 'sockets');
    mkdirSync(sockets);
    const path = join(sockets, 'zone-bridge.sock');
    const server = createServer((socket) => socket.end('{"type":"pong"}\n')).listen(path);
    await new Promise((resolve) => server.on('listening', resolve));
    chmodSync(sockets, 0o755);
    chmodSync(path, 0o777);
    const mounts = [{ kind: 'read', from: sockets, to: BRIDGE } as const];
    try {
      expect(await inside(['tool', 'ping', `${BRIDGE}/zone-bridge.sock`], { mounts })).toBe('{"type":"pong"}');
      expect(await inside(['tool', 'ping', `${BRIDGE}/zone-bridge.sock`])).toBe('errno 2');
    } finally {
      server.close();
    }
  });

  it('writes in its workspace and its memory, and nowhere else', async () => {
    const workspace = join(work.path, 'workspace');
    const read = join(work.path, 'read');
    for (const path of [workspace, read]) {
      mkdirSync(path);
      chmodSync(path, 0o777);
    }
    const mounts = [
      { kind: 'write', from: workspace, to: '/workspace' },
      { kind: 'read', from: read, to: '/read/given' },
    ] as const;
    const places = ['/workspace', '/tmp', '/dev/shm', '/read/given', '/bin', '/etc', '/dev', '/var', ''];
    const said = await inside(['tool', 'create', ...places.map((at) => `${at}/made`)], { mounts });
    expect(said.split('\n').map((line) => line.replace('/made ', ' '))).toEqual([
      ...['/workspace', '/tmp', '/dev/shm'].map((at) => `${at} made`),
      ...['/read/given', '/bin', '/etc', '/dev', '/var', ''].map((at) => `${at} refused`),
    ]);
    expect(readFileSync(join(workspace, 'made'), 'utf8')).toBe('');
    expect(await outside('/bin/tool', 'create', '/bin/made', '/dev/made')).toBe('/bin/made made\r\n/dev/made made');
  });

  it('is ended where it takes more memory than it may; a modest one is left alone', async () => {
    const limits = { memoryBytesMax: 64 * MIB, tasksMax: 32, cpus: 2 };
    const ran = async (mebibytes: string): Promise<unknown> =>
      (await runDocker(bench.driver, agentZone(image, ['tool', 'eat', mebibytes], { limits }))).exit;
    expect(await ran('200')).toEqual({ kind: 'killed', outOfMemory: true });
    expect(await ran('8')).toEqual({ kind: 'exited', code: 0 });
    // A program of its own that took too much is ended, and its shell goes on and says so.
    expect(
      (await runDocker(bench.driver, agentZone(image, ['sh', '-c', 'tool eat 200; exit 5'], { limits }))).exit,
    ).toEqual({ kind: 'exited', code: 5 });
  });

  it('has as many processes as it may and never more than 256', async () => {
    const limits = { memoryBytesMax: 256 * MIB, tasksMax: 20, cpus: 2 };
    expect(Number(await inside(['tool', 'children', '200'], { limits }))).toBe(19);
    expect(Number(await inside(['tool', 'children', '10'], { limits }))).toBe(10);
    const greedy = agentZone(image, ['tool', 'sleep'], { limits: { ...limits, tasksMax: 4_000 } });
    const zone = await bench.driver.create(greedy);
    expect((await bench.inspect(greedy.name)).HostConfig.PidsLimit).toBe(256);
    await zone.stop();
  });

  it('is gone with a stop, a fork bomb too that ignores every signal', async () => {
    let said = '';
    const spec = agentZone(image, ['tool', 'bomb'], { onOutput: (_, chunk) => (said += chunk.toString()) });
    const zone = await bench.driver.create(spec);
    let most = 0;
    for (let i = 0; i < 400 && most < 64; i++) {
      most = Math.max(most, findByZone(bench.instance, spec.name).length);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    expect(said).toBe('up\n');
    expect(most).toBe(64);
    await zone.stop();
    expect(await zone.exited).toEqual({ kind: 'killed', outOfMemory: false });
    expect(findByZone(bench.instance, spec.name)).toEqual([]);
    expect(cgroupMembers(zone.cgroupPaths)).toEqual([]);
  });

  it('keeps its own exit codes but those of a kill', async () => {
    for (const code of [0, 1, 70, 255])
      expect((await runDocker(bench.driver, agentZone(image, ['sh', '-c', `exit ${code}`]))).exit).toEqual({
        kind: 'exited',
        code,
      });
  });

  it('is started beside the containers of its supervisor, and touches what was left of its own name only', async () => {
    const planner = await bench.driver.create(dockerSpec(['-e', 'setInterval(() => {}, 1e6)'], { name: 'zone2-x' }));
    const left = await bench.driver.create(agentZone(image, ['tool', 'sleep'], { name: 'zone2-planner.left' }));
    const told: string[] = [];
    const beside = await bench.open(bench.instance, { beside: 'zone2-planner.left', tell: (one) => told.push(one) });
    expect(told).toEqual(['removed 1 container that a crash had left']);
    expect(await left.exited).toMatchObject({ kind: 'killed' });
    expect(await runDocker(beside, agentZone(image, ['tool', 'uid'], { name: 'zone2-planner.left' }))).toMatchObject({
      out: '61498 61498\n',
    });
    await expect(beside.create(dockerSpec(['-v']))).rejects.toThrow(/which only the supervisor loads/);
    expect(await bench.inspect('zone2-x')).toMatchObject({ State: { Running: true } });
    await planner.stop();
  });
});

describe.skipIf(NO_ENGINE !== undefined)('the image that was chosen for an agent', () => {
  let bench: DockerBench;
  beforeAll(async () => {
    bench = await openDockerBench();
  }, 60_000);
  afterAll(() => bench.close());
  const said = async (id: string, ...command: [string, ...string[]]): Promise<string> =>
    (await runDocker(bench.driver, agentZone(id, command))).out;
  const socket = (): string => bench.engine.socketPath;

  it('is the one that its name meant when it was asked, though the name is another’s a moment later', async () => {
    const first = await loadAgentImage(socket(), ['moving:latest'], { word: 'first' });
    const id = await resolveImage(socket(), 'moving');
    expect(id).toBe(first.id);
    const second = await loadAgentImage(socket(), ['moving:latest'], { word: 'second' });
    expect(await resolveImage(socket(), 'moving:latest')).toBe(second.id);
    expect(await said(id, 'cat', '/etc/image-word')).toBe('first');
    expect(await said(second.id, 'cat', '/etc/image-word')).toBe('second');
  });

  it('is found by name, by id and by the beginning of its id, and is refused with a sentence where it is not there', async () => {
    const { id } = await loadAgentImage(socket(), ['example.org/team/agent:1.0'], { word: 'named' });
    for (const reference of ['example.org/team/agent:1.0', id, id.slice(7, 19)])
      expect(await resolveImage(socket(), reference)).toBe(id);
    await expect(resolveImage(socket(), 'nobody/has-it')).rejects.toThrow(
      /has no image `nobody\/has-it`, and Hardshell pulls none; give it one/,
    );
    for (const reference of ['../containers', 'a b', '', '-x', 'x'.repeat(300), 'a//b'])
      await expect(resolveImage(socket(), reference)).rejects.toThrow(/is no name or id of an image/);
    const gone = await loadAgentImage(socket(), ['gone:1'], { word: 'gone' });
    await askEngine(socket(), 'DELETE', `/images/${gone.id}?force=1`);
    await expect(said(gone.id, 'tool', 'uid')).rejects.toThrow(/has no image of the id .* any more/);
  });

  it('brings its files and nothing else: no variable, user, program or volume of its own', async () => {
    const config = {
      Env: ['NODE_OPTIONS=--inspect', 'LD_PRELOAD=/bin/tool', 'PATH=/planted'],
      User: '0:0',
      Entrypoint: ['/bin/tool', 'sleep'],
      Cmd: ['bomb'],
      WorkingDir: '/bin',
      Labels: { 'hardshell.zone': 'another', maker: 'somebody' },
      Healthcheck: { Test: ['CMD', '/bin/tool', 'bomb'], Interval: 1_000_000 },
    };
    const { id } = await loadAgentImage(socket(), ['pushy:1'], { config });
    expect(await said(id, 'sh', '-c', 'env; tool uid')).toBe('HOME=/tmp\nPATH=/bin\nPWD=/tmp\n61498 61498\n');
    await expect(said(id, 'nothing-of-the-kind')).rejects.toThrow('the image holds no program `nothing-of-the-kind`');
    await expect(said(id, '/bin/nothing')).rejects.toThrow('the image holds no program `/bin/nothing`');
    const volume = await loadAgentImage(socket(), ['volume:1'], { config: { Volumes: { '/data': {} } } });
    await expect(said(volume.id, 'tool', 'uid')).rejects.toThrow(/declares volumes \(`\/data`\)/);
  });

  it('is asked for by programs of the owner’s only, and they by nothing else', async () => {
    const { id } = await loadAgentImage(socket(), ['pair:1']);
    const { image: _chosen, ...without } = agentZone(id, ['tool', 'uid']);
    await expect(bench.driver.create(without)).rejects.toThrow(/a root that no container has/);
    await expect(bench.driver.create({ ...dockerSpec(['-v']), image: id })).rejects.toThrow(
      /a root that no container has/,
    );
    await expect(bench.driver.create(agentZone(id, ['tool', 'uid'], { uid: 0 }))).rejects.toThrow(/would be root/);
  });
});
