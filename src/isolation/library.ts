import { createHash, randomBytes } from 'node:crypto';
import { constants, createReadStream, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/**
 * Copies of Node and of packed programs, by digest, in a folder that only root can write: uids of zones cannot read a
 * checkout below /root, and what runs stays what it was when a new build replaces the checkout's files.
 */
export interface Library {
  /** Path of the copy of one file. */
  readonly file: (source: string) => Promise<string>;
  /** Path of the copy of a directory of plain files. */
  readonly directory: (source: string) => Promise<string>;
}

interface IndexEntry {
  readonly key: string;
  readonly digest: string;
}

/** `root` must be a directory of ours that nobody else can write. */
export function openLibrary(root: string): Library {
  const kept = new Map<string, Promise<string>>();
  let last: Promise<unknown> = Promise.resolve();
  // One copy at a time (two programs may be the same bytes), and one for as long as we run.
  const once = (source: string, make: () => Promise<string>): Promise<string> => {
    const found = kept.get(source) ?? last.then(make);
    kept.set(source, found);
    last = found.catch(() => kept.delete(source));
    return found;
  };
  return {
    file: (source) => once(source, () => keepFile(root, source)),
    directory: (source) => once(source, () => keepDirectory(root, source)),
  };
}

async function keepFile(root: string, source: string): Promise<string> {
  const key = await identityOf(source);
  const index = join(root, 'index.json');
  const known = readIndex(index).find((entry) => entry.key === key);
  if (known !== undefined) {
    const target = join(root, known.digest, basename(source));
    if (lstatSync(target, { throwIfNoEntry: false })?.isFile() === true) return target;
  }
  const digest = await install(root, async (staging) => {
    const copy = join(staging, basename(source));
    await copyFile(source, copy, constants.COPYFILE_FICLONE);
    await chmod(copy, ((await stat(source)).mode & 0o111) === 0 ? 0o444 : 0o555);
    // The copy is what runs, so it is the copy that is named by its digest.
    return hashFile(copy);
  });
  if ((await identityOf(source)) === key) {
    const next = `${index}.${process.pid}`;
    writeFileSync(next, JSON.stringify([...readIndex(index).slice(-7), { key, digest }]), { mode: 0o600 });
    await rename(next, index);
  }
  return join(root, digest, basename(source));
}

async function keepDirectory(root: string, source: string): Promise<string> {
  const names = (await readdir(source)).sort();
  const files = await Promise.all(names.map(async (name) => ({ name, bytes: readFileSync(join(source, name)) })));
  const hash = createHash('sha256');
  for (const { name, bytes } of files) hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  const digest = hash.digest('hex').slice(0, 32);
  const target = join(root, digest);
  if (lstatSync(target, { throwIfNoEntry: false })?.isDirectory() === true) return target;
  await install(root, async (staging) => {
    for (const { name, bytes } of files) {
      writeFileSync(join(staging, name), bytes);
      await chmod(join(staging, name), 0o444);
    }
    return digest;
  });
  return target;
}

/** Fills a directory beside and moves it into place: a name that is a digest never holds a part. */
async function install(root: string, fill: (staging: string) => Promise<string>): Promise<string> {
  const staging = join(root, `.new-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(staging, { mode: 0o755 });
  await chmod(staging, 0o755);
  try {
    const digest = await fill(staging);
    await rename(staging, join(root, digest)).catch((error: unknown) => {
      // Somebody else was quicker: what stands there has the same digest.
      if (lstatSync(join(root, digest), { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
    });
    return digest;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Changes with every change of the file. A copy that was made of it is good for as long as this stays. */
async function identityOf(source: string): Promise<string> {
  const { ino, size, mtimeMs, ctimeMs } = await stat(source);
  return [source, ino, size, mtimeMs, ctimeMs].join('\0');
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex').slice(0, 32);
}

function readIndex(path: string): IndexEntry[] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(value) ? value.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is IndexEntry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    typeof value.key === 'string' &&
    'digest' in value &&
    typeof value.digest === 'string' &&
    /^[0-9a-f]{32}$/.test(value.digest)
  );
}
