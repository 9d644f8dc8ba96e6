import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { TEMPLATE_BYTES_MAX, TEMPLATE_NAMES } from '../../zone2-planner/index.ts';

/** Files looked at in the folder; the owner needs four. */
const FILES_MAX = 100;

/**
 * The owner's templates in `directory` by their name without `.txt`. A folder that is absent or may not be read gives
 * none. A file of another name is left out with a word said about it; one that is too large is handed on cut one byte
 * over the limit, so that the parser refuses it with its reason.
 */
export function readTemplates(directory: string, say: (line: string) => void): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of textFiles(directory)) {
    const name = file.slice(0, -'.txt'.length);
    if (!TEMPLATE_NAMES.some((each) => each === name)) {
      say(`a template of another name than ${TEMPLATE_NAMES.join(', ')} is left out`);
      continue;
    }
    const text = readCapped(join(directory, file));
    if (text === null) say(`template \`${name}.txt\` cannot be read; nothing is proposed from it`);
    // NUL is in no template: the parser refuses it, so an unreadable file never falls back to our words.
    found.set(name, text ?? '\u0000');
  }
  return found;
}

function textFiles(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith('.txt') && !file.startsWith('.'))
      .sort()
      .slice(0, FILES_MAX);
  } catch {
    // Absent, or outside what this process may read: the packed templates serve.
    return [];
  }
}

function readCapped(path: string): string | null {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(fd).isFile()) return null;
    const buffer = Buffer.alloc(TEMPLATE_BYTES_MAX + 1);
    const bytes = readSync(fd, buffer, 0, buffer.length, 0);
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytes));
  } catch {
    // Not UTF-8 (also when the cut falls into a character) or not readable: refused by the caller.
    return null;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
