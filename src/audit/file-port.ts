import { constants } from 'node:fs';
import { lstat, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file of which every change is on stable storage when the promise resolves. Tests hand in one that fails. */
export interface DurableFile {
  /** Writes all of `bytes` at `position`, in bytes. Rejects on a short write, a full disk, an I/O error. */
  readonly write: (bytes: Uint8Array, position: number) => Promise<void>;
  /** Cuts the file to `size` bytes. */
  readonly truncate: (size: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The durable changes this room makes, and nothing else it could do to a disk. */
export interface FilePort {
  /** Opens for writing; `create` demands that the file does not exist, `open` that it does. Never follows a link. */
  readonly openFile: (path: string, how: 'create' | 'open') => Promise<DurableFile>;
  /** Puts `bytes` under `path` whole or not at all. */
  readonly replace: (path: string, bytes: Uint8Array) => Promise<void>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
}

const FILE_MODE = 0o600;

/** The real file system. */
export const realFiles: FilePort = {
  async openFile(path, how) {
    const creation = how === 'create' ? constants.O_CREAT | constants.O_EXCL : 0;
    // O_DSYNC makes one call of write and fdatasync: the data, and the size it needs to be found, are on the disk when
    // it returns. One trip to the thread pool instead of two.
    const flags = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_DSYNC | creation;
    const handle = await open(path, flags, FILE_MODE);
    if (how === 'create') await keepOwner(handle, path);
    if (how === 'create') await syncFolder(dirname(path));
    return {
      async write(bytes, position) {
        for (let done = 0; done < bytes.length;) {
          const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
          if (bytesWritten === 0) throw new Error('the file took no bytes');
          done += bytesWritten;
        }
      },
      async truncate(size) {
        await handle.truncate(size);
        await handle.sync();
      },
      close: () => handle.close(),
    };
  },
  async replace(path, bytes) {
    const staging = `${path}.new`;
    await rm(staging, { force: true });
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    // Never through a link: root writes here for an account that could plant one.
    const handle = await open(staging, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
    try {
      await keepOwner(handle, path);
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(staging, path);
    await syncFolder(dirname(path));
  },
  async rename(from, to) {
    await rename(from, to);
    await syncFolder(dirname(to));
  },
  async remove(path) {
    await rm(path, { force: true });
    await syncFolder(dirname(path));
  },
};

/** Root may write in the folder of the account that owns the home, which has to read it. */
async function keepOwner(handle: FileHandle, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const folder = await lstat(dirname(path));
  if (folder.uid !== 0) await handle.chown(folder.uid, folder.gid);
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
