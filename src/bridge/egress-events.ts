import { setTimeout as sleep } from 'node:timers/promises';
import { EGRESS_ANSWERS, type EgressEvent } from '../contracts/index.ts';
import { connectFrames, type RequestClient } from './client.ts';

/** Where the executor finds it. */
export const EGRESS_EVENTS_SOCKET = '/var/run/egress-events/events.sock';

export interface WatchEgressOptions {
  readonly path?: string;
  /** Where an earlier watcher ended: what it was told is not told again. */
  readonly from?: EgressPosition;
  /** Called with each batch in turn, and with the place after it, never twice with the same; the next is asked for once it has settled. */
  readonly onEvents: (events: readonly EgressEvent[], position: EgressPosition) => Promise<void>;
  /** Called when events were lost: the process kept fewer than there were. */
  readonly onMissed: () => void;
  readonly signal: AbortSignal;
}

/** A run of the egress process, and the number of the newest event of it that is known. */
export interface EgressPosition {
  readonly run: string;
  readonly after: number;
}

const WAIT_MS = 30_000;
const RETRY_MS = 500;

/** Follows what the egress process says until `signal` aborts, over its restarts. Rejects only when `onEvents` does. */
export async function watchEgress(options: WatchEgressOptions): Promise<void> {
  const known = { ...(options.from ?? { run: '', after: 0 }) };
  while (!options.signal.aborted) {
    const client = await open(options);
    if (client === undefined) {
      await sleep(RETRY_MS, undefined, { signal: options.signal }).catch(() => undefined);
      continue;
    }
    const abort = (): void => client.destroy();
    options.signal.addEventListener('abort', abort);
    try {
      await follow(client, known, options);
    } finally {
      options.signal.removeEventListener('abort', abort);
      client.destroy();
    }
  }
}

async function open(options: WatchEgressOptions): Promise<RequestClient | undefined> {
  try {
    return await connectFrames({ target: { path: options.path ?? EGRESS_EVENTS_SOCKET } });
  } catch {
    // Not there yet, or being started again.
    return undefined;
  }
}

/** Returns when the connection is lost or says something that is not of the wire. */
async function follow(
  client: RequestClient,
  known: { run: string; after: number },
  { onEvents, onMissed }: WatchEgressOptions,
): Promise<void> {
  // Asked at once first: in another run the number that is known would be waited for in vain.
  let waitMs = 0;
  for (;;) {
    const answer = await ask(client, known.after, waitMs);
    if (answer === undefined) {
      await sleep(RETRY_MS);
      return;
    }
    if (answer.run !== known.run) {
      const began = known.after > 0;
      known.run = answer.run;
      known.after = 0;
      // Numbers began again: what this answer leaves out is asked for once more.
      if (began) continue;
    }
    waitMs = WAIT_MS;
    if (answer.missed) onMissed();
    const fresh = answer.events.filter(({ seq }) => seq > known.after);
    known.after = Math.max(known.after, answer.next);
    if (fresh.length > 0) await onEvents(fresh, { ...known });
  }
}

type Answer = ReturnType<typeof EGRESS_ANSWERS.egress_events.parse>;

async function ask(client: RequestClient, after: number, waitMs: number): Promise<Answer | undefined> {
  try {
    const frame = await client.request({ type: 'egress_watch', after, wait_ms: waitMs }, WAIT_MS * 2);
    const parsed = EGRESS_ANSWERS.egress_events.safeParse(frame);
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
