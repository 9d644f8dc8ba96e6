import { HardshellError, type AuditEvent } from '../contracts/index.ts';
import { sql, type Database, type Query, type Reader } from './database.ts';
import { prepare } from './prepared.ts';

/** A durable step: reads, writes and the audit events that belong to it stand or fall together. */
export interface Tx extends Reader {
  /** Rows changed. */
  readonly run: (query: Query<unknown>) => number;
  /** Adds an event to the audit log of this step. */
  readonly record: (event: AuditEvent) => void;
}

/** The chained log as the ledger needs it. `next` numbers and chains one event; `append` makes lines durable in order. */
export interface LogPort {
  readonly next: (event: AuditEvent) => { readonly seq: number; readonly line: string };
  readonly mark: () => unknown;
  readonly reset: (mark: unknown) => void;
  readonly head: () => { readonly seq: number; readonly hash: string };
  readonly append: (lines: readonly string[]) => Promise<void>;
}

interface Step {
  readonly work: (tx: Tx) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

interface NumberedLine {
  readonly seq: number;
  readonly line: string;
}

const STEPS_PER_COMMIT = 256;

const CLEAR_OUTBOX = prepare<'seq', unknown>((hole) =>
  sql.deleteFrom('audit_outbox').where('seq', '<=', hole<number>('seq')),
);
const KEEP_LINE = prepare<'seq' | 'line', unknown>((hole) =>
  sql.insertInto('audit_outbox').values({ seq: hole('seq'), line: hole('line') }),
);
const KEEP_HEAD = prepare<'head', unknown>((hole) =>
  sql
    .insertInto('meta')
    .values({ key: 'audit_head', value: hole('head') })
    .onConflict((conflict) => conflict.column('key').doUpdateSet((row) => ({ value: row.ref('excluded.value') }))),
);

/**
 * Group commit over database and log. Steps that wait together share one transaction and one log write; each has a
 * savepoint of its own, so one that throws takes back only itself.
 * INVARIANT: a step is answered only when its rows and its log lines are on the disk, in this order: the transaction
 * (with the exact next lines in `audit_outbox`), then the log, then the answer. The rows are cleared by a later step.
 * After any failure of the disk nothing more is taken: the state is unknown until the next start has compared both.
 */
export class Ledger {
  readonly #db: Database;
  readonly #log: LogPort;
  #queue: Step[] = [];
  #flushing = false;
  #durableSeq: number;
  #failure: HardshellError | undefined;

  constructor(db: Database, log: LogPort) {
    this.#db = db;
    this.#log = log;
    this.#durableSeq = log.head().seq;
  }

  /** Reads outside a step. */
  get reader(): Reader {
    return this.#db;
  }

  /** Why nothing is taken any more, or undefined. */
  get failure(): HardshellError | undefined {
    return this.#failure;
  }

  /** Runs `work` (synchronous) in a durable step. Rejects with what it threw, or `disk_failed`. */
  commit<T>(work: (tx: Tx) => T): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject });
      if (this.#flushing) return;
      this.#flushing = true;
      setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    while (this.#queue.length > 0) {
      const steps = this.#queue.splice(0, STEPS_PER_COMMIT);
      if (this.#failure !== undefined) for (const step of steps) step.reject(this.#failure);
      else this.#commitSteps(steps);
    }
    this.#flushing = false;
  }

  #commitSteps(steps: readonly Step[]): void {
    const answers: (() => void)[] = [];
    const lines: NumberedLine[] = [];
    const before = this.#log.mark();
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      for (const step of steps) answers.push(this.#runStep(step, lines));
      this.#keepLines(lines);
      this.#db.exec('COMMIT');
    } catch (cause) {
      this.#log.reset(before);
      this.#abandon(cause, steps);
      return;
    }
    this.#answerWhenLogged(steps, lines, answers);
  }

  /** The next transaction may begin meanwhile; the log keeps the order of its own appends. */
  #answerWhenLogged(steps: readonly Step[], lines: readonly NumberedLine[], answers: readonly (() => void)[]): void {
    const last = lines.at(-1)?.seq;
    if (last === undefined) {
      for (const answer of answers) answer();
      return;
    }
    this.#log.append(lines.map(({ line }) => line)).then(
      () => {
        this.#durableSeq = last;
        for (const answer of answers) answer();
      },
      (cause: unknown) => this.#abandon(cause, steps),
    );
  }

  #runStep(step: Step, lines: NumberedLine[]): () => void {
    const mark = this.#log.mark();
    const linesBefore = lines.length;
    this.#db.exec('SAVEPOINT step');
    try {
      const value = step.work({
        all: (query) => this.#db.all(query),
        get: (query) => this.#db.get(query),
        run: (query) => this.#db.run(query),
        record: (event) => void lines.push(this.#log.next(event)),
      });
      this.#db.exec('RELEASE step');
      return () => step.resolve(value);
    } catch (reason) {
      this.#db.exec('ROLLBACK TO step; RELEASE step');
      this.#log.reset(mark);
      lines.length = linesBefore;
      if (isDiskFault(reason)) throw reason;
      return () => step.reject(reason);
    }
  }

  #keepLines(lines: readonly NumberedLine[]): void {
    if (lines.length === 0) return;
    this.#db.run(CLEAR_OUTBOX({ seq: this.#durableSeq }));
    for (const row of lines) this.#db.run(KEEP_LINE({ ...row }));
    this.#db.run(KEEP_HEAD({ head: JSON.stringify(this.#log.head()) }));
  }

  #abandon(cause: unknown, steps: readonly Step[]): void {
    this.#failure = new HardshellError(
      'disk_failed',
      'state could not be written; free space on the disk and restart',
      {
        fate: 'stop',
        cause,
      },
    );
    try {
      this.#db.exec('ROLLBACK');
    } catch {
      // No transaction is open any more; nothing to take back.
    }
    for (const step of steps) step.reject(this.#failure);
  }
}

/** SQLite says FULL, IOERR, READONLY, CORRUPT, NOTADB, BUSY or CANTOPEN: the disk, not the step. */
function isDiskFault(reason: unknown): boolean {
  if (!(reason instanceof Error) || !('errcode' in reason) || typeof reason.errcode !== 'number') return false;
  return [5, 8, 10, 11, 13, 14, 26].includes(reason.errcode & 0xff);
}
