import { join } from 'node:path';
import {
  Chain,
  createLog,
  EMPTY,
  makeLedgerLog,
  openLog,
  readSideLogHead,
  type AuditLog,
  type Place,
} from '../../audit/index.ts';
import { HardshellError, type AuditMode } from '../../contracts/index.ts';
import { createDatabase, Ledger, openDatabase, sql, type Database } from '../../state/index.ts';

export interface OpenedState {
  readonly ledger: Ledger;
  readonly log: AuditLog;
  readonly close: () => Promise<void>;
}

export interface StateOptions {
  readonly home: string;
  readonly mode: AuditMode;
  readonly firstStart: boolean;
}

/**
 * Database and log, made at a first start, else opened and held against each other. Throws `log_broken` or
 * `state_corrupt`: without a record that agrees with itself nothing may act.
 */
export async function openState(options: StateOptions): Promise<OpenedState> {
  const path = join(options.home, 'state.db');
  const dir = join(options.home, 'audit');
  const db = options.firstStart ? createDatabase(path) : openDatabase(path);
  const { log, head, recovered, cutBytes } = options.firstStart
    ? { log: await createLog(dir), head: EMPTY, recovered: 0, cutBytes: 0 }
    : await distrustLog(dir, db);
  const chain = new Chain({ head, mode: options.mode, wallMs: () => Date.now() });
  const ledger = new Ledger(db, makeLedgerLog(chain, log));
  if (recovered > 0 || cutBytes > 0) {
    await ledger.commit((tx) =>
      tx.record({ event: 'log_recovered', zone: 'zone1-executor', details: { recovered, cut_bytes: cutBytes } }),
    );
  }
  await anchorStopLog(dir, ledger);
  const close = async (): Promise<void> => {
    await log.close();
    db.close();
  };
  return { ledger, log, close };
}

interface FoundLog {
  readonly log: AuditLog;
  readonly head: Place;
  readonly recovered: number;
  readonly cutBytes: number;
}

async function distrustLog(dir: string, db: Database): Promise<FoundLog> {
  const stored = db.get(sql.selectFrom('meta').select('value').where('key', '=', 'audit_head'));
  const head = stored === undefined ? EMPTY : (JSON.parse(stored.value) as Place);
  const outbox = db.all(sql.selectFrom('audit_outbox').selectAll().orderBy('seq'));
  const opened = await openLog(dir, { head, outbox });
  if (opened.kind === 'ok') return { log: opened.log, head, recovered: opened.recovered, cutBytes: opened.cutBytes };
  throw new HardshellError(
    'log_broken',
    `${opened.message}; nothing starts on such a record. Look with \`hardshell audit-log verify\`, then restore \`audit/\` and \`state.db\` from the same backup`,
    { fate: 'stop' },
  );
}

const ANCHOR = 'anchored_stop_audit';

/**
 * Puts the head of the log of stops into the main log, when it has grown. Throws `log_broken` when it lost or changed
 * lines that were anchored: a stop may have been taken out of it.
 */
async function anchorStopLog(dir: string, ledger: Ledger): Promise<void> {
  const known = ledger.reader.get(sql.selectFrom('meta').select('value').where('key', '=', ANCHOR));
  const anchored = known === undefined ? EMPTY : (JSON.parse(known.value) as Place);
  const found = readSideLogHead(dir, 'stop-audit', anchored);
  if (found.kind === 'broken') {
    throw new HardshellError(
      'log_broken',
      `the log of stops is broken at entry ${found.entry}, so a stop may be hidden; restore \`audit/\` and \`state.db\` from the same backup`,
      { fate: 'stop' },
    );
  }
  if (found.kind === 'absent' || found.head.seq === anchored.seq) return;
  const { seq, hash } = found.head;
  const value = JSON.stringify({ seq, hash });
  await ledger.commit((tx) => {
    tx.run(
      sql
        .insertInto('meta')
        .values({ key: ANCHOR, value })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value })),
    );
    tx.record({ event: 'other_log_anchored', zone: 'zone1-executor', details: { log: 'stop-audit', seq, hash } });
  });
}
