import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLog, makeLedgerLog } from '../../src/audit/index.ts';
import type { Place } from '../../src/audit/index.ts';
import { createDatabase, Ledger, openDatabase, sql } from '../../src/state/index.ts';
import { failingFiles } from './support/failing-files.ts';
import { makeChain, makeFolder, openForTest, sampleEvent, verdictOf } from './support/logs.ts';

describe('the log under the ledger of the database', () => {
  it('gets the events of a step that stands, and none of one that fell', async () => {
    const home = makeFolder();
    const log = await createLog(join(home, 'audit'));
    const db = createDatabase(join(home, 'state.db'));
    const ledger = new Ledger(db, makeLedgerLog(makeChain(), log));
    const good = [1, 2, 3].map((n) => ledger.commit((tx) => tx.record(sampleEvent(n))));
    const bad = ledger.commit((tx) => {
      tx.record(sampleEvent(4));
      throw new Error('fell');
    });
    const late = ledger.commit((tx) => tx.record(sampleEvent(5)));
    await expect(bad).rejects.toThrow('fell');
    await Promise.all([...good, late]);
    expect(log.head().seq).toBe(4);
    await log.close();
    db.close();
    expect(await verdictOf(join(home, 'audit'))).toBe('valid 4');
  });

  it('opens again from the outbox after the disk refused a write', async () => {
    for (const fault of ['lost', 'kept', 'half'] as const) {
      const home = makeFolder();
      const dir = join(home, 'audit');
      const log = await createLog(dir, { files: failingFiles(4, fault) });
      const db = createDatabase(join(home, 'state.db'));
      const ledger = new Ledger(db, makeLedgerLog(makeChain(), log));
      await ledger.commit((tx) => tx.record(sampleEvent(1)));
      await expect(ledger.commit((tx) => tx.record(sampleEvent(2)))).rejects.toMatchObject({ code: 'disk_failed' });
      await expect(ledger.commit((tx) => tx.record(sampleEvent(3)))).rejects.toMatchObject({ code: 'disk_failed' });
      await log.close();
      db.close();
      const again = openDatabase(join(home, 'state.db'));
      const outbox = again.all(sql.selectFrom('audit_outbox').selectAll().orderBy('seq'));
      const head = again.get(sql.selectFrom('meta').select('value').where('key', '=', 'audit_head'));
      const opened = await openForTest(dir, { head: JSON.parse(String(head?.value)) as Place, outbox });
      expect(opened).toMatchObject({ kind: 'ok' });
      expect(await verdictOf(dir)).toBe('valid 2');
      again.close();
    }
  });

  it('is refused when chain and log stand at different entries', async () => {
    const log = await createLog(join(makeFolder(), 'audit'));
    const chain = makeChain();
    chain.next(sampleEvent(1));
    expect(() => makeLedgerLog(chain, log)).toThrow('does not continue');
    const port = makeLedgerLog(makeChain(), log);
    expect(() => port.reset({})).toThrow(TypeError);
    await log.close();
  });
});
