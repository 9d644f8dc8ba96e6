import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AGENT_SYSCALLS,
  ALLOWED_SYSCALLS,
  buildSeccompFilter,
  CHANGE_UID_SYSCALLS,
  INTERNET_SYSCALLS,
  NEWEST_KNOWN,
  SERVE_SYSCALLS,
  syscallNumbers,
  TRIPWIRE_SYSCALLS,
  VERDICT,
  WATCH_SYSCALLS,
  type FilterOptions,
} from '../../src/isolation/index.ts';
import { interpret } from './bpf-interpreter.ts';

const EPERM = VERDICT.errno(1);
const ENOSYS = VERDICT.errno(38);
const EAFNOSUPPORT = VERDICT.errno(97);
const CLONE_THREAD = 0x10000;
const BUILTIN = { sockets: 'connect', watch: false, profile: 'builtin', changeUid: false } as const;

describe.each(['x86_64', 'aarch64'] as const)('the filter for %s', (arch) => {
  const numbers = syscallNumbers(arch);
  const filter = (options: Partial<FilterOptions> = {}): Buffer => buildSeccompFilter({ arch, ...BUILTIN, ...options });
  const verdict = (name: string, args: number[] = [], options: Partial<FilterOptions> = {}): number => {
    const nr = numbers.number(name);
    if (nr === undefined) throw new Error(`${arch} has no ${name}`);
    return interpret(filter(options), { arch: numbers.auditArch, nr, args });
  };
  const present = (names: readonly string[]): string[] => names.filter((name) => numbers.number(name) !== undefined);

  it('allows every call of the list', () => {
    const names = present(ALLOWED_SYSCALLS);
    expect(names.length).toBeGreaterThan(120);
    expect(names.filter((name) => verdict(name) !== VERDICT.allow)).toEqual([]);
  });

  it('kills on every tripwire', () => {
    const names = present(TRIPWIRE_SYSCALLS);
    expect(names.length).toBeGreaterThan(35);
    expect(names.filter((name) => verdict(name) !== VERDICT.kill)).toEqual([]);
  });

  it('kills a call that comes by another architecture', () => {
    for (const other of [0x40000003, 0xc000003e, 0xc00000b7, 0x40000028, 0]) {
      if (other === numbers.auditArch) continue;
      expect(interpret(filter(), { arch: other, nr: numbers.number('read') ?? 0 })).toBe(VERDICT.kill);
    }
  });

  it('lets a thread be made and neither a process nor a namespace', () => {
    const thread = 0x3d0f00;
    expect(verdict('clone', [thread])).toBe(VERDICT.allow);
    expect(verdict('clone', [17])).toBe(EPERM);
    for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x80]) {
      expect(verdict('clone', [flag])).toBe(VERDICT.kill);
      expect(verdict('clone', [CLONE_THREAD | flag])).toBe(VERDICT.kill);
    }
    expect(verdict('clone3')).toBe(ENOSYS);
    for (const name of present(['fork', 'vfork'])) expect(verdict(name)).toBe(EPERM);
  });

  it('opens no socket but a Unix stream, and none at all on inherited descriptors', () => {
    const stream = [1, 1];
    expect(verdict('socket', stream)).toBe(VERDICT.allow);
    expect(verdict('socket', [1, 1 | 0o2000000 | 0o4000])).toBe(VERDICT.allow);
    expect(verdict('socket', stream, { sockets: 'none' })).toBe(EPERM);
    for (const type of [2, 3, 5]) expect(verdict('socket', [1, type])).toBe(EPERM);
    for (const family of [2, 10, 16]) expect(verdict('socket', [family, 1])).toBe(EAFNOSUPPORT);
    fc.assert(
      fc.property(fc.nat({ max: 100 }), fc.nat({ max: 10 }), (family, type) => {
        if ([1, 2, 10, 16].includes(family)) return;
        expect(verdict('socket', [family, type])).toBe(VERDICT.kill);
      }),
    );
  });

  it('lets only a server listen and only a watcher watch', () => {
    for (const name of present(SERVE_SYSCALLS)) {
      expect(verdict(name)).toBe(EPERM);
      expect(verdict(name, [], { sockets: 'none' })).toBe(EPERM);
      expect(verdict(name, [], { sockets: 'serve' })).toBe(VERDICT.allow);
    }
    for (const name of present(WATCH_SYSCALLS)) {
      expect(verdict(name)).toBe(EPERM);
      expect(verdict(name, [], { watch: true })).toBe(VERDICT.allow);
    }
  });

  it('opens Internet sockets for the egress process, streams and datagrams only', () => {
    const egress = { sockets: 'internet' } as const;
    for (const family of [2, 10]) {
      for (const type of [1, 2]) {
        expect(verdict('socket', [family, type], egress)).toBe(VERDICT.allow);
        expect(verdict('socket', [family, type])).toBe(EAFNOSUPPORT);
      }
      expect(verdict('socket', [family, 3], egress)).toBe(EPERM);
    }
    for (const family of [16, 17, 38, 40]) expect(verdict('socket', [family, 1], egress)).not.toBe(VERDICT.allow);
    for (const name of INTERNET_SYSCALLS) {
      expect(verdict(name, [], egress)).toBe(VERDICT.allow);
      expect(verdict(name)).toBe(EPERM);
    }
  });

  it('lets an agent start programs and use a terminal, and makes no namespace and types into none', () => {
    const agent = { profile: 'agent' } as const;
    for (const name of present([...AGENT_SYSCALLS, 'fork', 'vfork'])) {
      expect(verdict(name, [], agent)).toBe(VERDICT.allow);
      expect(verdict(name)).toBe(EPERM);
    }
    expect(verdict('clone', [17], agent)).toBe(VERDICT.allow);
    for (const flag of [0x20000, 0x10000000, 0x40000000, 0x80]) expect(verdict('clone', [flag], agent)).toBe(EPERM);
    expect(verdict('ioctl', [0, 0x540e], agent)).toBe(VERDICT.allow);
    expect(verdict('ioctl', [0, 0x802c542a], agent)).toBe(VERDICT.allow);
    for (const request of [0x5412, 0x541c]) expect(verdict('ioctl', [0, request], agent)).toBe(EPERM);
    expect(verdict('socket', [2, 1], agent)).toBe(VERDICT.allow);
    for (const family of [16, 17, 38, 40]) expect(verdict('socket', [family, 3], agent)).not.toBe(VERDICT.allow);
  });

  it('refuses an agent every tripwire, without ending its zone', () => {
    const names = present(TRIPWIRE_SYSCALLS);
    expect(names.filter((name) => verdict(name, [], { profile: 'agent' }) !== EPERM)).toEqual([]);
  });

  it('lets only the step from root change its uid', () => {
    for (const name of CHANGE_UID_SYSCALLS) {
      expect(verdict(name, [], { changeUid: true })).toBe(VERDICT.allow);
      expect(verdict(name)).toBe(EPERM);
    }
    expect(verdict('prctl', [24], { changeUid: true })).toBe(VERDICT.allow);
    expect(verdict('setuid', [], { changeUid: true })).toBe(EPERM);
  });

  it('refuses, where a zone sees the host’s names, what Landlock does not look at', () => {
    const host = { hostPaths: true } as const;
    const byName: [string, number[]][] = [
      ...present(['chmod', 'fchmodat']).map((name): [string, number[]] => [name, []]),
      ['utimensat', [0, 0x7fff0000]],
      // A pointer whose lower half is zero.
      ['utimensat', [0, 0x100000000]],
      ['fchmod', [0, 0o4755]],
      ['fchmod', [0, 0o666]],
      ['prlimit64', [1]],
    ];
    for (const [name, args] of byName) {
      expect([name, args, verdict(name, args, host)]).toEqual([name, args, EPERM]);
      expect([name, args, verdict(name, args)]).toEqual([name, args, VERDICT.allow]);
    }
    const open: [string, number[]][] = [
      ['utimensat', [5, 0]],
      ['fchmod', [5, 0o600]],
      ['fchmod', [5, 0o755]],
      ['prlimit64', [0, 7]],
    ];
    for (const [name, args] of open) expect([name, verdict(name, args, host)]).toEqual([name, VERDICT.allow]);
  });

  it('answers io_uring as a kernel without it, so that Node still starts', () => {
    for (const name of ['io_uring_setup', 'io_uring_enter', 'io_uring_register']) expect(verdict(name)).toBe(ENOSYS);
  });

  it('lets a terminal be asked for its size and not be typed into', () => {
    expect(verdict('ioctl', [0, 0x5413])).toBe(VERDICT.allow);
    expect(verdict('ioctl', [0, 0x5412])).toBe(EPERM);
    expect(verdict('prctl', [15])).toBe(VERDICT.allow);
    // SET_NO_NEW_PRIVS, SET_SECCOMP, SET_DUMPABLE, CAPBSET_DROP
    for (const option of [38, 22, 4, 24]) expect(verdict('prctl', [option])).toBe(EPERM);
  });

  it('refuses what stands in no list', () => {
    const named = ['memfd_create', 'execveat', 'socketpair', 'mknodat', 'setuid', 'shmget', 'pidfd_open', 'seccomp'];
    for (const name of named) expect(verdict(name)).toBe(EPERM);
    const listed = new Set(
      [
        ...ALLOWED_SYSCALLS,
        ...TRIPWIRE_SYSCALLS,
        'clone',
        'clone3',
        'socket',
        'prctl',
        'ioctl',
        'io_uring_setup',
        'io_uring_enter',
        'io_uring_register',
      ].map((name) => numbers.number(name)),
    );
    for (let nr = 0; nr <= NEWEST_KNOWN; nr++) {
      if (!listed.has(nr)) expect(interpret(filter(), { arch: numbers.auditArch, nr })).toBe(EPERM);
    }
    for (let nr = NEWEST_KNOWN + 1; nr < NEWEST_KNOWN + 200; nr++) {
      expect(interpret(filter(), { arch: numbers.auditArch, nr })).toBe(ENOSYS);
    }
  });

  it('has no more instructions than the kernel takes, and every jump lands inside', () => {
    const program = filter({ sockets: 'serve', watch: true });
    expect(program.length / 8).toBeLessThan(4_096);
    for (let at = 0; at < program.length / 8; at++) {
      const reach = at + 1 + Math.max(program.readUInt8(at * 8 + 2), program.readUInt8(at * 8 + 3));
      expect(reach).toBeLessThanOrEqual(program.length / 8);
    }
  });
});

describe('the x32 door', () => {
  it('kills every call with the x32 bit', () => {
    const { auditArch } = syscallNumbers('x86_64');
    const program = buildSeccompFilter({ arch: 'x86_64', ...BUILTIN });
    for (const nr of [0x40000000, 0x40000027, 0x7fffffff, 0xffffffff]) {
      expect(interpret(program, { arch: auditArch, nr })).toBe(VERDICT.kill);
    }
  });
});
