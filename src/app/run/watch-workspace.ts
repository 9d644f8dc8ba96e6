import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1024 * 1024;
const LOOK_MS = 500;
/** Files and folders of a workspace; more are not counted. */
export const ENTRIES_MAX = 20_000;
const BLOCK_BYTES = 512;
/** What is left to everybody else on that disk, whichever way a program takes up the rest. */
const FREE_BYTES_MIN = 256 * MIB;

export interface Watching {
  readonly path: string;
  readonly bytesMax: number;
  /** Called once, with a sentence, when the program has to be stopped. */
  readonly onFull: (why: string) => void;
  /** Bytes that the disk of the workspace has left. */
  readonly free?: () => number;
}

/**
 * Looks at a workspace twice a second. Between two looks a program can write beyond its quota by what the disk takes in
 * half a second, and a file that it holds open and has removed is in no folder: what that takes up is seen only when the
 * disk gets full.
 */
export function watchWorkspace({ path, bytesMax, onFull, free = () => freeOf(path) }: Watching): () => void {
  const freeBefore = free();
  const timer = setInterval(() => {
    const why = reasonOf(sizeOf(path, bytesMax), bytesMax) ?? reasonOfDisk(free(), freeBefore);
    if (why === undefined) return;
    clearInterval(timer);
    onFull(`${why}: \`${path}\``);
  }, LOOK_MS);
  return () => clearInterval(timer);
}

function reasonOf(size: Size, bytesMax: number): string | undefined {
  if (size.kind === 'bytes')
    return size.bytes <= bytesMax
      ? undefined
      : `its workspace holds more than ${bytesMax / MIB} MiB (\`zones.agentWorkspaceMiB\`)`;
  return size.kind === 'many'
    ? `its workspace holds more than ${ENTRIES_MAX} files and folders`
    : 'a folder of its workspace cannot be looked into, so that what it holds is not known';
}

/** A disk that was nearly full before the program started is not its doing. */
function reasonOfDisk(free: number, before: number): string | undefined {
  return free < Math.min(FREE_BYTES_MIN, before / 2) ? 'the disk of its workspace is nearly full' : undefined;
}

function freeOf(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

export type Size =
  | { readonly kind: 'bytes'; readonly bytes: number }
  /** More files and folders than can be counted. */
  | { readonly kind: 'many' }
  /** Something is closed to us, or lies deeper than a path can say. */
  | { readonly kind: 'hidden' };

/** Bytes on the disk of all that lies below; counted no further than `enough`. Never throws, whatever lies there. */
export function sizeOf(root: string, enough: number): Size {
  let bytes = 0;
  let entries = 0;
  const open = [root];
  try {
    for (let at = open.pop(); at !== undefined && bytes <= enough; at = open.pop()) {
      const found = lstatSync(at, { throwIfNoEntry: false });
      if (found === undefined) continue;
      bytes += found.blocks * BLOCK_BYTES;
      entries += 1;
      if (entries > ENTRIES_MAX) return { kind: 'many' };
      if (found.isDirectory()) for (const name of namesIn(at)) open.push(join(at, name));
    }
  } catch {
    return { kind: 'hidden' };
  }
  return { kind: 'bytes', bytes };
}

/** What a program takes away while we look is gone. */
function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
