import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** Bytes of the end of a log in which the last sentence is looked for. */
const TAIL_BYTES = 4_096;
const SENTENCE_CHARS_MAX = 500;

/**
 * The last sentence that a process of ours wrote for the owner (`hardshell: …`) into its log, in printable ASCII, with
 * `inside` (where the process sees the home) told as `home`. Null when there is none, or the log cannot be read.
 */
export function lastWords(
  log: string,
  /** Size of the log before this start: what stands there is of an earlier one. */
  fromByte: number,
  paths: { readonly inside: string; readonly home: string },
): string | null {
  const sentences = tailOf(log, fromByte)
    .split('\n')
    .filter((line) => line.startsWith('hardshell: '));
  const last = sentences.at(-1)?.slice('hardshell: '.length) ?? '';
  const plain = last.replaceAll(/[^ -~]/g, '?').slice(0, SENTENCE_CHARS_MAX);
  return plain === '' ? null : plain.replaceAll(paths.inside, paths.home);
}

/** Bytes that the log holds now; 0 when there is none. */
export function sizeOfLog(log: string): number {
  return statSync(log, { throwIfNoEntry: false })?.size ?? 0;
}

function tailOf(log: string, fromByte: number): string {
  let fd: number;
  try {
    fd = openSync(log, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(fd);
    // A log that is shorter than before was rotated meanwhile.
    const fresh = size < fromByte ? size : size - fromByte;
    const tail = Buffer.alloc(Math.min(fresh, TAIL_BYTES));
    return tail.toString('utf8', 0, readSync(fd, tail, 0, tail.length, size - tail.length));
  } catch {
    return '';
  } finally {
    closeSync(fd);
  }
}
