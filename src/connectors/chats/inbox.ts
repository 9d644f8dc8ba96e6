import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Channel } from '../../contracts/index.ts';
import { joinBytes, openDropped, SETTLE_MS } from '../base/dropped.ts';
import type { Fetched } from '../base/provider.ts';
import { FolderWatch } from '../base/watch.ts';
import { CHAT_FOLDERS, listChatFiles, moveAside, type MoveFile } from './files.ts';
import { RecordFile, type FileRecord } from './record-file.ts';

/** Delivered and not acknowledged: beyond this many nothing more is delivered until the executor has stored some. */
const UNACKNOWLEDGED_MAX = 200;
const REDELIVER_MS = 60_000;

/** A file of which records are out: it moves aside when it was read to its end and each of them is stored. */
interface Reading {
  readonly file: RecordFile;
  waiting: number;
  ended: boolean;
}

/**
 * The folder that files of one chat channel come in by. Nothing is ever deleted: a file of which every record is stored
 * moves to `cur`, one of which something could not be taken to `.rejected`. Until then it stays where it is, so that a
 * crash loses nothing; what is delivered twice has the same key twice.
 */
export class ChatInbox {
  readonly #channel: Channel;
  readonly #path: string;
  readonly #move: MoveFile;
  readonly #watch: FolderWatch;
  #queue: Buffer[] = [];
  #reading: Reading | null = null;
  readonly #unacknowledged = new Map<string, { readonly of: Reading; readonly atMs: number }>();
  /** Names that could not be moved aside: not read again before the next start. */
  readonly #stuck = new Set<string>();
  #unsettled = false;
  #listAgain = true;
  #stampMs = 0;

  private constructor(channel: Channel, path: string, move: MoveFile) {
    this.#channel = channel;
    this.#path = path;
    this.#move = move;
    this.#watch = new FolderWatch([path]);
  }

  /** Makes the folders where they are missing. */
  static async open(channel: Channel, path: string, move: MoveFile): Promise<ChatInbox> {
    for (const name of CHAT_FOLDERS) await mkdir(join(path, name), { recursive: true, mode: 0o700 });
    return new ChatInbox(channel, path, move);
  }

  hasMore(): boolean {
    return this.#reading !== null || this.#queue.length > 0;
  }

  async acknowledge(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const reading = this.#unacknowledged.get(key)?.of;
      if (reading === undefined) continue;
      this.#unacknowledged.delete(key);
      reading.waiting -= 1;
      await this.#finish(reading);
    }
  }

  async next(): Promise<Fetched | null> {
    await this.#startOverWhenLost();
    for (;;) {
      if (this.#unacknowledged.size >= UNACKNOWLEDGED_MAX) return null;
      if (this.#reading === null) {
        const fetched = await this.#openNext();
        if (fetched !== null || this.#reading === null) return fetched;
      }
      const fetched = await this.#take(this.#reading);
      if (fetched !== null) return fetched;
    }
  }

  changed(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return this.#watch.wait(this.#unsettled ? Math.min(timeoutMs, SETTLE_MS / 2) : timeoutMs, signal);
  }

  close(): void {
    this.#watch.close();
    void this.#reading?.file.close();
  }

  /** The next record of the file, or null when it has no further one that is not out already. */
  async #take(reading: Reading): Promise<Fetched | null> {
    let record: FileRecord | null;
    try {
      record = await reading.file.next();
    } catch {
      // The disk gives no more of it: what is stored stays, the file too, and it is tried again after the next start.
      const { name } = reading.file;
      this.#reading = null;
      this.#stuck.add(name.toString('latin1'));
      await reading.file.close();
      return this.#unreadable(name);
    }
    if (record === null) {
      this.#reading = null;
      reading.ended = true;
      await this.#finish(reading);
      return null;
    }
    const key = `${this.#channel}.${record.key}`;
    // Out already, from another file that is not stored yet: that file brings it again should this be lost.
    if (this.#unacknowledged.has(key)) return null;
    this.#unacknowledged.set(key, { of: reading, atMs: performance.now() });
    reading.waiting += 1;
    return this.#toFetched(key, record);
  }

  #toFetched(key: string, record: FileRecord): Fetched {
    const channel = this.#channel;
    if (record.kind === 'skipped') return { kind: 'skipped', channel, key, reason: record.reason };
    // When it came in here: a saved export is older than any retention. Never the same twice, so that order stays.
    this.#stampMs = Math.max(this.#stampMs + 1, Date.now());
    return { kind: 'message', channel, key, bytes: record.bytes, receivedAt: new Date(this.#stampMs) };
  }

  async #finish(reading: Reading): Promise<void> {
    if (!reading.ended || reading.waiting > 0) return;
    const { file } = reading;
    const isUnchanged = await file.isUnchanged().catch(() => false);
    await file.close();
    // Somebody went on writing: read it again, what is known is not taken twice.
    if (!isUnchanged) this.#listAgain = true;
    else await this.#aside(file.name, file.isWhole ? 'cur' : '.rejected');
  }

  /** Opens the next file; what is no file that may be read is moved aside and told instead. */
  async #openNext(): Promise<Fetched | null> {
    if (this.#queue.length === 0) await this.#list();
    for (let name = this.#queue.shift(); name !== undefined; name = this.#queue.shift()) {
      const dropped = await openDropped(joinBytes(this.#path, name), Date.now());
      switch (dropped.kind) {
        case 'open':
          await dropped.file.chmod(0o600).catch(() => undefined);
          this.#reading = { file: new RecordFile(name, dropped.file, dropped.stat), waiting: 0, ended: false };
          return null;
        case 'rejected':
          await this.#aside(name, '.rejected');
          return this.#unreadable(name);
        case 'wait':
          this.#unsettled = true;
          break;
        case 'gone':
          break;
        default:
          return dropped satisfies never;
      }
    }
    return null;
  }

  #unreadable(name: Buffer): Fetched {
    const key = `${this.#channel}.file.${createHash('sha256').update(name).digest('hex')}`;
    return { kind: 'skipped', channel: this.#channel, key, reason: 'unreadable' };
  }

  async #list(): Promise<void> {
    const changed = await this.#watch.takeChange();
    if (!changed && !this.#unsettled && !this.#listAgain) return;
    const busy = new Set([...this.#unacknowledged.values()].map(({ of }) => of.file.name.toString('latin1')));
    this.#unsettled = false;
    this.#listAgain = busy.size > 0;
    this.#queue = (await listChatFiles(this.#path)).filter((name) => {
      const text = name.toString('latin1');
      return !busy.has(text) && !this.#stuck.has(text);
    });
  }

  async #aside(name: Buffer, folder: 'cur' | '.rejected'): Promise<void> {
    if (!(await moveAside(this.#path, name, folder, this.#move))) this.#stuck.add(name.toString('latin1'));
  }

  /** What nobody acknowledged for long was lost on its way: its files are read again from their beginning. */
  async #startOverWhenLost(): Promise<void> {
    const [oldest] = this.#unacknowledged.values();
    if (oldest === undefined || performance.now() - oldest.atMs <= REDELIVER_MS) return;
    const files = new Set([...this.#unacknowledged.values()].map(({ of }) => of.file));
    if (this.#reading !== null) files.add(this.#reading.file);
    this.#unacknowledged.clear();
    this.#reading = null;
    this.#queue = [];
    this.#listAgain = true;
    for (const file of files) await file.close();
  }
}
