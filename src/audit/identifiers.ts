import { createHmac } from 'node:crypto';
import type { SubjectHash } from '../contracts/index.ts';

/**
 * The only way an identifier gets into a line: 32 hex digits of HMAC-SHA256 under the instance's audit key. The same
 * identifier is the same digits, so lines can be joined; without the key nobody can test a guess.
 * @throws RangeError for a key under 32 bytes.
 */
export function makeSubjectHash(key: Uint8Array): SubjectHash {
  if (key.length < 32) throw new RangeError('the audit key needs 32 bytes');
  const own = Uint8Array.from(key);
  return (identifier) => createHmac('sha256', own).update(identifier, 'utf8').digest('hex').slice(0, 32);
}
