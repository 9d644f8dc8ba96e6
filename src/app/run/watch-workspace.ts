import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const LOOK_MS = 500;
const ENTRIES_A_LOOK = 20_000;
const BLOCK_BYTES = 512;

/**
 * Looks at a workspace twice a second; `onFull` is called once when it holds more than `bytesMax`, or more files than
 * can be counted. Between two looks a program can write beyond that by what the disk takes in half a second.
 */
export function watchWorkspace(path: string, bytesMax: number, onFull: (bytes: number) => void): () => void {
  const timer = setInterval(() => {
    const bytes = sizeOf(path, bytesMax);
    if (bytes <= bytesMax) return;
    clearInterval(timer);
    onFull(bytes);
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/** Bytes on the disk of all that lies below; infinite where there is more than can be looked at. */
export function sizeOf(root: string, enough: number): number {
  let bytes = 0;
  let entries = 0;
  const open = [root];
  for (let at = open.pop(); at !== undefined && bytes <= enough; at = open.pop()) {
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (found === undefined) continue;
    bytes += found.blocks * BLOCK_BYTES;
    entries += 1;
    if (entries > ENTRIES_A_LOOK) return Number.POSITIVE_INFINITY;
    if (found.isDirectory()) for (const name of namesIn(at)) open.push(join(at, name));
  }
  return bytes;
}

/** What a program takes away while we look is gone. */
function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
