import { chmodSync, lstatSync, readlinkSync, renameSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { digestOf, HALF_WRITTEN, placeFile, setOwner, syncFolder } from '../disk.ts';
import type { Entry } from '../journal.ts';
import { look, placeOf, requireSafeWay, unsafe } from '../paths.ts';
import type { FileStep, LinkStep } from '../plan.ts';
import type { Handler, Site, Undone } from './observed.ts';

/** Appended to a file that the owner changed and that we replace or take away. */
export const CHANGED = '.changed-by-owner';

export const fileHandler: Handler<FileStep> = {
  identity: ({ content }) =>
    content.kind === 'copy' ? content.sha256 : createHash('sha256').update(content.text).digest('hex'),
  subject: ({ path }) => path,
  observe: (step, { target }, entry) => {
    requireSafeWay(target, step.path);
    const path = placeOf(target, step.path);
    const found = look(path);
    if (found === undefined) return { kind: 'absent' };
    if (found.isSymbolicLink()) throw unsafe(`\`${path}\` is a link`, 'move it away');
    if (!found.isFile()) throw unsafe(`\`${path}\` is not a plain file`, 'move it away');
    if (found.uid !== 0 && found.uid !== step.owner.uid)
      throw unsafe(`\`${path}\` belongs to uid ${found.uid}`, 'move it away');
    const identity = digestOf(path) ?? '';
    const rights = found.uid === step.owner.uid && found.gid === step.owner.gid && (found.mode & 0o7777) === step.mode;
    const match = identity === fileHandler.identity(step) && rights;
    // Our own bytes with other rights are put right, not kept aside.
    return match ? { kind: 'match' } : { kind: 'other', identity: entry?.made === identity ? entry.made : identity };
  },
  before: (step, site) => {
    const path = placeOf(site.target, step.path);
    return { kind: 'file', backup: site.backUp(path), sha256: digestOf(path) ?? '' };
  },
  make: (step, { target }) => {
    placeFile(placeOf(target, step.path), step.content, { ...step.owner, mode: step.mode });
  },
};

export const linkHandler: Handler<LinkStep> = {
  identity: ({ to }) => to,
  subject: ({ path }) => path,
  observe: (step, { target }, entry) => {
    requireSafeWay(target, step.path);
    const path = placeOf(target, step.path);
    const found = look(path);
    if (found === undefined) return { kind: 'absent' };
    if (!found.isSymbolicLink()) {
      if (entry === undefined) throw unsafe(`\`${path}\` stands where a link of ours goes`, 'move it away');
      return { kind: 'other', identity: 'not a link' };
    }
    if (found.uid !== 0) throw unsafe(`\`${path}\` belongs to uid ${found.uid}`, 'move it away');
    const to = readlinkSync(path);
    return to === step.to ? { kind: 'match' } : { kind: 'other', identity: to };
  },
  before: (step, { target }) => ({ kind: 'link', to: readlinkSync(placeOf(target, step.path)) }),
  make: (step, { target }) => placeLink(placeOf(target, step.path), step.to),
};

function placeLink(path: string, to: string): void {
  const staging = `${path}${HALF_WRITTEN}`;
  rmSync(staging, { force: true });
  symlinkSync(to, staging);
  renameSync(staging, path);
  syncFolder(dirname(path));
}

/** A file or link that is no longer as we made it is the owner's: it is kept beside, and told. */
export function keepAside(path: string, site: Site): void {
  let aside = `${path}${CHANGED}`;
  for (let n = 2; look(aside) !== undefined; n++) aside = `${path}${CHANGED}.${n}`;
  renameSync(path, aside);
  site.tell(`\`${path}\` was changed after the installation; it is kept as \`${aside}\``);
}

export function undoFile(entry: Entry, site: Site): Undone {
  const path = placeOf(site.target, entry.subject);
  rmSync(`${path}${HALF_WRITTEN}`, { force: true });
  const { before } = entry;
  if (before.kind === 'same') return 'stays';
  const found = look(path);
  const now = found === undefined ? null : found.isFile() ? (digestOf(path) ?? '') : 'not a file';
  if (before.kind === 'file' && now === before.sha256) return 'restored';
  const ours = now === entry.made || (now !== null && now === entry.was);
  if (now !== null && !ours) keepAside(path, site);
  if (before.kind === 'file') {
    const backup = site.backupPath(before.backup);
    const { uid, gid, mode, atime, mtime } = lstatSync(backup);
    const content = { kind: 'copy', from: backup, sha256: before.sha256, bytes: 0 } as const;
    placeFile(path, content, { uid, gid, mode: mode & 0o7777 });
    utimesSync(path, atime, mtime);
    return 'restored';
  }
  rmSync(path, { force: true });
  return now !== null && !ours ? 'kept' : 'removed';
}

export function undoLink(entry: Entry, site: Site): Undone {
  const path = placeOf(site.target, entry.subject);
  rmSync(`${path}${HALF_WRITTEN}`, { force: true });
  const { before } = entry;
  if (before.kind === 'same') return 'stays';
  const found = look(path);
  const now = found === undefined ? null : found.isSymbolicLink() ? readlinkSync(path) : 'not a link';
  if (before.kind === 'link' && now === before.to) return 'restored';
  const ours = now !== null && (now === entry.made || now === entry.was);
  if (now !== null && !ours) keepAside(path, site);
  if (before.kind === 'link') {
    placeLink(path, before.to);
    return 'restored';
  }
  if (ours) rmSync(path);
  return now === null || ours ? 'removed' : 'kept';
}

/** Rights of a directory that was there before us. */
export function restoreRights(path: string, rights: { uid: number; gid: number; mode: number }): void {
  setOwner(path, rights);
  chmodSync(path, rights.mode);
}
