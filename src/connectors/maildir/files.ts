import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { errorCode } from '../base/dropped.ts';

/**
 * The durable steps of the outbox, one method a step, so that tests can fail or kill between any two of them.
 * Paths are ours; whoever can write to the folder may have planted links, so none is followed.
 */
export interface OutboxFiles {
  readonly makeFolder: (path: string) => Promise<void>;
  /** Creates the file (it must not exist), writes, fsyncs. */
  readonly writeNew: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Gives the file a second name, which must not exist: the step that makes it visible. */
  readonly publish: (from: string, to: string) => Promise<void>;
  readonly syncFolder: (path: string) => Promise<void>;
  /** Removes the file if it is there. */
  readonly remove: (path: string) => Promise<void>;
  /** Bytes of a regular file of at most `bytesMax`, or null when there is none. */
  readonly read: (path: string, bytesMax: number) => Promise<Buffer | null>;
  readonly exists: (path: string) => Promise<boolean>;
  readonly list: (path: string) => Promise<readonly string[]>;
}

export const nodeFiles: OutboxFiles = {
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  writeNew: async (path, bytes) => {
    const file = await open(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  publish: async (from, to) => {
    try {
      await link(from, to);
    } catch (error) {
      // Disks without second names (FAT, some network disks). Acts run one at a time and `to` was looked for before.
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errorCode(error))) throw error;
      await rename(from, to);
    }
  },
  syncFolder: async (path) => {
    const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  remove: async (path) => {
    await unlink(path).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
    });
  },
  read: readRegular,
  exists: async (path) => {
    try {
      await lstat(path);
      return true;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  },
  list: (path) => readdir(path),
};

async function readRegular(path: string, bytesMax: number): Promise<Buffer | null> {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > bytesMax) return Buffer.alloc(0);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
