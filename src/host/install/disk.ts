import { createHash, type Hash } from 'node:crypto';
import {
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Content, Owner } from './plan.ts';

const BLOCK_BYTES = 1 << 20;
/** Stands beside the file while it is written; a crash leaves at most this, and the next run takes it away. */
export const HALF_WRITTEN = '.hardshell-new';

export interface Rights extends Owner {
  readonly mode: number;
}

/** Puts the whole file in place or none of it, with its rights, on stable storage. Returns its digest. */
export function placeFile(path: string, content: Content, rights: Rights): string {
  const staging = `${path}${HALF_WRITTEN}`;
  rmSync(staging, { force: true });
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(staging, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  const hash = createHash('sha256');
  try {
    if (content.kind === 'copy') pour(content.from, fd, hash);
    else put(fd, Buffer.from(content.text), hash);
    fchownSync(fd, rights.uid, rights.gid);
    // After the owner, whose change clears some bits.
    fchmodSync(fd, rights.mode);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  const digest = hash.digest('hex');
  if (content.kind === 'copy' && digest !== content.sha256) {
    rmSync(staging, { force: true });
    throw new Error(`\`${content.from}\` changed while it was copied; run the installation again`);
  }
  renameSync(staging, path);
  syncFolder(dirname(path));
  return digest;
}

/** A copy for the day of the uninstall: bytes, mode, owner and times. */
export function copyAside(from: string, to: string): void {
  const fd = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { uid, gid, mode, atime, mtime } = fstatSync(fd);
    const sha256 = digestOf(from);
    if (sha256 === null) throw new Error(`\`${from}\` cannot be read`);
    placeFile(to, { kind: 'copy', from, sha256, bytes: 0 }, { uid, gid, mode: mode & 0o7777 });
    utimesSync(to, atime, mtime);
  } finally {
    closeSync(fd);
  }
}

/** SHA-256 of a plain file; null when there is none or it is no plain file. Links are not followed. */
export function digestOf(path: string): string | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    if (!fstatSync(fd).isFile()) return null;
    const hash = createHash('sha256');
    eachBlock(fd, (block) => hash.update(block));
    return hash.digest('hex');
  } finally {
    closeSync(fd);
  }
}

export function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Owner first: a change of owner clears bits of the mode. */
export function setOwner(path: string, { uid, gid }: Owner): void {
  chownSync(path, uid, gid);
}

function pour(from: string, to: number, hash: Hash): void {
  const fd = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    eachBlock(fd, (block) => put(to, block, hash));
  } finally {
    closeSync(fd);
  }
}

function eachBlock(fd: number, use: (block: Uint8Array) => void): void {
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let read = readSync(fd, block); read > 0; read = readSync(fd, block)) use(block.subarray(0, read));
}

function put(fd: number, bytes: Uint8Array, hash: Hash): void {
  hash.update(bytes);
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
}
