import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Confirmed } from '../../src/zone1-executor/confirmed.ts';
import { EMPTY_CONTACTS } from '../../src/zone1-executor/contacts.ts';
import type { ControlDesk } from '../../src/zone1-executor/control-desk/desk.ts';
import { answerControl } from '../../src/zone1-executor/control-desk/index.ts';
import { openPresenceDesk } from '../../src/zone1-executor/presence-desk.ts';
import { DEFAULT_POLICY, makeBench, sha256Hex } from '../support/station.ts';

const homes: string[] = [];
afterEach(() => {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});

/** An instance that was started once with `settings` as confirmed; `start` is a later start of the process. */
async function instance(settings: string) {
  const home = mkdtempSync(join(tmpdir(), 'hs-confirmed-'));
  homes.push(home);
  writeFileSync(join(home, 'policy.cedar'), DEFAULT_POLICY);
  writeFileSync(join(home, 'contacts.json'), EMPTY_CONTACTS);
  const { station, lines } = makeBench();
  const file = { settings };
  const start = (): Confirmed =>
    new Confirmed({
      home,
      writeFile: (name, text) => writeFileSync(join(home, name), text),
      sha256Hex,
      subjectHash: station.subjectHash,
      reader: () => station.ledger.reader,
      compile: () => ({ kind: 'ok', policy: station.confirmed.policy() }),
      configText: () => file.settings,
      configInForce: file.settings,
      self: { address: 'owner@example.com', name: '' },
    });
  const confirm = (confirmed: Confirmed, name: 'policy' | 'contacts' | 'config', how: 'first_start' | 'passphrase') =>
    station.ledger.commit((tx) => confirmed.confirm(tx, name, confirmed.digestOnDisk(name) ?? '', how, 1));
  const first = start();
  for (const name of ['policy', 'contacts', 'config'] as const) await confirm(first, name, 'first_start');
  return { home, station, lines, file, start, confirm, first };
}

describe('settings that the owner has not confirmed', () => {
  test('do not stay in force when the file is put back after a start', async () => {
    const { file, start, first } = await instance('self: owner');
    expect(first.changed()).toBeNull();
    file.settings = 'self: eve';
    const second = start();
    expect(second.changed()).toMatch(/confirm/);
    file.settings = 'self: owner';
    expect(second.changed()).toMatch(/hardshell down/);
    expect(start().changed()).toBeNull();
  });

  test('that are confirmed later leave those of the start in force, which were confirmed too', async () => {
    const { file, start, confirm, first } = await instance('delay: 10');
    const second = start();
    file.settings = 'delay: 20';
    for (const running of [first, second]) expect(running.changed()).toMatch(/confirm/);
    await confirm(second, 'config', 'passphrase');
    expect(second.changed()).toBeNull();
    expect(start().changed()).toBeNull();
  });
});

describe('a confirmed file that is gone or changed', () => {
  const asked = { type: 'confirm_restore', presence: { method: 'terminal' } } as const;
  const never = new AbortController().signal;

  test.each([
    ['contacts', 'contacts.json', EMPTY_CONTACTS],
    ['policy', 'policy.cedar', DEFAULT_POLICY],
  ] as const)('is written back by the owner: %s', async (name, path, text) => {
    const { home, station, lines, first } = await instance('self: owner');
    const restored = () => lines.filter((line) => line.includes('"confirmed_restored"'));
    const parts: unknown = {
      station,
      confirmed: first,
      presence: openPresenceDesk(station, { terminalAllowed: true }),
    };
    const owner = (frame: object) => answerControl(parts as ControlDesk, { ...frame }, never);
    for (const spoil of [() => rmSync(join(home, path)), () => writeFileSync(join(home, path), 'planted')]) {
      spoil();
      expect(first.changed()).not.toBeNull();
      expect(await owner({ ...asked, name, presence: undefined })).toMatchObject({ error: 'malformed' });
      expect(first.stands(name)).toBe(false);
      const before = restored().length;
      expect(await owner({ ...asked, name })).toEqual({ type: 'confirm_restore', name, digest: sha256Hex(text) });
      expect(readFileSync(join(home, path), 'utf8')).toBe(text);
      expect(first.changed()).toBeNull();
      expect(
        restored()
          .slice(before)
          .map((line): unknown => JSON.parse(line)),
      ).toMatchObject([{ zone: 'control', details: { name, method: 'terminal' } }]);
    }
    expect(restored()).toHaveLength(2);
    rmSync(join(home, path));
    expect(first.compare(name).problems[0]).toContain(`hardshell ${name} confirm --restore`);
  });

  test('is not the settings, whose confirmed form is no file', async () => {
    const { station, first } = await instance('self: owner');
    const parts: unknown = { station, confirmed: first };
    expect(await answerControl(parts as ControlDesk, { ...asked, name: 'config' }, never)).toMatchObject({
      error: 'malformed',
    });
    expect(first.compare('config').changed).toBe(false);
  });
});
