import { spawnSync } from 'node:child_process';
import { createServer as createTcpServer, createServer, type AddressInfo } from 'node:net';
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeOpenDirectory } from '../support.ts';
import { dockerSpec, NO_ENGINE, openDockerBench, plainContainer, runDocker, type DockerBench } from './support.ts';

// The attacks of the bubblewrap suite, each a real call of a real program, in a container of ours; beside it the same
// program in a container as a careless `docker run` of the same image makes it.

const TRIPWIRES = [
  ...['mount', 'umount', 'userns', 'ptrace', 'vm_read', 'keyring', 'join_keyring', 'vsock', 'alg', 'packet', 'setns'],
  ...['handle', 'bpf', 'perf', 'userfaultfd', 'init_module', 'finit_module', 'kexec', 'chroot', 'pivot', 'remount'],
  ...['clock', 'hostname', 'reboot', 'clone_userns', 'open_tree', 'mount_setattr', 'pidfd_getfd'],
  ...(process.arch === 'x64' ? ['i386', 'x32'] : []),
];
/** Refused in a zone, and open in the plain container. */
const REFUSED = [
  ...['memfd', 'execveat', 'netlink', 'udp', 'raw', 'unix_datagram', 'socketpair', 'fork', 'setuid', 'inotify'],
  ...['core_pattern', 'sysctl', 'priority', 'dev_write', 'listen'],
];
/** Refused in a zone; what they look for is in no container of this image, or in none at all. */
const REFUSED_EVERYWHERE = [
  ...['proc_root', 'sysrq', 'disk', 'self_exe', 'init_exe', 'tiocsti', 'directory_fd', 'unknown', 'passwd', 'shadow'],
  ...['shell', 'kmsg', 'clone3', 'io_uring'],
];

describe.skipIf(NO_ENGINE !== undefined)('compiled attacks in a container', () => {
  const work = makeOpenDirectory();
  const bin = join(work.path, 'bin');
  const program = join(bin, 'attacks');
  let bench: DockerBench;

  beforeAll(async () => {
    mkdirSync(bin);
    const source = join(import.meta.dirname, '..', 'attacks.c');
    const built = spawnSync('gcc', ['-static', '-O1', '-w', '-o', program, source], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`the attacks do not compile: ${built.error?.message ?? built.stderr}`);
    chmodSync(program, 0o755);
    bench = await openDockerBench();
  }, 60_000);
  afterAll(async () => {
    await bench.close();
    work.remove();
  });

  type Overrides = Parameters<typeof dockerSpec>[1];
  const inside = async (list: readonly string[], overrides: Overrides = {}): Promise<string> => {
    const { exit, out } = await runDocker(
      bench.driver,
      dockerSpec([], {
        ...overrides,
        program: { kind: 'command', path: '/app/attacks', arguments: list },
        mounts: [{ kind: 'read', from: bin, to: '/app' }, ...(overrides.mounts ?? [])],
      }),
    );
    return exit.kind === 'exited' ? out.trim() : exit.kind;
  };
  const plain = async (list: readonly string[]): Promise<string> => {
    const host = {
      Binds: [`${bin}:/app:ro`],
      Tmpfs: { '/tmp': '' },
    };
    return (await plainContainer(bench, ['/app/attacks', ...list], host)).out.trim();
  };
  const outside = (...list: string[]): string => spawnSync(program, list, { encoding: 'utf8' }).stdout.trim();

  it.each(TRIPWIRES)(
    '%s ends the zone, which counts as tampering',
    async (name) => {
      expect(await inside([name])).toBe('tampered');
      // Attached to a real process these two would stop it; and a reboot or a clock is asked of the host itself.
      const nobody = name === 'ptrace' || name === 'vm_read' ? ['999999999'] : [];
      expect(outside(name, ...nobody)).toMatch(/^(open|errno \d+)$/);
    },
    300_000,
  );

  it.each(REFUSED)('%s is refused in a zone and open in a plain container', async (name) => {
    expect(await inside([name])).toMatch(/^errno \d+$/);
    expect(await plain([name])).toBe('open');
  });

  it.each(REFUSED_EVERYWHERE)('%s is refused in a zone', async (name) => {
    expect(await inside([name])).toMatch(/^errno \d+$/);
  });

  it('has no name, signal, memory or socket in common with the host, though a plain container on its network has', async () => {
    const tcp = createTcpServer().listen(0, '127.0.0.1');
    const abstract = createServer().listen(`\0hardshell-docker-${process.pid}`);
    await Promise.all([tcp, abstract].map((server) => new Promise((resolve) => server.on('listening', resolve))));
    const segment = String(910_000_000 + process.pid);
    expect(outside('shm_make', segment)).toBe('open');
    try {
      const port = String((tcp.address() as AddressInfo).port);
      for (const list of [
        ['tcp', port],
        ['abstract', `hardshell-docker-${process.pid}`],
      ]) {
        expect(`${list[0]} ${await inside(list)}`).toMatch(/errno \d+$/);
        expect(`${list[0]} ${await plain(list)}`).toMatch(/open$/);
      }
      for (const list of [
        ['kill', String(process.pid)],
        ['shm', segment],
      ]) {
        expect(`${list[0]} ${await inside(list)}`).toMatch(/errno \d+$/);
        expect(`${list[0]} ${outside(...list)}`).toMatch(/open$/);
      }
    } finally {
      tcp.close();
      abstract.close();
      outside('shm_remove', segment);
    }
  });

  it('can connect in its socket directory and neither remove, rename nor plant anything there', async () => {
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
      expect(await inside(['bridge', within], { mounts })).toBe('open');
      // Wide open to everybody by mode: what refuses is the read-only mount.
      for (const name of ['unlink', 'rename', 'symlink'])
        expect(await inside([name, within], { mounts })).toBe('errno 30');
      expect(readdirSync(sockets)).toEqual(['zone-bridge.sock']);
    } finally {
      server.close();
    }
  });

  it('lets only a server listen and only a watcher watch', async () => {
    expect(await inside(['listen'])).toBe('errno 1');
    expect(await inside(['listen'], { sockets: 'serve' })).toBe('open');
    expect(await inside(['inotify'])).toBe('errno 1');
    expect(await inside(['inotify'], { watch: true })).toBe('open');
    expect(await inside(['bridge', '/nowhere'])).toBe('errno 2');
    expect(await inside(['bridge', '/nowhere'], { sockets: 'none' })).toBe('errno 1');
  });
});
