import { HardshellError } from '../contracts/index.ts';
import type { DurableFile, FilePort } from './file-port.ts';
import { nextPlace } from './line.ts';
import type { Place } from './format.ts';
import { leafHash } from './merkle.ts';
import type { CompactRange } from './merkle.ts';
import { releaseReserve } from './reserve.ts';
import { closeSegment } from './close-segment.ts';
import type { Segment } from './segments.ts';

/** What a log is made of once its files have been checked; only `createLog` and `openLog` make one. */
export interface LogState {
  readonly dir: string;
  readonly name: string;
  readonly files: FilePort;
  readonly file: DurableFile;
  /** Bytes of the current segment that are durable. */
  readonly bytes: number;
  readonly place: Place;
  readonly tree: CompactRange;
  /** First number and preceding hash of the current segment, and the leaf hashes of its lines. */
  readonly segment: Segment;
  /** The current segment is closed when it has grown past this many bytes. */
  readonly segmentBytesMax: number;
}

interface Waiting {
  readonly lines: readonly string[];
  /** Where the log stands once these are durable. */
  readonly place: Place;
  readonly resolve: (nothing: undefined) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The append end of one log. Calls made while a write is under way share the next one (group commit).
 * INVARIANT: after any failed write nothing more is appended until the log is opened, that is distrusted, again.
 */
export class AuditLog {
  readonly #dir: string;
  readonly #name: string;
  readonly #files: FilePort;
  readonly #segmentBytesMax: number;
  readonly #tree: CompactRange;
  #file: DurableFile;
  #bytes: number;
  #segment: Segment;
  #durable: Place;
  #accepted: Place;
  #waiting: Waiting[] = [];
  /** Durable lines that are not in the tree yet; whoever asks for the tree adds them first. */
  #ungrown: string[] = [];
  #pump: Promise<void> | null = null;
  #failure: HardshellError | null = null;
  #closed = false;

  constructor(state: LogState) {
    this.#dir = state.dir;
    this.#name = state.name;
    this.#files = state.files;
    this.#segmentBytesMax = state.segmentBytesMax;
    this.#tree = state.tree;
    this.#file = state.file;
    this.#bytes = state.bytes;
    this.#segment = state.segment;
    this.#durable = state.place;
    this.#accepted = state.place;
  }

  /** Number and hash of the last durable line. */
  head(): Place {
    return this.#durable;
  }

  /** A copy of the tree's edge over the durable lines, for a checkpoint. */
  tree(): CompactRange {
    this.#growTree();
    return this.#tree.clone();
  }

  /** Null while appends are possible; otherwise why they are not. */
  failure(): HardshellError | null {
    return this.#failure;
  }

  /**
   * Appends whole lines (without LF) and resolves when they are on stable storage.
   * @throws HardshellError `disk_failed` (full disk, I/O error, or an earlier failure), `invariant_broken` when the
   * lines do not follow the last accepted one; in both cases none of them counts as written.
   */
  append(lines: readonly string[]): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (lines.length === 0) return Promise.resolve();
    let place = this.#accepted;
    for (const line of lines) {
      const next = nextPlace(line, place);
      if (next === null) {
        const message = `audit lines must follow entry ${place.seq}; the one given does not`;
        return Promise.reject(new HardshellError('invariant_broken', message, { fate: 'stop' }));
      }
      place = next;
    }
    this.#accepted = place;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#waiting.push({ lines, place, resolve, reject });
    this.#pump ??= this.#run();
    return promise;
  }

  /** Waits for what was accepted and lets the file go. */
  async close(): Promise<void> {
    await this.#pump;
    if (this.#closed) return;
    this.#closed = true;
    this.#failure ??= new HardshellError('disk_failed', 'the audit log is closed', { fate: 'stop' });
    await this.#file.close();
  }

  async #run(): Promise<void> {
    // Callers of the same turn share the first write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const lines = batch.flatMap((one) => one.lines);
      const bytes = Buffer.from(`${lines.join('\n')}\n`, 'latin1');
      try {
        const written = this.#file.write(bytes, this.#bytes);
        // The tree over what is durable grows while the disk works.
        this.#growTree();
        await written;
      } catch (cause) {
        await this.#fail(cause, batch);
        break;
      }
      this.#bytes += bytes.length;
      this.#durable = batch.at(-1)?.place ?? this.#durable;
      this.#ungrown.push(...lines);
      for (const one of batch) one.resolve(undefined);
      if (this.#bytes >= this.#segmentBytesMax) await this.#rotate();
    }
    this.#pump = null;
  }

  #growTree(): void {
    for (const line of this.#ungrown.splice(0)) {
      const leaf = leafHash(line);
      this.#tree.append(leaf);
      this.#segment.leaves.push(leaf);
    }
  }

  async #rotate(): Promise<void> {
    try {
      this.#growTree();
      const { file, segment } = await closeSegment({
        dir: this.#dir,
        name: this.#name,
        files: this.#files,
        file: this.#file,
        segment: this.#segment,
        place: this.#durable,
        tree: this.#tree,
      });
      this.#file = file;
      this.#segment = segment;
      this.#bytes = 0;
    } catch (cause) {
      await this.#fail(cause, []);
    }
  }

  async #fail(cause: unknown, batch: readonly Waiting[]): Promise<void> {
    const full = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
    const message = full
      ? 'the disk is full: the audit log takes no more lines; make room, then start again'
      : 'the audit log could not be written; check the disk, then start again';
    const failure = new HardshellError('disk_failed', message, { fate: 'stop', cause });
    this.#failure = failure;
    // What the failed write left behind is not durable and must not look as if it were. When this fails too, opening
    // compares with the outbox and cuts.
    await this.#file.truncate(this.#bytes).catch(() => undefined);
    // Room for the stop that follows: the latch, and a line in the log of whoever stops.
    if (full) await releaseReserve(this.#dir, this.#files).catch(() => undefined);
    for (const one of [...batch, ...this.#waiting]) one.reject(failure);
    this.#waiting = [];
  }
}
