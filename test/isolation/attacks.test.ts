import { spawnSync } from 'node:child_process';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRoot, makeOpenDirectory, openBench, runZone, specOf, type Bench } from './support.ts';

// Each attack is a real call of a real program: inside a zone it must be refused or end the zone, and the same program
// outside must get past the point where the zone stopped it.

/** Calls that end the zone. Outside they come back, with whatever the kernel thinks of them. */
const TRIPWIRES = [
  ...['mount', 'umount', 'userns', 'ptrace', 'vm_read', 'keyring', 'join_keyring', 'vsock', 'alg', 'packet', 'setns'],
  ...['handle', 'bpf', 'perf', 'userfaultfd', 'init_module', 'finit_module', 'kexec', 'chroot', 'pivot', 'remount'],
  ...['clock', 'hostname', 'reboot', 'clone_userns', 'open_tree', 'mount_setattr', 'pidfd_getfd'],
  ...(process.arch === 'x64' ? ['i386', 'x32'] : []),
];
/** Calls that are refused in a zone and work for an ordinary user outside it. */
const REFUSED = [
  ...['io_uring', 'memfd', 'execveat', 'netlink', 'udp', 'unix_datagram', 'socketpair', 'clone3', 'fork', 'setuid'],
  ...['inotify', 'passwd', 'shell', 'dev_write'],
];
/** Refused in a zone; outside they need root. */
const REFUSED_TO_ROOT = ['shadow', 'core_pattern', 'sysctl', 'kmsg', 'raw', 'priority'];
/** Refused in a zone; no machine allows them to a test. */
const REFUSED_EVERYWHERE = ['proc_root', 'sysrq', 'disk', 'self_exe', 'init_exe', 'tiocsti', 'directory_fd', 'unknown'];

describe('compiled attacks', () => {
  const work = makeOpenDirectory();
  const program = join(work.path, 'attacks');
  let bench: Bench;

  beforeAll(async () => {
    const source = join(import.meta.dirname, 'attacks.c');
    const built = spawnSync('gcc', ['-static', '-O1', '-w', '-o', program, source], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`the attacks do not compile: ${built.error?.message ?? built.stderr}`);
    chmodSync(program, 0o755);
    bench = await openBench(program);
  });
  afterAll(async () => {
    await bench.close();
    work.remove();
  });

  const outside = (name: string, argument?: string): string => {
    const ran = spawnSync(program, [name, ...(argument === undefined ? [] : [argument])], { encoding: 'utf8' });
    return ran.signal === null ? ran.stdout.trim() : `signal ${ran.signal}`;
  };
  const inside = async (name: string, argument?: string): Promise<string> => {
    const { exit, out } = await runZone(bench.driver, specOf([name, ...(argument === undefined ? [] : [argument])]));
    return exit.kind === 'exited' ? out.trim() : exit.kind;
  };

  it.each(TRIPWIRES)(
    '%s ends the zone, which counts as tampering',
    async (name) => {
      expect(await inside(name)).toBe('tampered');
      // Attached to a real process these two would stop it: outside they ask about one that is not there.
      const nobody = name === 'ptrace' || name === 'vm_read' ? '999999999' : undefined;
      expect(outside(name, nobody)).toMatch(/^(open|errno \d+)$/);
      // Closing a packet socket waits for the whole kernel: minutes while many network namespaces come and go.
    },
    300_000,
  );

  it.each(REFUSED)('%s is refused in a zone and works outside', async (name) => {
    expect(await inside(name)).toMatch(/^errno \d+$/);
    expect(outside(name)).toBe('open');
  });

  it.each(REFUSED_TO_ROOT)('%s is refused in a zone', async (name) => {
    expect(await inside(name)).toMatch(/^errno \d+$/);
    if (isRoot) expect(outside(name)).toBe('open');
  });

  it.each(REFUSED_EVERYWHERE)('%s is refused in a zone', async (name) => {
    expect(await inside(name)).toMatch(/^errno \d+$/);
  });

  it('a zone has no name, signal, memory or socket in common with the host', async () => {
    const tcp = createTcpServer().listen(0, '127.0.0.1');
    const abstract = createServer().listen(`\0hardshell-attack-${process.pid}`);
    await Promise.all([tcp, abstract].map((server) => new Promise((resolve) => server.on('listening', resolve))));
    const port = String((tcp.address() as AddressInfo).port);
    const segment = String(900_000_000 + process.pid);
    expect(outside('shm_make', segment)).toBe('open');
    const cases: [string, string][] = [
      ['tcp', port],
      ['abstract', `hardshell-attack-${process.pid}`],
      ['kill', String(process.pid)],
      ['shm', segment],
    ];
    try {
      for (const [name, argument] of cases) {
        expect(`${name} ${await inside(name, argument)}`).toMatch(/errno \d+$/);
        expect(`${name} ${outside(name, argument)}`).toMatch(/open$/);
      }
    } finally {
      tcp.close();
      abstract.close();
      outside('shm_remove', segment);
    }
  });

  it('a zone can connect in its socket directory and neither remove, rename nor plant anything there', async () => {
    const sockets = join(work.path, 'sockets');
    mkdirSync(sockets);
    chmodSync(sockets, 0o777);
    const path = join(sockets, 'zone-bridge.sock');
    const server = createServer().listen(path);
    await new Promise((resolve) => server.on('listening', resolve));
    chmodSync(path, 0o777);
    const within = '/var/run/zone-bridge/zone-bridge.sock';
    const mounts = [{ kind: 'read', from: sockets, to: '/var/run/zone-bridge' } as const];
    try {
      const attempt = async (name: string): Promise<string> =>
        (await runZone(bench.driver, specOf([name, within], { mounts }))).out.trim();
      expect(await attempt('bridge')).toBe('open');
      // Wide open to everybody by mode: what refuses is the read-only directory.
      for (const name of ['unlink', 'rename', 'symlink']) expect(await attempt(name)).toBe('errno 30');
      expect(readdirSync(sockets)).toEqual(['zone-bridge.sock']);
      expect(outside('symlink', path)).toBe('open');
      expect(existsSync(path)).toBe(true);
    } finally {
      server.close();
    }
  });

  it('a zone cannot write its own program, and a process that may listen listens', async () => {
    const app = join(work.path, 'app');
    mkdirSync(app);
    chmodSync(app, 0o777);
    writeFileSync(join(app, 'main.mjs'), '');
    const mounts = [{ kind: 'read', from: app, to: '/app' } as const];
    const planted = await runZone(bench.driver, specOf(['write', '/app/planted'], { mounts }));
    expect(planted.out.trim()).toBe('errno 30');
    expect(outside('write', join(app, 'planted'))).toBe('open');
    expect((await runZone(bench.driver, specOf(['listen']))).out.trim()).toBe('errno 1');
    expect((await runZone(bench.driver, specOf(['listen'], { sockets: 'serve' }))).out.trim()).toBe('open');
    expect((await runZone(bench.driver, specOf(['inotify'], { watch: true }))).out.trim()).toBe('open');
  });
});
