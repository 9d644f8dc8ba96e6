import { createReadStream } from 'node:fs';

/** What stands in an archive: always root's, always of the year 1970, so that the same content is the same bytes. */
export type TarEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'bytes'; readonly path: string; readonly mode: number; readonly bytes: Buffer }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly source: string;
      readonly size: number;
    }
  /** Produced when it is written; exactly `size` bytes. */
  | {
      readonly kind: 'stream';
      readonly path: string;
      readonly mode: number;
      readonly size: number;
      readonly open: () => AsyncIterable<Buffer>;
    };

const BLOCK = 512;
const NAME_BYTES_MAX = 100;
const PREFIX_BYTES_MAX = 155;
const CHUNK_BYTES = 1 << 20;

/** A ustar archive. Throws when a file is not as long as it was said to be. */
export async function* writeTar(entries: readonly TarEntry[]): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    yield header(entry);
    const size = sizeOf(entry);
    let written = 0;
    for await (const chunk of contentOf(entry)) {
      written += chunk.length;
      if (written > size) break;
      yield chunk;
    }
    if (written !== size) throw new Error(`\`${entry.path}\` changed while it was packed`);
    const rest = (BLOCK - (size % BLOCK)) % BLOCK;
    if (rest > 0) yield Buffer.alloc(rest);
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** Length of the archive in bytes. */
export function tarSize(entries: readonly TarEntry[]): number {
  return entries.reduce((sum, entry) => sum + BLOCK + Math.ceil(sizeOf(entry) / BLOCK) * BLOCK, 2 * BLOCK);
}

function sizeOf(entry: TarEntry): number {
  switch (entry.kind) {
    case 'directory':
      return 0;
    case 'bytes':
      return entry.bytes.length;
    case 'file':
    case 'stream':
      return entry.size;
    default:
      return entry satisfies never;
  }
}

async function* contentOf(entry: TarEntry): AsyncGenerator<Buffer> {
  switch (entry.kind) {
    case 'directory':
      return;
    case 'bytes':
      yield entry.bytes;
      return;
    case 'file':
      for await (const chunk of createReadStream(entry.source, { highWaterMark: CHUNK_BYTES }))
        yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      return;
    case 'stream':
      yield* entry.open();
      return;
    default:
      entry satisfies never;
  }
}

function header(entry: TarEntry): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  const { name, prefix } = splitPath(entry.kind === 'directory' ? `${entry.path}/` : entry.path);
  bytes.write(name, 0, 'latin1');
  bytes.write(`${octal(entry.mode, 7)}\0`, 100, 'latin1');
  bytes.write(`${octal(0, 7)}\0`, 108, 'latin1');
  bytes.write(`${octal(0, 7)}\0`, 116, 'latin1');
  bytes.write(`${octal(sizeOf(entry), 11)}\0`, 124, 'latin1');
  bytes.write(`${octal(0, 11)}\0`, 136, 'latin1');
  bytes.write('        ', 148, 'latin1');
  bytes.write(entry.kind === 'directory' ? '5' : '0', 156, 'latin1');
  bytes.write('ustar\x0000', 257, 'latin1');
  bytes.write(prefix, 345, 'latin1');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return bytes;
}

function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (!/^[\x21-\x7e]+$/.test(path)) throw new Error(`\`${path}\` has characters that an archive of ours does not hold`);
  if (path.length <= NAME_BYTES_MAX) return { name: path, prefix: '' };
  for (let at = path.lastIndexOf('/', path.length - 2); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const prefix = path.slice(0, at);
    const name = path.slice(at + 1);
    if (name.length > NAME_BYTES_MAX) break;
    if (prefix.length <= PREFIX_BYTES_MAX) return { name, prefix };
  }
  throw new Error(`\`${path}\` is too long for an archive`);
}

function octal(value: number, digits: number): string {
  const text = value.toString(8).padStart(digits, '0');
  if (text.length > digits) throw new Error('too large for an archive');
  return text;
}
