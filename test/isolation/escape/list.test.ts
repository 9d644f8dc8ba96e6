import { describe, expect, it } from 'vitest';
import {
  claimOf,
  claimTable,
  DEFENCES_LOST,
  ESCAPE_LIST,
  THEMES,
  type WallFacts,
} from '../../../src/isolation/index.ts';
import { callNumber } from '../../../src/isolation/escape/numbers.ts';
import { buildProgram, NONCE_BYTES } from '../../../src/isolation/escape/program.ts';
import type { Staged } from '../../../src/isolation/escape/attempt.ts';
import { attemptsFor } from '../../../src/isolation/escape/list.ts';

const staged = (inside: boolean, arch: Staged['arch']): Staged => ({
  ...{ arch, inside, tcp4: 1, tcp6: 2, udp4: 3, udp6: 4, abstractName: 'name', canary: '/c', hostSocket: '/s' },
  ...{ otherZoneSocket: '/o', socketDirectory: '/d', ipcKey: 5, hostPid: 6, victimPid: 7, neighbourPid: 8 },
  ...{ hostName: 'h', homes: ['/root'], resolvers: ['192.0.2.1'], disks: [], cgroupFiles: [] },
  ...{
    writable: '/tmp',
    shown: [
      { path: '/shown', kind: 'directory' },
      { path: '/shown/file', kind: 'file' },
    ] as const,
  },
  exitProgram: Buffer.alloc(4),
});
const WALL: WallFacts = {
  ...({ driver: 'bubblewrap', mode: 'F', profile: 'builtin', network: 'none', sockets: 'connect' } as const),
  ...{ watch: false, limitsHeld: ['memory', 'pids', 'cpu'] as const },
};
const byId = (id: string) => {
  const found = ESCAPE_LIST.find((attempt) => attempt.id === id);
  if (found === undefined) throw new Error(`no attempt \`${id}\``);
  return found;
};

describe('the escape list', () => {
  it('has every row of the list that the design was tested with', () => {
    const rows = new Set(ESCAPE_LIST.flatMap(({ rows: own }) => own ?? []));
    expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: 42 }, (_, i) => i + 1));
  });

  it('names each attempt once, in a theme, in words that a person understands', () => {
    expect(new Set(ESCAPE_LIST.map(({ id }) => id)).size).toBe(ESCAPE_LIST.length);
    expect(ESCAPE_LIST.length).toBeGreaterThan(140);
    for (const { id, title, theme, heldBy } of ESCAPE_LIST) {
      expect(id).toMatch(/^[a-z]+(?:-[a-z0-9]+)+$/);
      expect(title).toMatch(/^[a-z].{8,120}$/);
      expect(THEMES).toContain(theme);
      expect(heldBy.length).toBeGreaterThan(0);
    }
    expect(THEMES.filter((theme) => !ESCAPE_LIST.some((attempt) => attempt.theme === theme))).toEqual([]);
  });

  it.each(['x86_64', 'aarch64'] as const)('can be built for %s, inside and outside', (arch) => {
    for (const inside of [true, false]) {
      const at = staged(inside, arch);
      const sections = attemptsFor(arch).map(({ id, steps }) => ({ id, steps: steps(at) }));
      expect(buildProgram(arch, sections, Buffer.alloc(NONCE_BYTES)).image.length).toBeGreaterThan(10_000);
    }
    expect(callNumber(arch, 'getpid')).toBe(arch === 'x86_64' ? 39 : 172);
  });

  it('tries at a start something of every rule of the filter that ends a zone', () => {
    const started = ESCAPE_LIST.filter(({ atStart }) => atStart === true);
    expect(started.every(({ builtin }) => builtin === 'killed')).toBe(true);
    expect(started.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['net-vsock', 'ns-clone-user', 'proc-ptrace', 'table-i386', 'table-x32']),
    );
  });
});

describe('the table of attempts and modes', () => {
  it('says of every attempt what each mode holds', () => {
    const table = claimTable();
    expect(table.map(({ attempt }) => attempt.id)).toEqual(ESCAPE_LIST.map(({ id }) => id));
    for (const { builtin } of table)
      for (const claim of Object.values(builtin)) if (claim.kind !== 'claimed') expect(claim.reason).toMatch(/\w{3}/);
  });

  it('claims everything for a zone of ours in modes F, R and U', () => {
    const lost = (mode: 'F' | 'R' | 'U') => claimTable().filter(({ builtin }) => builtin[mode].kind !== 'claimed');
    expect(lost('F')).toEqual([]);
    expect(lost('R')).toEqual([]);
    expect(lost('U')).toEqual([]);
    expect(DEFENCES_LOST.F).toEqual({});
  });

  it('knows what is in sight without namespaces', () => {
    const wall = { ...WALL, driver: 'landlock', mode: 'L', sockets: 'none', scopes: true } as const;
    for (const id of ['proc-host-name', 'limit-tmp']) expect(claimOf(byId(id), wall).kind, id).toBe('lost');
    // Landlock holds what lies in files, from its sixth version on signals and abstract sockets too.
    for (const id of ['proc-list', 'net-interfaces']) expect(claimOf(byId(id), wall).kind, id).toBe('claimed');
    for (const id of ['proc-signal', 'net-abstract']) {
      expect(claimOf(byId(id), wall).kind, id).toBe('claimed');
      expect(claimOf(byId(id), { ...wall, scopes: false }).kind, id).toBe('lost');
    }
    // It does not look at connecting by a path.
    for (const id of ['sock-host', 'sock-other-zone']) {
      expect(claimOf(byId(id), wall).kind, id).toBe('claimed');
      expect(claimOf(byId(id), { ...wall, sockets: 'connect' }).kind, id).toBe('lost');
    }
    // One defence is enough: the filter is in every mode.
    for (const id of ['net-tcp4', 'ipc-shm', 'proc-ptrace']) expect(claimOf(byId(id), wall).kind, id).toBe('claimed');
  });

  it('claims a limit where a group holds it, and no other', () => {
    const without = (limitsHeld: WallFacts['limitsHeld'], id: string) => claimOf(byId(id), { ...WALL, limitsHeld });
    expect(without(['pids'], 'limit-memory')).toEqual({
      kind: 'lost',
      reason: 'no cgroup holds the memory limit of a zone',
    });
    expect(without(['memory'], 'limit-memory').kind).toBe('claimed');
    expect(without([], 'limit-threads').kind).toBe('lost');
    // No fork at all is a bound too.
    expect(without([], 'limit-processes').kind).toBe('claimed');
  });

  it('claims nothing about what a zone is meant to do', () => {
    expect(claimOf(byId('net-tcp4'), { ...WALL, network: 'host', sockets: 'internet' }).kind).toBe('on_purpose');
    // A price of it, and no purpose: told as degraded.
    expect(claimOf(byId('net-abstract'), { ...WALL, network: 'host', sockets: 'internet' }).kind).toBe('lost');
    expect(claimOf(byId('sock-listen'), { ...WALL, sockets: 'serve' }).kind).toBe('on_purpose');
    expect(claimOf(byId('files-watch'), { ...WALL, watch: true }).kind).toBe('on_purpose');
    expect(claimOf(byId('ns-fork'), { ...WALL, profile: 'agent' }).kind).toBe('on_purpose');
    for (const id of ['net-tcp4', 'sock-listen', 'files-watch', 'ns-fork'])
      expect(claimOf(byId(id), WALL).kind, id).toBe('claimed');
  });
});
