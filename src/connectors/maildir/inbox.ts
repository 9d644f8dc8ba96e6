import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isWithin, joinBytes, SETTLE_MS, uniqueName } from '../base/dropped.ts';
import type { Fetched } from '../base/provider.ts';
import { FolderWatch } from '../base/watch.ts';
import { listLoose, listNew, listUnseen, type Waiting } from './list.ts';
import { takenName } from './names.ts';
import { takeFile } from './take.ts';

/** Delivered and not acknowledged: beyond this many nothing more is delivered until the executor has stored some. */
const UNACKNOWLEDGED_MAX = 1_000;
const REDELIVER_MS = 60_000;
const CUR_EVERY_MS = 60_000;

/**
 * The folder that mail comes in by. Nothing is ever deleted: a stored message moves to `cur` with the flag `S`, what
 * cannot be taken moves to `.rejected`. What was not acknowledged is delivered again after a restart, or a minute.
 */
export class MaildirInbox {
  readonly #path: string;
  readonly #watch: FolderWatch;
  #queue: Waiting[] = [];
  readonly #delivered = new Map<string, { readonly entry: Waiting; readonly atMs: number }>();
  readonly #reported = new Set<string>();
  #unsettled = false;
  #redeliver = false;
  #curListedMs = -CUR_EVERY_MS;
  #order = 0;

  private constructor(path: string) {
    this.#path = path;
    this.#watch = new FolderWatch([path, join(path, 'new')]);
  }

  /** Makes the folders where they are missing. */
  static async open(path: string): Promise<MaildirInbox> {
    for (const name of ['new', 'cur', 'tmp', '.rejected'])
      await mkdir(join(path, name), { recursive: true, mode: 0o700 });
    return new MaildirInbox(path);
  }

  hasMore(): boolean {
    return this.#queue.length > 0;
  }

  async acknowledge(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const entry = this.#delivered.get(key)?.entry;
      this.#delivered.delete(key);
      if (entry !== undefined) await this.#move(entry, join('cur', takenName(entry)));
    }
  }

  async next(): Promise<Fetched | null> {
    const redeliver = this.#forgetOld();
    if (this.#delivered.size >= UNACKNOWLEDGED_MAX) return null;
    if (this.#queue.length === 0) await this.#refill(redeliver);
    for (let entry = this.#queue.shift(); entry !== undefined; entry = this.#queue.shift()) {
      const fetched = await this.#take(entry);
      if (fetched !== null) return fetched;
    }
    return null;
  }

  changed(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return this.#watch.wait(this.#unsettled ? Math.min(timeoutMs, SETTLE_MS / 2) : timeoutMs, signal);
  }

  close(): void {
    this.#watch.close();
  }

  /** Forgets deliveries that nobody acknowledged for long, so that they are listed again; true when there were some. */
  #forgetOld(): boolean {
    const before = this.#delivered.size;
    for (const [key, sent] of this.#delivered) {
      // Kept in order of delivery: the first young one ends it.
      if (performance.now() - sent.atMs <= REDELIVER_MS) break;
      this.#delivered.delete(key);
    }
    this.#redeliver ||= this.#delivered.size < before;
    return this.#redeliver;
  }

  async #refill(redeliver: boolean): Promise<void> {
    const now = performance.now();
    const changed = await this.#watch.takeChange();
    if (!changed && !this.#unsettled && !redeliver && now - this.#curListedMs < CUR_EVERY_MS) return;
    this.#redeliver = false;
    this.#unsettled = false;
    const order = (): number => (this.#order += 1);
    await this.#adoptLoose(order);
    let found = await listNew(this.#path, order);
    if (now - this.#curListedMs >= CUR_EVERY_MS || redeliver) {
      found = [...found, ...(await listUnseen(this.#path, order))];
      this.#curListedMs = now;
    }
    this.#queue = found.filter((entry) => !this.#delivered.has(entry.key) && !this.#reported.has(entry.key));
  }

  /** Moves loose `.eml` files that are no longer being written into `new`, under names of ours. */
  async #adoptLoose(order: () => number): Promise<void> {
    const nowMs = Date.now();
    for (const { name, mtimeMs } of await listLoose(this.#path)) {
      if (isWithin(nowMs - mtimeMs, SETTLE_MS)) {
        this.#unsettled = true;
        continue;
      }
      // The file's own time is lost to nobody: it stays on the file. The name says when it arrived here.
      await rename(joinBytes(this.#path, name), join(this.#path, 'new', uniqueName(nowMs, order()))).catch(
        () => undefined,
      );
    }
  }

  async #take(entry: Waiting): Promise<Fetched | null> {
    // The same key in `new` and in `cur`: one after the other.
    if (this.#delivered.has(entry.key)) return null;
    const taken = await takeFile(join(this.#path, entry.folder, entry.name), Date.now());
    switch (taken.kind) {
      case 'gone':
        return null;
      case 'wait':
        this.#unsettled = true;
        return null;
      case 'rejected':
        this.#reported.add(entry.key);
        await this.#move(entry, join('.rejected', entry.name));
        return { kind: 'skipped', channel: 'email', key: entry.key, reason: taken.reason };
      case 'taken':
        this.#delivered.set(entry.key, { entry, atMs: performance.now() });
        return { kind: 'message', channel: 'email', key: entry.key, bytes: taken.bytes, receivedAt: taken.receivedAt };
      default:
        return taken satisfies never;
    }
  }

  /** A file that somebody else moved or that may not be moved stays where it is; it is not delivered again by us. */
  async #move(entry: Waiting, to: string): Promise<void> {
    await rename(join(this.#path, entry.folder, entry.name), join(this.#path, to)).catch(() =>
      this.#reported.add(entry.key),
    );
  }
}
