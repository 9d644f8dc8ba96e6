import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS, type ContentId } from '../contracts/index.ts';
import { HOME_QUOTAS } from '../state/index.ts';
import type { ConnectorLink, SkippedMessage } from './connector-link.ts';
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
  /** Key `unread:<channel>`: raw messages wait; key `unhandled`: read messages wait for a planner. */
  readonly notifier: Notifier;
  readonly signal: AbortSignal;
  /** Faults of ours, without content. */
  readonly fault: (where: string, cause: unknown) => void;
}

/**
 * Fetches raw messages of one connector for as long as the instance runs; what is stored durably, or put on record as
 * not taken, is acknowledged with the next fetch.
 */
export async function fetchForever(parts: IntakeParts, connector: ConnectorLink): Promise<void> {
  let acknowledged: string[] = [];
  while (!parts.signal.aborted) {
    try {
      await connector.whenConnected();
      if (!(await hasRoom(parts))) {
        await sleep(QUOTA_WAIT_MS);
        continue;
      }
      const fetched = await connector.fetch({ limit: FETCH_LIMIT, acknowledged, waitMs: FETCH_WAIT_MS });
      acknowledged = [];
      for (const message of fetched.messages) {
        await parts.station.ledger.commit((tx) => putRaw(parts.station, tx, message));
        acknowledged.push(message.key);
        parts.notifier.notify(`unread:${message.channel}`);
      }
      if (fetched.skipped.length > 0) await recordSkipped(parts.station, fetched.skipped);
      acknowledged.push(...fetched.skipped.map(({ key }) => key));
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

async function recordSkipped(station: Station, skipped: readonly SkippedMessage[]): Promise<void> {
  await station.ledger.commit((tx) => {
    for (const { channel, key, reason } of skipped) {
      tx.record({
        event: 'item_failed',
        zone: 'connector',
        subject: station.subjectHash(key),
        details: { channel, reason: reason === 'too_large' ? 'too_large' : 'malformed' },
      });
    }
  });
}

/**
 * Has every stored message of a channel read by a reader of its own, oldest first. Two at a time: a message that takes
 * its reader to the deadline does not hold up the ones behind it; and no channel waits for another.
 */
export async function readForever(parts: IntakeParts, readers: ReaderPool): Promise<void> {
  const busy = new Set<string>();
  await Promise.all(Array.from({ length: READ_LANES }, () => readLane(parts, readers, busy)));
}

async function readLane(parts: IntakeParts, readers: ReaderPool, busy: Set<string>): Promise<void> {
  const { notifier, signal, station } = parts;
  while (!signal.aborted) {
    const waiting = readers.halted ? [] : unread(station.ledger.reader, readers.channel, READ_LANES);
    const kid = waiting.find((one) => !busy.has(one));
    if (kid === undefined) {
      await notifier.wait(`unread:${readers.channel}`, LIMITS.waitMsMax.value, signal);
      continue;
    }
    busy.add(kid);
    try {
      await readOne(station, readers, kid);
      notifier.notify('unhandled');
    } catch (cause) {
      if (signal.aborted) return;
      parts.fault('read', cause);
      await sleep(1_000);
    } finally {
      busy.delete(kid);
    }
  }
}

async function readOne(station: Station, readers: ReaderPool, kid: ContentId): Promise<void> {
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
    // Weather is tried again. What tripped a wire is not given a second chance to do so.
    if (answer.reason === 'crashed' && attempt < READER_TRIES) continue;
    await station.ledger.commit((tx) => putFailed(station, tx, kid, answer.reason));
    return;
  }
}
