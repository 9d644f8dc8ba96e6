import type { AuditEvent } from '../contracts/index.ts';
import { ChainMark } from './chain.ts';
import type { Chain } from './chain.ts';
import type { Place } from './format.ts';
import type { AuditLog } from './log.ts';

/** Chain and log as the database's ledger takes them: lines are made inside a transaction, appended after it. */
export interface LedgerLog {
  readonly next: (event: AuditEvent) => { readonly seq: number; readonly line: string };
  readonly mark: () => unknown;
  readonly reset: (mark: unknown) => void;
  readonly head: () => Place;
  readonly append: (lines: readonly string[]) => Promise<void>;
}

/** Joins a chain and the log it continues; both must stand at the same entry. */
export function makeLedgerLog(chain: Chain, log: AuditLog): LedgerLog {
  if (chain.head().hash !== log.head().hash) throw new Error('the chain does not continue this log');
  return {
    next: (event) => {
      const line = chain.next(event);
      return { seq: chain.head().seq, line };
    },
    mark: () => chain.mark(),
    reset: (mark) => {
      if (!(mark instanceof ChainMark)) throw new TypeError('not a mark of this chain');
      chain.reset(mark);
    },
    head: () => {
      const { seq, hash } = chain.head();
      return { seq, hash };
    },
    append: (lines) => log.append(lines),
  };
}
