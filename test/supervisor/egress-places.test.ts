import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { egressListsFor } from '../../src/app/supervisor/egress-lists.ts';
import type { EgressLists } from '../../src/contracts/index.ts';
import { prepareEgress } from '../../src/supervisor/egress-places.ts';
import { isRoot } from './support.ts';

const ALLOW = [{ name: 'api.listed.example', port: 443 }];
const LISTS: EgressLists = {
  resolvers: ['192.0.2.53'],
  clients: [
    { client: 'connector-gmail', allow: ALLOW },
    { client: 'model', allow: [] },
  ],
};
const IDS = { uid: 60_991, gid: 60_991 };
const GROUPS: Readonly<Record<string, number>> = { model: 60_992 };

describe('the places of the way out', () => {
  let run: string;
  beforeEach(() => {
    run = mkdtempSync(join(tmpdir(), 'hs-egress-places-'));
  });
  afterEach(() => rmSync(run, { recursive: true, force: true }));
  const prepare = (ids: typeof IDS | undefined, lists = LISTS): void =>
    prepareEgress({ run, lists, ids, executorGid: 60_990, groupOf: (client) => GROUPS[client] });
  const facts = (...path: string[]): string => {
    const { uid, gid, mode } = statSync(join(run, ...path));
    return `${uid} ${gid} ${(mode & 0o7777).toString(8)}`;
  };

  it.skipIf(!isRoot)('belong to whoever listens there, and let in nobody but the one group that may connect', () => {
    prepare(IDS);
    expect(facts('egress-bridges')).toBe('0 0 711');
    expect(facts('egress-bridges', 'model')).toBe('60991 60992 2750');
    // A connector without an account runs with our own uid and group.
    expect(facts('egress-bridges', 'connector-gmail')).toBe('60991 0 2750');
    expect(facts('egress-events')).toBe('60991 60990 2750');
    expect(facts('egress-lists')).toBe('0 60991 750');
    expect(facts('egress-lists', 'lists.json')).toBe('0 60991 640');
  });

  it('are closed to all other users where every zone has our uid', () => {
    prepare(undefined);
    const own = `${process.getuid?.()} ${process.getgid?.()}`;
    for (const path of [['egress-bridges'], ['egress-bridges', 'model'], ['egress-events'], ['egress-lists']])
      expect(facts(...path)).toBe(`${own} 700`);
  });

  it('stay the same ones at another start, emptied and as they were: others have them mounted', () => {
    const ids = isRoot ? IDS : undefined;
    prepare(ids);
    const bridge = join(run, 'egress-bridges', 'connector-gmail');
    const before = [statSync(bridge).ino, facts('egress-bridges', 'connector-gmail')];
    writeFileSync(join(bridge, 'egress.sock'), '');
    mkdirSync(join(bridge, 'planted'));
    chmodSync(bridge, 0o777);
    const bait = join(run, 'bait');
    writeFileSync(bait, 'kept');
    symlinkSync(bait, join(run, 'egress-events', 'events.sock'));
    prepare(ids, { ...LISTS, resolvers: ['192.0.2.54'] });
    expect([statSync(bridge).ino, facts('egress-bridges', 'connector-gmail')]).toEqual(before);
    expect(existsSync(join(bridge, 'egress.sock')) || existsSync(join(bridge, 'planted'))).toBe(false);
    expect(existsSync(join(run, 'egress-events', 'events.sock'))).toBe(false);
    expect(readFileSync(bait, 'utf8')).toBe('kept');
    expect(readFileSync(join(run, 'egress-lists', 'lists.json'), 'utf8')).toContain('192.0.2.54');
  });

  it('are not made over something else that stands in their place', () => {
    symlinkSync(tmpdir(), join(run, 'egress-events'));
    expect(() => prepare(undefined)).toThrow(/is not a directory of ours; remove it/);
  });
});

describe('the lists', () => {
  it('are none without a client, and name the name servers of the machine with one', () => {
    expect(egressListsFor(undefined)).toBeUndefined();
    expect(egressListsFor([])).toBeUndefined();
    const { clients } = LISTS;
    const text = 'search x\nnameserver 192.0.2.53\nnameserver 2001:db8::53\nnameserver fe80::1%eth0\n';
    expect(egressListsFor(clients, () => text)).toEqual({ resolvers: ['192.0.2.53', '2001:db8::53'], clients });
  });
});
