import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { enrolPassphrase } from '../../src/control/index.ts';
import {
  createDatabase,
  openDatabase,
  openHome,
  prepareHome,
  readArmed,
  sql,
  voidArmed,
} from '../../src/state/index.ts';
import { createLog } from '../../src/audit/index.ts';
import { CliUnderTest } from './support/run-cli.ts';

let cli: CliUnderTest;
let home = '';
let round = 0;
beforeAll(async () => {
  cli = await CliUnderTest.pack();
});
afterAll(() => cli.remove());

/** A home as a first start leaves it, then stopped for good. */
beforeEach(async () => {
  round += 1;
  home = join(cli.folder, `home-${round}`);
  prepareHome(home);
  createDatabase(join(home, 'state.db')).close();
  await emptyLog(join(home, 'audit'));
  voidArmed(home);
});

async function emptyLog(dir: string): Promise<void> {
  const log = await createLog(dir);
  await log.close();
}

const revive = (args: readonly string[], fds: readonly string[] = []): ReturnType<CliUnderTest['run']> =>
  cli.run(['revive', '--home', home, ...args], { fds });
const isArmed = (): boolean => readArmed(openHome(home).path).kind === 'armed';

describe('revive', () => {
  it('needs a person while nothing is enrolled', async () => {
    const refused = await revive([]);
    expect([refused.code, isArmed()]).toEqual([1, false]);
    expect(refused.stderr).toContain('--yes');
    expect(await revive(['--yes'])).toMatchObject({ code: 0 });
    expect(isArmed()).toBe(true);
  });

  it('asks at a terminal, and a no revives nothing', async () => {
    expect(await cli.runAtTerminal(['revive', '--home', home], [[/\[y\/N\] $/, 'n']])).toMatchObject({ code: 1 });
    expect(isArmed()).toBe(false);
    expect(await cli.runAtTerminal(['revive', '--home', home], [[/\[y\/N\] $/, 'y']])).toMatchObject({ code: 0 });
    expect(isArmed()).toBe(true);
  });
});

describe('revive once a passphrase is enrolled', () => {
  const PASSPHRASE = 'correct horse battery';

  const enrol = async (keyInDatabase: 'same' | 'other' | 'none', withFile: boolean): Promise<void> => {
    const { file, publicKey } = await enrolPassphrase(PASSPHRASE);
    const other = keyInDatabase === 'other' ? (await enrolPassphrase(PASSPHRASE)).publicKey : publicKey;
    if (withFile) writeFileSync(join(home, 'keys', 'presence.json'), JSON.stringify(file), { mode: 0o400 });
    if (keyInDatabase === 'none') return;
    const state = openDatabase(join(home, 'state.db'));
    state.run(sql.insertInto('meta').values({ key: 'presence_key', value: other }));
    state.close();
  };

  it('takes the passphrase and nothing less', async () => {
    await enrol('same', true);
    for (const ran of [
      await revive(['--yes']),
      await revive([]),
      await revive(['--passphrase-fd', '3'], ['wrong horse battery']),
    ])
      expect(ran.code).toBe(1);
    expect(isArmed()).toBe(false);
    expect(await revive(['--passphrase-fd', '3'], [PASSPHRASE])).toMatchObject({ code: 0 });
    expect(isArmed()).toBe(true);
  });

  it('is not fooled by a key file that was put there or taken away', async () => {
    await enrol('other', true);
    const planted = await revive(['--passphrase-fd', '3'], [PASSPHRASE]);
    expect([planted.code, isArmed()]).toEqual([1, false]);
    expect(planted.stderr).toContain('is not the key that was enrolled');
  });

  it('refuses where the key file is gone, or the database cannot be read', async () => {
    await enrol('same', false);
    expect(await revive(['--yes'])).toMatchObject({ code: 1 });
    expect(await revive(['--passphrase-fd', '3'], [PASSPHRASE])).toMatchObject({ code: 1 });
    writeFileSync(join(home, 'state.db'), 'not a database, but long enough to be looked at as one');
    expect((await revive(['--yes'])).stderr).toContain('`state.db` cannot be read');
    expect(isArmed()).toBe(false);
  });
});
