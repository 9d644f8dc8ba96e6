import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo, type ListenOptions, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AGENTS_NEED_NAMESPACES,
  identifyProcess,
  isRunning,
  removeCgroups,
  type Mount,
} from '../../src/isolation/index.ts';
import {
  evaluateInZone,
  isRoot,
  landlockAbi,
  openLandlockBench,
  runZone,
  specOf,
  ZONE_IDS,
  type Bench,
} from './support.ts';

const abi = await landlockAbi();
const BRIDGE = '/var/run/zone-bridge/zone-bridge.sock';

/** Each as one expression over `at`, the places of the attack; outside it works, in a zone it is refused. */
const ATTACKS = {
  'reads a file of the host': 'fs.readFileSync(at.file)',
  'lists a directory of the host': 'fs.readdirSync(at.host)',
  'writes a file of the host that everybody may write': "fs.appendFileSync(at.file, '')",
  'cuts a file of the host short': 'fs.truncateSync(at.spare)',
  'makes a file beside it': "fs.writeFileSync(at.host + '/planted', '')",
  'removes a file of the host': 'fs.rmSync(at.doomed)',
  'takes a file of the host into its own directory': "fs.linkSync(at.file, at.tmp + '/taken')",
  'reads it through a link of its own': "(fs.symlinkSync(at.file, at.tmp + '/way'), fs.readFileSync(at.tmp + '/way'))",
  'changes the mode of a file of its uid': 'fs.chmodSync(at.owned, 0o777)',
  'changes the times of a file of its uid': 'fs.utimesSync(at.owned, 1, 1)',
  'opens what it may read to everybody': 'fs.fchmodSync(fs.openSync(at.shown), 0o777)',
  'writes what it may only read': "fs.appendFileSync(at.shown, '')",
  'reads the environment of another process': "fs.readFileSync('/proc/' + at.victim + '/environ')",
  'counts the processes of the host': "fs.readdirSync('/proc')",
  'signals another process of its uid': "process.kill(at.victim, 'SIGCONT')",
  'connects to the socket of another zone': 'await connect({ path: at.other })',
  'connects to an abstract socket': "await connect({ path: '\\0' + at.abstract })",
  'connects to a TCP port of the host': "await connect({ host: '127.0.0.1', port: at.port })",
} as const;
/** What an honest zone does in the place of each kind of attack. */
const HONEST = {
  'reads what it was given': 'fs.readFileSync(at.shown)',
  'lists what it was given': 'fs.readdirSync(at.given)',
  'writes, renames, cuts and removes its own': `(fs.writeFileSync(at.tmp + '/a', 'x'), fs.renameSync(at.tmp + '/a', at.tmp + '/b'), fs.truncateSync(at.tmp + '/b'), fs.rmSync(at.tmp + '/b'))`,
  'signals itself': 'process.kill(process.pid, 0)',
  'measures its memory': 'process.memoryUsage()',
  'talks over its bridge': `await new Promise((resolve, reject) => new net.Socket({ fd: Number(process.env.HARDSHELL_FD) }).on('data', resolve).on('error', reject))`,
} as const;

const scriptOf = (
  tries: Readonly<Record<string, string>>,
): string => `import fs from 'node:fs'; import net from 'node:net';
  const at = JSON.parse(process.env.PLACES); at.tmp = process.env.HOME;
  const connect = (to) => new Promise((resolve, reject) => { const s = net.connect(to, () => { s.destroy(); resolve(); }); s.on('error', reject); });
  const found = {};
  ${Object.entries(tries)
    .map(
      ([name, act]) =>
        `try { ${act}; found[${JSON.stringify(name)}] = 'open'; } catch (e) { found[${JSON.stringify(name)}] = e.code; }`,
    )
    .join('\n')}
  console.log(JSON.stringify(found)); process.exit(0);`;

