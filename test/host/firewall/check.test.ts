import { describe, expect, test } from 'vitest';
import {
  checkFirewall,
  checkPlan,
  judgeFirewall,
  loadFirewall,
  nftRuleset,
  removeFirewall,
  runFirewall,
  type Ran,
} from '../../../src/host/firewall/index.ts';
import { PLAN } from './plans.ts';

const says = (ran: Partial<Ran>) => () => Promise.resolve({ status: 0, stdout: '', stderr: '', ...ran });

describe('a plan', () => {
  test.each([
    ['root is a zone', { zoneUids: [{ from: 0, to: 5 }] }],
    ['root is the egress process', { egressUid: 0 }],
    ['the egress process is a zone', { egressUid: 61_003 }],
    ['the relay is a zone', { relay: { uid: 61_003, address: '127.0.0.1', port: 1 } as const }],
    ['the relay is the egress process', { relay: { uid: 61_009, address: '127.0.0.1', port: 1 } as const }],
    ['no zone is named', { zoneUids: [] }],
    [
      'zones overlap',
      {
        zoneUids: [
          { from: 5, to: 9 },
          { from: 9, to: 12 },
        ],
      },
    ],
    ['a range runs backwards', { zoneUids: [{ from: 9, to: 5 }] }],
    ['a resolver is a name', { resolvers: ['dns.example'] }],
    ['a resolver names an interface', { resolvers: ['fe80::1%eth0'] }],
    ['a resolver carries more', { resolvers: ['9.9.9.9 } accept #'] }],
    ['a port is none', { relay: { uid: 61_010, address: '127.0.0.1', port: 0 } as const }],
  ])('is refused when %s', (_what, change) => {
    expect(() => checkPlan({ ...PLAN, ...change })).toThrow(/the plan of the firewall cannot be used/);
    expect(() => nftRuleset({ ...PLAN, ...change })).toThrow();
  });

  test('is accepted otherwise', () => {
    expect(checkPlan(PLAN)).toBe(PLAN);
  });

  test('becomes a text that replaces our table alone, and flushes nothing', () => {
    const lines = nftRuleset(PLAN).split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'table inet hardshell',
      'delete table inet hardshell',
      'table inet hardshell {',
    ]);
    expect(lines.filter((line) => /flush|delete|table/.test(line))).toHaveLength(3);
  });
});

describe('the check of the rules', () => {
  test('cannot tell where `nft` is missing, may not look, or answers something else', async () => {
    expect((await checkFirewall(PLAN, says({ status: null }))).kind).toBe('cannot_tell');
    expect((await checkFirewall(PLAN, says({ status: 1, stderr: 'Operation not permitted' }))).kind).toBe(
      'cannot_tell',
    );
    for (const stdout of ['', 'null', '{}', '{"nftables":3}', '{"nftables":[3]}', '{"nftables":[{"table":3}]}']) {
      expect([stdout, (await checkFirewall(PLAN, says({ stdout }))).kind]).toEqual([stdout, 'cannot_tell']);
    }
  });

  test('an empty table is changed, not in force', async () => {
    const stdout = '{"nftables":[{"table":{"family":"inet","name":"hardshell","handle":1}}]}';
    expect((await checkFirewall(PLAN, says({ stdout }))).kind).toBe('changed');
  });

  test('a program that cannot be started is an answer, not an exception', async () => {
    const { status } = await runFirewall('pfctl', ['-h']);
    expect([null, 0, 1]).toContain(status);
  });

  test('installed, anything but rules in force refuses the start and says what to do', () => {
    for (const check of [
      { kind: 'missing' },
      { kind: 'changed', what: ['a', 'b', 'c', 'd'] },
      { kind: 'cannot_tell', why: 'no' },
    ] as const) {
      expect(judgeFirewall(check, 'installed')).toMatchObject({
        start: 'refused',
        message: expect.stringMatching(/`hardshell install`/) as string,
      });
      const verdict = judgeFirewall(check, 'checkout');
      expect(verdict.start === 'allowed' ? verdict.degraded : []).toHaveLength(1);
    }
    expect(judgeFirewall({ kind: 'in_force' }, 'installed')).toEqual({ start: 'allowed', degraded: [] });
    expect(judgeFirewall({ kind: 'changed', what: ['a', 'b', 'c', 'd'] }, 'checkout')).toMatchObject({
      degraded: [expect.stringContaining('a, b, c and 1 more') as string],
    });
  });

  test('rules that cannot be loaded or removed are an error with a sentence', async () => {
    await expect(loadFirewall(PLAN, says({ status: 1 }))).rejects.toThrow(/only root may load them/);
    await expect(loadFirewall(PLAN, says({ status: null }))).rejects.toThrow(/install the package `nftables`/);
    await expect(removeFirewall(says({ status: 1, stderr: 'Operation not permitted' }))).rejects.toThrow(/only root/);
  });
});
