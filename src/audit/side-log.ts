import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvent, AuditMode } from '../contracts/index.ts';
import { Chain } from './chain.ts';
import { realFiles } from './file-port.ts';
import type { DurableFile, FilePort } from './file-port.ts';
import { EMPTY } from './format.ts';
import type { Place } from './format.ts';
import { readActiveSegment } from './read-segment.ts';
import { releaseReserve } from './reserve.ts';

/** Logs of processes other than the executor; the executor anchors their heads in its own. */
export type SideLogName =
  'stop-audit' | 'guardian-audit' | 'gateway-audit' | 'supervisor-audit' | 'auth-audit' | 'command-audit';

export interface SideLogOptions {
  readonly name: SideLogName;
  readonly mode: AuditMode;
  readonly wallMs: () => number;
  readonly files?: FilePort;
}

export type OpenedSideLog =
  | { readonly kind: 'ok'; readonly log: SideLog }
  | { readonly kind: 'broken'; readonly entry: number; readonly message: string };

/**
 * The small chained file of a process without a database. It is checked whole when opened (it stays small) and may
 * use the space kept back on a full disk, so that a stop is on the record when nothing else can be written.
 */
export class SideLog {
  readonly #dir: string;
  readonly #files: FilePort;
  readonly #file: DurableFile;
  readonly #chain: Chain;
  #bytes: number;
  #last: Promise<void> = Promise.resolve();

  constructor(from: { dir: string; files: FilePort; file: DurableFile; chain: Chain; bytes: number }) {
    this.#dir = from.dir;
    this.#files = from.files;
    this.#file = from.file;
    this.#chain = from.chain;
    this.#bytes = from.bytes;
  }

  head(): Place {
    return this.#chain.head();
  }

  /** Records one event; resolves with the line when it is on stable storage. Rejects when the disk refuses it. */
  record(event: AuditEvent): Promise<string> {
    const recorded = this.#last.then(() => this.#record(event));
    this.#last = recorded.then(
      () => undefined,
      () => undefined,
    );
    return recorded;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  async #record(event: AuditEvent): Promise<string> {
    const mark = this.#chain.mark();
    const line = this.#chain.next(event);
    const bytes = Buffer.from(`${line}\n`, 'latin1');
    try {
      await this.#write(bytes);
    } catch (cause) {
      this.#chain.reset(mark);
      await this.#file.truncate(this.#bytes).catch(() => undefined);
      throw cause;
    }
    this.#bytes += bytes.length;
    return line;
  }

  async #write(bytes: Buffer): Promise<void> {
    try {
      await this.#file.write(bytes, this.#bytes);
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC')) throw cause;
      await releaseReserve(this.#dir, this.#files);
      await this.#file.write(bytes, this.#bytes);
    }
  }
}

/** Makes an empty side log. Rejects with `EEXIST` when there is one. */
export async function createSideLog(dir: string, options: SideLogOptions): Promise<SideLog> {
  const files = options.files ?? realFiles;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = await files.openFile(join(dir, `${options.name}.jsonl`), 'create');
  return new SideLog({ dir, files, file, chain: makeChain(options, EMPTY), bytes: 0 });
}

/** Opens a side log after checking every line of it; an unfinished last line (a crash) is cut. */
export async function openSideLog(dir: string, options: SideLogOptions): Promise<OpenedSideLog> {
  const files = options.files ?? realFiles;
  const name = `${options.name}.jsonl`;
  const found = readActiveSegment(dir, name, 0);
  if (found.brokenAt !== null) {
    const message = `\`${join(dir, name)}\` is broken at entry ${found.brokenAt}: keep it as evidence, move it away, then try again`;
    return { kind: 'broken', entry: found.brokenAt, message };
  }
  const file = await files.openFile(join(dir, name), 'open');
  if (found.tornBytes > 0) await file.truncate(found.bytes);
  return {
    kind: 'ok',
    log: new SideLog({ dir, files, file, chain: makeChain(options, found.place), bytes: found.bytes }),
  };
}

/** True when the side log's file is there; opening and creating stay two acts. */
export function hasSideLog(dir: string, name: SideLogName): boolean {
  return existsSync(join(dir, `${name}.jsonl`));
}

function makeChain({ mode, wallMs }: SideLogOptions, head: Place): Chain {
  return new Chain({ head, mode, wallMs });
}
