import { chmodSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setOwner, syncFolder } from '../disk.ts';
import type { Entry } from '../journal.ts';
import { look, placeOf, requireSafeWay, unsafe } from '../paths.ts';
import type { DirectoryStep } from '../plan.ts';
import { restoreRights } from './file.ts';
import type { Handler, Site, Undone } from './observed.ts';

export const directoryHandler: Handler<DirectoryStep> = {
  identity: ({ mode, owner }) => `${mode.toString(8)} ${owner.uid}:${owner.gid}`,
  subject: ({ path }) => path,
  observe: (step, { target }, entry) => {
    if (step.holds === 'runtime' && !target.live) return { kind: 'left', hint: `${step.path} is made at boot` };
    requireSafeWay(target, step.path);
    const path = placeOf(target, step.path);
    const found = look(path);
    if (found === undefined) return { kind: 'absent' };
    if (found.isSymbolicLink()) throw unsafe(`\`${path}\` is a link`, 'put a directory there');
    if (!found.isDirectory()) throw unsafe(`\`${path}\` is not a directory`, 'move it away');
    if (found.uid !== 0 && found.uid !== step.owner.uid)
      throw unsafe(`\`${path}\` belongs to uid ${found.uid}`, 'move it away');
    // One that a crash left half made is ours to finish; any other stays as it is.
    if (step.holds === 'shared' && entry?.state !== 'begun') return { kind: 'match' };
    const now = `${(found.mode & 0o7777).toString(8)} ${found.uid}:${found.gid}`;
    return now === directoryHandler.identity(step) ? { kind: 'match' } : { kind: 'other', identity: now };
  },
  before: (step, { target }) => {
    const found = look(placeOf(target, step.path));
    if (found === undefined) return { kind: 'absent' };
    return { kind: 'directory', mode: found.mode & 0o7777, uid: found.uid, gid: found.gid };
  },
  make: (step, { target }) => {
    const path = placeOf(target, step.path);
    // Closed until it has its owner.
    if (look(path) === undefined) mkdirSync(path, { mode: 0o700 });
    setOwner(path, step.owner);
    chmodSync(path, step.mode);
    syncFolder(dirname(path));
  },
};

export function undoDirectory(entry: Entry, site: Site, keepData: boolean): Undone {
  const path = placeOf(site.target, entry.subject);
  const { before, holds } = entry;
  const found = look(path);
  if (before.kind === 'same' || found === undefined) return found === undefined ? 'removed' : 'stays';
  if (before.kind === 'directory') {
    restoreRights(path, before);
    return 'restored';
  }
  if (!found.isDirectory()) {
    site.tell(`\`${path}\` is no directory any more and was left alone`);
    return 'kept';
  }
  if (holds === 'data' && keepData) return 'kept';
  if (holds === 'data' || holds === 'runtime') {
    rmSync(path, { recursive: true });
    return 'removed';
  }
  if (holds === 'shared' && readdirSync(path).length > 0) return 'stays';
  try {
    rmdirSync(path);
    return 'removed';
  } catch {
    site.tell(`\`${path}\` was left: it holds ${readdirSync(path).slice(0, 5).join(', ')}, which is not ours`);
    return 'kept';
  }
}
