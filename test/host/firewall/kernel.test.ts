import { spawnSync } from 'node:child_process';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  checkFirewall,
  judgeFirewall,
  loadFirewall,
  nftRuleset,
  removeFirewall,
  type FirewallPlan,
  type RunFirewall,
} from '../../../src/host/firewall/index.ts';
import { openNamespaces, type Namespaces } from '../../egress/lab/namespaces.ts';
import { PLAN } from './plans.ts';

const found = await openNamespaces();
if (typeof found === 'string') console.log(`rules in the kernel: not run: ${found}`);

describe.skipIf(typeof found === 'string')('rules in the kernel', () => {
  const spaces = found as Namespaces;
  const run: RunFirewall = (program, args, input) => {
    const [first, ...rest] = spaces.command('ours', [program, ...args]);
    const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
    const { status, stdout, stderr } = spawnSync(first, rest, { encoding: 'utf8', env, input: input ?? '' });
    return Promise.resolve({ status, stdout, stderr });
  };
  const nft = (text: string): string => spaces.run('ours', ['nft', '-f', '-'], text);

  beforeEach(async () => {
    await removeFirewall(run);
  });
  afterAll(() => spaces.close());

  test.each<[string, FirewallPlan]>([
    ['with a relay and resolvers of both families', PLAN],
    ['without a relay', { ...PLAN, relay: null }],
    ['with a relay by IPv6', { ...PLAN, relay: { uid: 61_010, address: '::1', port: 8_080 } }],
    ['without a resolver', { ...PLAN, resolvers: [] }],
    [
      'with uids that follow one another, in no order',
      {
        ...PLAN,
        zoneUids: [
          { from: 61_020, to: 61_020 },
          { from: 61_001, to: 61_001 },
          { from: 61_003, to: 61_008 },
          { from: 61_002, to: 61_002 },
        ],
      },
    ],
    ['with one zone', { ...PLAN, zoneUids: [{ from: 61_002, to: 61_002 }] }],
    [
      'with all uids that a root supervisor gives out',
      { ...PLAN, relay: null, egressUid: 61_001, zoneUids: [{ from: 61_002, to: 61_513 }] },
    ],
  ])('what is loaded is found in force, %s', async (_what, plan) => {
    expect(await checkFirewall(plan, run)).toEqual({ kind: 'missing' });
    await loadFirewall(plan, run);
    expect(await checkFirewall(plan, run)).toEqual({ kind: 'in_force' });
  });

  test('loading again replaces our table and leaves those of others', async () => {
    nft('table inet somebody { chain c { type filter hook input priority 0;\n }\n }');
    await loadFirewall({ ...PLAN, resolvers: ['1.1.1.1'] }, run);
    await loadFirewall(PLAN, run);
    expect(await checkFirewall(PLAN, run)).toEqual({ kind: 'in_force' });
    expect(spaces.run('ours', ['nft', 'list', 'tables'])).toBe('table inet somebody\ntable inet hardshell\n');
    expect(await removeFirewall(run)).toBe(true);
    expect(await removeFirewall(run)).toBe(false);
    expect(spaces.run('ours', ['nft', 'list', 'tables'])).toBe('table inet somebody\n');
    nft('delete table inet somebody');
  });

  test('packets that were counted change nothing', async () => {
    await loadFirewall(PLAN, run);
    nft('add rule inet hardshell output counter');
    expect((await checkFirewall(PLAN, run)).kind).toBe('changed');
    await loadFirewall(PLAN, run);
    spaces.run('ours', ['nft', 'list', 'counters']);
    expect(await checkFirewall(PLAN, run)).toEqual({ kind: 'in_force' });
  });

  test.each([
    ['a rule was put in front', 'insert rule inet hardshell zone accept', 'rule 1 of zone'],
    ['a rule was added at the end', 'add rule inet hardshell output accept', 'rule 4 of output'],
    ['a chain was emptied', 'flush chain inet hardshell zone', 'rule 1 of zone'],
    ['an address left the special ones', 'delete element inet hardshell special4 { 169.254.0.0/16 }', 'set special4'],
    ['a resolver was added', 'add element inet hardshell resolvers4 { 8.8.8.8 }', 'set resolvers4'],
    ['a uid was taken out', 'delete element inet hardshell zone_uids { 61020 }', 'set zone_uids'],
    ['the table was switched off', 'add table inet hardshell { flags dormant; }', 'table hardshell'],
    ['a chain was added', 'add chain inet hardshell more', 'chain more'],
    ['a map was added', 'add map inet hardshell more { type uid : verdict; }', 'map more'],
  ])('it is noticed when %s', async (_what, change, named) => {
    await loadFirewall(PLAN, run);
    nft(change);
    const check = await checkFirewall(PLAN, run);
    expect(check).toMatchObject({ kind: 'changed' });
    expect(check.kind === 'changed' ? check.what : []).toContain(named);
    expect(judgeFirewall(check, 'installed')).toMatchObject({ start: 'refused' });
  });

  test('rules of another plan are not in force', async () => {
    await loadFirewall(PLAN, run);
    expect(await checkFirewall({ ...PLAN, egressUid: 61_011 }, run)).toEqual({
      kind: 'changed',
      what: ['set egress_uids'],
    });
  });

  test('the text is one that `nft -c` accepts', () => {
    expect(spaces.run('ours', ['nft', '-c', '-f', '-'], nftRuleset(PLAN))).toBe('');
  });
});
