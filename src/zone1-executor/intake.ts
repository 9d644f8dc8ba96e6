import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../contracts/index.ts';
import { HOME_QUOTAS } from '../state/index.ts';
import type { ConnectorLink } from './connector-link.ts';
import { getRaw, heldBytes, makeRoom, putExtract, putFailed, putRaw, unread } from './content-store.ts';
import type { Notifier } from './notifier.ts';
import type { Station } from './ports.ts';
import type { ReaderPool } from './reader-pool.ts';

const FETCH_LIMIT = 20;
const FETCH_WAIT_MS = 30_000;
const READ_LANES = 2;
const QUOTA_WAIT_MS = 30_000;
/** A reader that died while it had the message is given it once more, alone as ever; then the message is the culprit. */
const READER_TRIES = 2;

export interface IntakeParts {
  readonly station: Station;
  readonly connector: ConnectorLink;
  readonly readers: ReaderPool;
  /** Key `unread`: raw messages wait; key `unhandled`: read messages wait for a planner. */
  readonly notifier: Notifier;
  readonly signal: AbortSignal;
  /** Faults of ours, without content. */
  readonly fault: (where: string, cause: unknown) => void;
}

/** Fetches raw messages for as long as the instance runs; what is stored durably is acknowledged with the next fetch. */
export async function fetchForever(parts: IntakeParts): Promise<void> {
  let acknowledged: string[] = [];
  while (!parts.signal.aborted) {
    try {
      await parts.connector.whenConnected();
      if (!(await hasRoom(parts))) {
        await sleep(QUOTA_WAIT_MS);
        continue;
      }
      const fetched = await parts.connector.fetch({ limit: FETCH_LIMIT, acknowledged, waitMs: FETCH_WAIT_MS });
      acknowledged = [];
      for (const message of fetched.messages) {
        await parts.station.ledger.commit((tx) => putRaw(parts.station, tx, { channel: 'email', ...message }));
        acknowledged.push(message.key);
      }
      if (fetched.messages.length > 0) parts.notifier.notify('unread');
      if (fetched.skipped.length > 0) await recordSkipped(parts.station, fetched.skipped);
    } catch (cause) {
      if (parts.signal.aborted) return;
      parts.fault('fetch', cause);
      await sleep(1_000);
    }
  }
}

/** A flood of mail is left in its folder instead of filling the disk. */
async function hasRoom({ station }: IntakeParts): Promise<boolean> {
  const { value } = HOME_QUOTAS.contentBytesMax;
  if (heldBytes(station.ledger.reader) <= value) return true;
  return station.ledger.commit((tx) => makeRoom(tx, value));
}

async function recordSkipped(
  station: Station,
  skipped: readonly { key: string; reason: 'too_large' | 'unreadable' }[],
): Promise<void> {
  await station.ledger.commit((tx) => {
    for (const { key, reason } of skipped) {
      tx.record({
        event: 'item_failed',
        zone: 'connector',
        subject: station.subjectHash(key),
        details: { channel: 'email', reason: reason === 'too_large' ? 'too_large' : 'malformed' },
      });
    }
  });
}

/**
 * Has every stored message read by a reader of its own, oldest first. Two at a time: a message that takes its reader
 * to the deadline does not hold up the ones behind it.
 */
export async function readForever(parts: IntakeParts): Promise<void> {
  const busy = new Set<string>();
  await Promise.all(Array.from({ length: READ_LANES }, () => readLane(parts, busy)));
}

async function readLane(parts: IntakeParts, busy: Set<string>): Promise<void> {
  while (!parts.signal.aborted) {
    const kid = unread(parts.station.ledger.reader, READ_LANES).find((waiting) => !busy.has(waiting));
    if (kid === undefined) {
      await parts.notifier.wait('unread', LIMITS.waitMsMax.value, parts.signal);
      continue;
    }
    busy.add(kid);
    try {
      await readOne(parts, kid);
      parts.notifier.notify('unhandled');
    } catch (cause) {
      if (parts.signal.aborted) return;
      parts.fault('read', cause);
      await sleep(1_000);
    } finally {
      busy.delete(kid);
    }
  }
}

async function readOne({ station, readers }: IntakeParts, kid: ReturnType<typeof unread>[number]): Promise<void> {
  const raw = getRaw(station.ledger.reader, kid);
  if (raw === undefined) {
    await station.ledger.commit((tx) => putFailed(station, tx, kid, 'malformed'));
    return;
  }
  for (let attempt = 1; ; attempt += 1) {
    const answer = await readers.read(raw);
    if (answer.kind === 'read') {
      await station.ledger.commit((tx) => putExtract(station, tx, kid, answer.read));
      return;
    }
    if (answer.reason === 'crashed' && attempt < READER_TRIES) continue;
    await station.ledger.commit((tx) => putFailed(station, tx, kid, answer.reason));
    return;
  }
}
