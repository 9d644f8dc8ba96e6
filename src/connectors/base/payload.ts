import { createHash } from 'node:crypto';
import { PAYLOAD_HASH_PREFIX } from '../../contracts/index.ts';

const NEWLINE = 10;

/** SHA-256 over the purpose and the pieces of a payload, as hex: comparable with `wh`. */
export function payloadDigest(...pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256').update(PAYLOAD_HASH_PREFIX);
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

/** The envelope's line, its line feed included, and the content after it; null when there is no such line. */
export function cutPayload(payload: Buffer): { readonly envelope: Buffer; readonly content: Buffer } | null {
  const end = payload.indexOf(NEWLINE) + 1;
  return end === 0 || end === payload.length
    ? null
    : { envelope: payload.subarray(0, end), content: payload.subarray(end) };
}
