import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Chain, createLog, EMPTY, makeLedgerLog, openLog } from '../../src/audit/index.ts';
import { defaultConfigText, writeConfigText } from '../../src/config/index.ts';
import { createDatabase, Ledger, prepareHome, voidArmed } from '../../src/state/index.ts';
import { CliUnderTest } from './support/run-cli.ts';

const ROOT = join(import.meta.dirname, '..', '..');
let cli: CliUnderTest;
let home = '';
let round = 0;
beforeAll(async () => {
  cli = await CliUnderTest.pack();
  // The policy engine's bytes lie beside the packed file, as the build puts them.
  const engine = join(ROOT, 'node_modules', '@cedar-policy', 'cedar-wasm', 'web', 'cedar_wasm_bg.wasm');
  copyFileSync(engine, join(cli.main, '..', 'cedar_wasm_bg.wasm'));
});
afterAll(() => cli.remove());
beforeEach(async () => {
  round += 1;
  home = join(cli.folder, `home-${round}`);
  prepareHome(home);
  writeConfigText(join(home, 'hardshell.json'), defaultConfigText());
  copyFileSync(join(ROOT, 'policies', 'default.cedar'), join(home, 'policy.cedar'));
  chmodSync(join(home, 'policy.cedar'), 0o600);
  await (await createLog(join(home, 'audit'))).close();
});

interface Check {
  readonly name: string;
  readonly state: string;
  readonly found: string;
  readonly remedy: string;
}

async function examine(): Promise<{ code: number | null; checks: Map<string, Check> }> {
  const { code, stdout } = await cli.run(['doctor', '--json', '--home', home]);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return { code, checks: new Map(checks.map((check) => [check.name, check])) };
}

/** A database and a log of so many entries, as the executor makes them. */
async function record(place: string, entries: number, how = { leaveOpen: false }): Promise<() => void> {
  const db = createDatabase(join(place, 'state.db'));
  const opened = await openLog(join(place, 'audit'), { head: EMPTY, outbox: [] });
  if (opened.kind !== 'ok') throw new Error(opened.message);
  const ledger = new Ledger(db, makeLedgerLog(new Chain({ head: EMPTY, mode: 'F', wallMs: () => 1 }), opened.log));
  for (let epoch = 1; epoch <= entries; epoch++)
    await ledger.commit((tx) => tx.record({ event: 'armed', zone: 'zone1-executor', details: { epoch } }));
  await opened.log.close();
  if (!how.leaveOpen) db.close();
  chmodSync(join(place, 'state.db'), 0o600);
  return () => db.close();
}

describe('doctor', () => {
  it('finds nothing to mend in a home as a first start leaves it', async () => {
    const { checks } = await examine();
    for (const name of ['node', 'home', 'keys', 'config', 'policy', 'armed'])
      expect(checks.get(name), name).toMatchObject({ state: 'ok' });
    expect(checks.get('running')).toMatchObject({ state: 'note', remedy: 'start it with `hardshell up`' });
    expect(checks.get('bubblewrap')?.state).toBe(existsSync('/usr/bin/bwrap') ? 'ok' : 'bad');
  });

  it('names each thing that is wrong and what mends it', async () => {
    chmodSync(join(home, 'policy.cedar'), 0o644);
    writeFileSync(join(home, 'policy.cedar'), 'permit everything');
    writeFileSync(join(home, 'hardshell.json'), '{\n gateway: {} }');
    writeFileSync(join(home, 'audit', 'audit.jsonl'), '{"v":1}\n');
    voidArmed(home);
    rmSync(join(home, 'keys', 'subject.key'));
    const { code, checks } = await examine();
    expect(code).toBe(1);
    expect(checks.get('home')).toMatchObject({ state: 'bad', found: 'policy.cedar has mode 644, not 600' });
    expect(checks.get('keys')).toMatchObject({ state: 'bad', found: 'missing: keys/subject.key' });
    expect(checks.get('config')).toMatchObject({ state: 'bad', remedy: 'see `hardshell config validate`' });
    expect(checks.get('config')?.found).toContain('line 2: `gateway` is not built yet');
    expect(checks.get('policy')).toMatchObject({ state: 'bad', remedy: 'see `hardshell policy check`' });
    expect(checks.get('log')).toMatchObject({ state: 'bad' });
    expect(checks.get('armed')?.remedy).toContain('hardshell revive');
  });

  it('tells a log whose end was cut off from a whole one, and touches neither', async () => {
    const log = join(home, 'audit', 'audit.jsonl');
    expect((await examine()).checks.get('log')).toMatchObject({ state: 'ok' });
    expect((await examine()).checks.get('log')?.found).toMatch(/as far as it goes; `up` compares/);
    await record(home, 3);
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    const before = readdirSync(home).toSorted();
    expect((await examine()).checks.get('log')).toMatchObject({
      state: 'ok',
      found: 'the chain is whole, 3 entries, as recorded',
    });
    writeFileSync(log, `${lines.slice(0, 2).join('\n')}\n`);
    expect((await examine()).checks.get('log')?.found).toBe(
      'the chain is whole, 2 entries; `up` adds 1 that the database keeps',
    );
    writeFileSync(log, `${lines[0] ?? ''}\n`);
    expect((await examine()).checks.get('log')).toMatchObject({
      state: 'bad',
      found: 'ends at entry 1, but 3 were recorded: lines were removed',
    });
    expect(readdirSync(home).toSorted()).toEqual(before);
  });

  it('compares also with a database that somebody works with, or was killed at', async () => {
    const finish = await record(home, 3, { leaveOpen: true });
    const lines = readFileSync(join(home, 'audit', 'audit.jsonl'), 'utf8').split('\n');
    const journal = readFileSync(join(home, 'state.db-wal'));
    expect((await examine()).checks.get('log')?.found).toBe('the chain is whole, 3 entries, as recorded');
    writeFileSync(join(home, 'audit', 'audit.jsonl'), `${lines[0] ?? ''}\n`);
    expect((await examine()).checks.get('log')).toMatchObject({ state: 'bad' });
    expect(readFileSync(join(home, 'state.db-wal'))).toEqual(journal);
    finish();
    rmSync(join(home, 'state.db'));
    expect((await examine()).checks.get('log')?.found).toMatch(/1 entry as far as it goes/);
  });

  it('says it line by line for a person, and changes nothing', async () => {
    chmodSync(join(home, 'policy.cedar'), 0o644);
    const { code, stdout } = await cli.run(['doctor', '--home', home]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^BAD {2}home +policy\.cedar has mode 644, not 600\n {18}`hardshell up` narrows modes/m);
    expect(stdout).toMatch(/to be mended\n$/);
    expect((await examine()).checks.get('home')).toMatchObject({ state: 'bad' });
  });
});
