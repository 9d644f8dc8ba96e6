import { errorFrame, serveFrames, type Listener } from '../../bridge/index.ts';
import { EGRESS_REQUESTS } from '../../contracts/index.ts';
import type { EventBook } from './event-book.ts';

/** Answers the executor, and whoever else may enter that directory, what happened. */
export function serveEvents(path: string, book: EventBook): Promise<Listener> {
  return serveFrames({
    path,
    mode: 0o660,
    connectionsMax: 4,
    handle: async (frame, { signal }) => {
      const request = EGRESS_REQUESTS.egress_watch.safeParse(frame);
      if (!request.success) {
        return errorFrame({ error: 'malformed', message: 'only `egress_watch` is known here' });
      }
      const { after, wait_ms: waitMs } = request.data;
      return { type: 'egress_events', ...(await book.since(after, waitMs ?? 0, signal)) };
    },
  });
}
