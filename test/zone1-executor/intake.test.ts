import { describe, expect, test } from 'vitest';
import { getContent, putRaw } from '../../src/zone1-executor/content-store.ts';
import { readForever } from '../../src/zone1-executor/intake.ts';
import { Notifier } from '../../src/zone1-executor/notifier.ts';
import { ReaderPool, type ReaderProcess } from '../../src/zone1-executor/reader-pool.ts';
import { extractOf, makeBench, sha256Hex, type Bench } from '../support/station.ts';

/** Readers that answer with the subject they were sent, but never answer a message that says `hang`. */
async function reader(): Promise<ReaderProcess> {
  let take: (frame: Readonly<Record<string, unknown>>) => void = () => undefined;
  let raw = '';
  return {
    name: 'zone3-email-reader.1',
    link: {
      send: (message) => {
        const frame = message as { type: string; data?: string };
        if (frame.type === 'sanitize_chunk') raw += Buffer.from(frame.data ?? '', 'base64').toString();
        if (frame.type !== 'sanitize_end' || raw === 'hang') return;
        setImmediate(() => take({ type: 'sanitized', id: 'm', message: extractOf({ subject: raw }) }));
      },
      drained: async () => undefined,
      destroy: () => undefined,
    },
    onFrame: (next) => (take = next),
    onGone: () => undefined,
    end: () => undefined,
  };
}

async function store(bench: Bench, words: string): Promise<string> {
  bench.clock.pass(1);
  const bytes = Buffer.from(words);
  const kid = await bench.station.ledger.commit((tx) =>
    putRaw(bench.station, tx, {
      channel: 'email',
      key: words,
      bytes,
      sha256: sha256Hex(bytes),
      receivedMs: bench.clock.wallMs(),
    }),
  );
  return kid ?? '';
}

describe('reading what came in', () => {
  test('a message that never lets go of its reader does not hold up the ones behind it', async () => {
    const bench = makeBench();
    const stuck = await store(bench, 'hang');
    const behind = [await store(bench, 'one'), await store(bench, 'two'), await store(bench, 'three')];
    const stop = new AbortController();
    const notifier = new Notifier();
    const faults: unknown[] = [];
    const fault = (_: string, cause: unknown): void => void faults.push(cause);
    const reading = readForever(
      { station: bench.station, notifier, signal: stop.signal, fault },
      new ReaderPool({ channel: 'email', start: reader, fault }),
    );
    const stored = (kid: string) => getContent(bench.station.ledger.reader, kid)?.extract.subject;
    for (let tries = 0; tries < 200 && stored(behind[2] ?? '') === undefined; tries++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(behind.map(stored)).toEqual(['one', 'two', 'three']);
    expect(stored(stuck)).toBeUndefined();
    expect(faults).toEqual([]);
    stop.abort();
    notifier.notifyAll();
    void reading;
  });
});