describe.runIf(abi !== undefined)('a zone in mode L', () => {
  let bench: Bench;
  let victim: ChildProcess;
  let places: Readonly<Record<string, string | number>>;
  let mounts: readonly Mount[];
  const servers: Server[] = [];

  const listen = async (options: ListenOptions): Promise<Server> => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('hello'));
    await new Promise<void>((resolve) => server.listen(options, resolve));
    servers.push(server);
    return server;
  };
  const make = (name: string): string => {
    const path = join(bench.directory, name);
    mkdirSync(path);
    chmodSync(path, 0o777);
    return path;
  };
  const file = (path: string, mode = 0o666): string => {
    writeFileSync(path, 'text');
    chmodSync(path, mode);
    if (isRoot) chownSync(path, ZONE_IDS.uid ?? 0, ZONE_IDS.gid ?? 0);
    return path;
  };

  beforeAll(async () => {
    bench = await openLandlockBench(abi ?? 0);
    const [host, given, own, other] = ['host', 'given', 'own', 'other'].map(make) as [string, string, string, string];
    victim = spawn(bench.runtime.node, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore', env: {}, ...ZONE_IDS });
    for (const path of [join(own, 'zone-bridge.sock'), join(other, 'zone.sock')]) {
      await listen({ path });
      chmodSync(path, 0o777);
    }
    const abstract = `hardshell-landlock-${process.pid}`;
    await listen({ path: `\0${abstract}` });
    const tcp = await listen({ host: '127.0.0.1', port: 0 });
    places = {
      host,
      given,
      file: file(join(host, 'file')),
      spare: file(join(host, 'spare')),
      doomed: file(join(host, 'doomed')),
      owned: file(join(host, 'owned'), 0o600),
      shown: file(join(given, 'shown'), 0o644),
      victim: victim.pid ?? 0,
      other: join(other, 'zone.sock'),
      abstract,
      port: (tcp.address() as AddressInfo).port,
    };
    mounts = [
      { kind: 'read', from: given, to: '/given' },
      { kind: 'read', from: own, to: '/var/run/zone-bridge' },
    ];
  });
  afterAll(async () => {
    victim.kill('SIGKILL');
    for (const server of servers) server.close();
    await bench.close();
  });
  const env = (): Record<string, string> => ({ HOME: '/tmp', PLACES: JSON.stringify(places) });

  it('is refused every attack on the host and on its equals, each of which works outside', async () => {
    const script = scriptOf(ATTACKS);
    const inside = await evaluateInZone(bench.driver, script, { mounts, env: env(), bridge: BRIDGE });
    const refusals = Object.entries(inside as Record<string, string>).filter(
      ([, code]) => !/^E(ACCES|PERM|XDEV|AFNOSUPPORT)$/.test(code),
    );
    expect(refusals).toEqual([]);
    expect(Object.keys(inside as object)).toEqual(Object.keys(ATTACKS));
    const tmp = make('twin-tmp');
    const twin = spawnSync(bench.runtime.node, ['--input-type=module', '-e', script], {
      env: { ...env(), HOME: tmp },
      encoding: 'utf8',
      ...ZONE_IDS,
    });
    const outside = JSON.parse(twin.stdout) as Record<string, string>;
    expect(Object.entries(outside).filter(([, code]) => code !== 'open')).toEqual([]);
  });

  it('does its honest work: its files, its directory, itself, and the one socket it was handed', async () => {
    const inside = await evaluateInZone(bench.driver, scriptOf(HONEST), { mounts, env: env(), bridge: BRIDGE });
    expect(Object.entries(inside as object).filter(([, code]) => code !== 'open')).toEqual([]);
    expect(Object.keys(inside as object)).toEqual(Object.keys(HONEST));
  });

  it('keeps nothing of root: no capability of any set, its own uid alone, no way to gain', async () => {
    const script = `console.log(JSON.stringify({ uid: process.getuid(), groups: process.getgroups(),
      status: require('node:fs').readFileSync('/proc/self/status', 'utf8').match(/^(Cap...|Seccomp|NoNewPrivs):.*$/gm).map((line) => line.replace(/\\s+/g, ' ')) }));`;
    const ran = await runZone(bench.driver, specOf(['-e', script]));
    const zero = '0000000000000000';
    const [uid, gid] = [ZONE_IDS.uid ?? process.getuid?.(), ZONE_IDS.gid ?? process.getgid?.()];
    const { status, ...ids } = JSON.parse(ran.out) as { status: string[]; uid: number; groups: number[] };
    expect(ids).toMatchObject({ uid });
    if (isRoot) expect(ids.groups).toEqual([gid]);
    const sets = ['CapInh', 'CapPrm', 'CapEff', ...(isRoot ? ['CapBnd'] : []), 'CapAmb'];
    expect(status).toEqual(
      expect.arrayContaining([...sets.map((name) => `${name}: ${zero}`), 'NoNewPrivs: 1', 'Seccomp: 2']),
    );
  });

  it('is told its own environment, with the host’s paths in the place of its own', async () => {
    process.env['HARDSHELL_TEST_SECRET'] = 'leaked';
    try {
      const found = await evaluateInZone(
        bench.driver,
        'console.log(JSON.stringify([process.env, process.argv0, process.cwd()]))',
        {
          mounts,
          env: { HOME: '/tmp', GIVEN: '/given/shown', BESIDE: '/givenness', TEXT: 'see /given' },
        },
      );
      const tmp = expect.stringMatching(/^\/.*\/hardshell-walls-.*\/tmp$/) as string;
      const own = {
        GIVEN: join(bench.directory, 'given', 'shown'),
        BESIDE: '/givenness',
        TEXT: 'see /given',
        HOME: tmp,
      };
      const added = { OPENSSL_CONF: '/dev/null', HARDSHELL_WALL: 'landlock', HARDSHELL_ZONE_OF: bench.instance };
      expect(found).toEqual([{ ...own, ...added }, '/usr/bin/node', tmp]);
    } finally {
      delete process.env['HARDSHELL_TEST_SECRET'];
    }
  });

  it('inherits nothing that somebody left open, though a plain child does', () => {
    const script = `import fs from 'node:fs'; const found = []; for (let fd = 3; fd < 128; fd++) { try { if (fs.fstatSync(fd).isDirectory()) found.push(fd); } catch {} } console.log(JSON.stringify(found));`;
    // Low ones Node closes by itself at its start; a high one stays open for all children.
    const leak = openSync('/etc', 'r');
    const child = spawnSync(process.execPath, [join(import.meta.dirname, 'leaky-landlock.ts'), script], {
      stdio: ['ignore', 'pipe', 'pipe', ...Array.from({ length: 57 }, () => 'ignore' as const), leak],
      encoding: 'utf8',
    });
    closeSync(leak);
    expect(child.stderr).toBe('');
    expect(JSON.parse(child.stdout)).toEqual({ plain: [60], inZone: [] });
  });

  it('does not start where one step of its wall fails, and says which', async () => {
    const missing: Mount = { kind: 'read', from: join(bench.directory, 'nowhere'), to: '/nowhere' };
    let said = '';
    const onOutput = (_stream: string, chunk: Buffer): void => void (said += chunk.toString());
    const spec = { ...specOf(['-e', 'console.log("ran")'], { mounts: [missing] }), onOutput };
    await expect(bench.driver.create(spec)).rejects.toThrow(/could not open a path/);
    expect(said).toBe('');
    expect(await runZone(bench.driver, specOf(['-e', 'console.log("ran")']))).toMatchObject({ out: 'ran\n' });
  });

  it('that the kernel ends for a forbidden call counts as tampered with', async () => {
    const script = 'process.kill(process.pid, "SIGSYS"); setInterval(() => {}, 1e6)';
    expect((await runZone(bench.driver, specOf(['-e', script]))).exit).toEqual({ kind: 'tampered' });
  });

  it('is under its limits from its first instruction, and gone with its directory when it is stopped', async ({
    skip,
  }) => {
    const zone = await bench.driver.create(specOf(['-e', 'setInterval(() => {}, 1e6)']));
    const pid = zone.processes[0]?.pid ?? 0;
    const home = /^HOME=(.*)$/m.exec(readFileSync(`/proc/${pid}/environ`, 'utf8').replaceAll('\0', '\n'))?.[1] ?? '';
    expect(existsSync(home)).toBe(true);
    const cgroup = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    await zone.stop();
    expect([await zone.exited, existsSync(home), existsSync(`/proc/${pid}`)]).toEqual([
      { kind: 'killed', outOfMemory: false },
      false,
      false,
    ]);
    skip(bench.driver.limitsHeld.length === 0, 'no writable cgroup');
    expect(cgroup).toContain(`/hardshell-${bench.instance}/${zone.name}`);
  });

  it('does not start from a directory that somebody else could write, and does once that is gone', async () => {
    const planted = join(tmpdir(), `hardshell-walls-${bench.instance}-${process.pid}`);
    mkdirSync(planted);
    chmodSync(planted, 0o777);
    await expect(bench.driver.create(specOf(['-e', '0']))).rejects.toThrow(/remove what stands there/);
    rmSync(planted, { recursive: true });
    expect(await runZone(bench.driver, specOf(['-e', 'console.log("ran")']))).toMatchObject({ out: 'ran\n' });
    expect(existsSync(planted)).toBe(false);
  });

  it('ends with whoever started it, killed without a chance to stop anything', async () => {
    const holder = spawn(process.execPath, [join(import.meta.dirname, 'hold-landlock.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve) =>
      holder.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    const { pid, directory, groups } = JSON.parse(line) as { pid: number; directory: string; groups: string[] };
    const zone = identifyProcess(pid);
    if (zone === undefined) throw new Error('there is no zone to end');
    expect(isRunning(zone)).toBe(true);
    holder.kill('SIGKILL');
    for (let waited = 0; isRunning(zone) && waited < 1_000; waited++) await sleep(10);
    expect(isRunning(zone)).toBe(false);
    const walls = readdirSync(tmpdir()).filter(
      (name) => /^hardshell-walls-.*-/.test(name) && name.endsWith(`-${holder.pid}`),
    );
    expect(walls).toHaveLength(1);
    for (const path of [directory, ...walls.map((name) => join(tmpdir(), name))])
      rmSync(path, { recursive: true, force: true });
    await removeCgroups([...groups, ...groups.map((path) => dirname(path))]);
  });

  it('is refused to an agent’s program, with the reason', async () => {
    const agent = { ...specOf(['-e', '0']), profile: 'agent' } as const;
    await expect(bench.driver.create(agent)).rejects.toThrow(AGENTS_NEED_NAMESPACES);
  });

  it('is probed, and its driver says what it lacks', async () => {
    expect(await bench.driver.probe()).toMatchObject({ ok: true });
    const { kind, mode, ownUids, degraded } = bench.driver;
    expect([kind, mode, ownUids]).toEqual(['landlock', 'L', isRoot]);
    expect(degraded.join('\n')).toMatch(/no namespaces.*\n.*\/tmp.*\n.*executor/);
  });
});
