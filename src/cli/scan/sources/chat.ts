import { JsonRecordSplitter, type JsonFound } from '../../../contracts/index.ts';
import type { ReadMore } from './mbox.ts';

/** Small, since a chunk full of the shortest records is held as records. */
const CHUNK = 65_536;

/**
 * Cuts a file of chat messages into records by bytes, from the record at `from` on. Where one stands depends on all that
 * is before it, so the file is gone over from its begin; `readMore` must begin there.
 */
export async function* splitChat(readMore: ReadMore, from = 0): AsyncGenerator<JsonFound> {
  const splitter = new JsonRecordSplitter();
  const isNew = (found: JsonFound): boolean => (found.kind === 'fault' ? found.at : found.start) >= from;
  for (let chunk = await readMore(CHUNK); chunk !== null; chunk = await readMore(CHUNK)) {
    for (const found of splitter.push(chunk)) if (isNew(found)) yield found;
  }
  for (const found of splitter.end()) if (isNew(found)) yield found;
}

/** What to say of a file that is no JSON from some byte on. */
export function faultSentence(at: number, why: string): string {
  return `is no whole JSON: at byte ${at} ${why}; what was found before stands, the export should be made again`;
}
