import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { JsonRecordSplitter, type JsonFound } from '../../contracts/index.ts';
import { isUnchanged } from '../base/dropped.ts';

const CHUNK_BYTES = 65_536;
/** Records of one file; what comes after them is passed over and told. */
const RECORDS_MAX = 1_000_000;
/** Different records of which it is remembered how often they stood in the file; later ones count as first. */
const COUNTED_MAX = 200_000;

/** One record of a file, or what could not be taken of it. `key` is the same whenever the file is read. */
export type FileRecord =
  | { readonly kind: 'record'; readonly key: string; readonly bytes: Buffer }
  | { readonly kind: 'skipped'; readonly key: string; readonly reason: 'too_large' | 'unreadable' };

/**
 * A file of chat messages while it is read, one record after another; memory is bounded by a chunk and a record.
 * INVARIANT: a record's key comes from its bytes and how often they stood before in this file. So a file that is read
 * again after a crash, or an export that holds an older one, brings no message twice, and two equal ones of a file stay
 * two.
 */
export class RecordFile {
  readonly name: Buffer;
  readonly #file: FileHandle;
  readonly #before: Stats;
  readonly #splitter = new JsonRecordSplitter();
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  readonly #counted = new Map<string, number>();
  #found: JsonFound[] = [];
  #at = 0;
  #ended = false;
  #records = 0;
  #skipped = 0;

  constructor(name: Buffer, file: FileHandle, before: Stats) {
    this.name = name;
    this.#file = file;
    this.#before = before;
  }

  /** True when everything that stood in the file was taken. */
  get isWhole(): boolean {
    return this.#skipped === 0;
  }

  /** The next record, or null at the end. Throws what reading the disk throws. */
  async next(): Promise<FileRecord | null> {
    while (this.#found.length === 0 && !this.#ended) await this.#read();
    const found = this.#found.shift();
    if (found === undefined) return null;
    this.#records += 1;
    if (this.#records <= RECORDS_MAX) return this.#toRecord(found);
    this.#found = [];
    this.#ended = true;
    return this.#skip('too_large', 'rest');
  }

  /** False: somebody wrote to it since it was opened, and its end is not what was read. */
  isUnchanged(): Promise<boolean> {
    return isUnchanged(this.#file, this.#before);
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }

  async #read(): Promise<void> {
    const { bytesRead } = await this.#file.read(this.#chunk, 0, CHUNK_BYTES, this.#at);
    this.#at += bytesRead;
    this.#ended = bytesRead === 0;
    this.#found = this.#ended ? this.#splitter.end() : this.#splitter.push(this.#chunk.subarray(0, bytesRead));
  }

  #toRecord(found: JsonFound): FileRecord {
    switch (found.kind) {
      case 'record': {
        const digest = createHash('sha256').update(found.bytes).digest('hex');
        return { kind: 'record', key: `${digest}.${this.#count(digest)}`, bytes: Buffer.from(found.bytes) };
      }
      case 'skipped':
        return this.#skip(found.reason === 'too_large' ? 'too_large' : 'unreadable', `${found.start}-${found.end}`);
      case 'fault':
        return this.#skip('unreadable', `fault ${found.at}`);
      default:
        return found satisfies never;
    }
  }

  #count(digest: string): number {
    const before = this.#counted.get(digest) ?? 0;
    if (before > 0 || this.#counted.size < COUNTED_MAX) this.#counted.set(digest, before + 1);
    return before;
  }

  #skip(reason: 'too_large' | 'unreadable', place: string): FileRecord {
    this.#skipped += 1;
    const key = createHash('sha256').update(`${this.#before.size}\n${place}\n`).update(this.name).digest('hex');
    return { kind: 'skipped', key: `skipped.${key}`, reason };
  }
}
