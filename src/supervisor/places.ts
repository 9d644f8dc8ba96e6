import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { CONNECTOR_NAMES, HardshellError, ZONE_UIDS } from '../contracts/index.ts';
import type { Ids } from './ids.ts';
import { INSIDE } from './inside.ts';

const KEPT = ['supervisor'];
const DEPTH_MAX = 3;

/**
 * The run directory. As root it is 0711 in /run, as an ordinary user 0700 in the home. `executor`: its account, if any.
 * Throws `home_unsafe` when something else stands there. Links are removed, never followed.
 */
export function prepareRun(run: string, executor?: Ids): void {
  const isRoot = process.getuid?.() === 0;
  makeOwnDirectory(run, isRoot ? 0o711 : 0o700);
  makeOwnDirectory(join(run, 'supervisor'), 0o700);
  // It asks for zones on our socket, and can do nothing else there.
  if (executor !== undefined) shareWithGroup(join(run, 'supervisor'), executor.gid);
}

/** The group may enter, and what is made there is the group's. */
function shareWithGroup(path: string, gid: number): void {
  chownSync(path, 0, gid);
  // After chown, which clears the bit.
  chmodSync(path, 0o2750);
}

/** Removes what a crashed supervisor left; the caller holds the lock of the home. */
export function cleanRun(run: string, executor?: Ids): void {
  for (const name of readdirSync(run)) if (!KEPT.includes(name)) removeEntry(join(run, name), DEPTH_MAX);
  const isRoot = process.getuid?.() === 0;
  for (const name of ['control', ...CONNECTOR_NAMES.map((connector) => `connector-${connector}`)]) {
    makeOwnDirectory(join(run, name), 0o700);
    // The executor listens there.
    if (executor !== undefined) chownSync(join(run, name), executor.uid, executor.gid);
  }
  makeOwnDirectory(join(run, 'model-bridges'), isRoot ? 0o711 : 0o700);
}

/**
 * The directory in which the executor listens for one zone. As root its group is the zone's and new sockets inherit
 * it (setgid): the zone may connect and never write. `owner`: who listens there, where that is not us.
 */
export function makeSocketDirectory(path: string, ids: Ids | undefined, owner?: Ids): void {
  removeEntry(path, DEPTH_MAX);
  mkdirSync(path, { mode: 0o700 });
  if (ids === undefined) return;
  chownSync(path, owner?.uid ?? 0, ids.gid);
  // After chown, which clears the bit.
  chmodSync(path, 0o2750);
}

/** The model finds the directories of new planners by listing; others may only pass through. */
export function shareModelBridges(path: string, model: Ids | undefined): void {
  if (model === undefined) return;
  chownSync(path, 0, model.gid);
  chmodSync(path, 0o751);
}

const TEMPLATES_MAX = 100;
const TEMPLATE_BYTES_MAX = 65_536;

/** The owner's templates, copied as bytes to where one planner may read them: its uid cannot reach the home. */
export function lendTemplates(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 });
  // Its files are to have the group of the planner, as the directory has.
  chmodSync(to, 0o2750);
  for (const name of readdirSync(from).slice(0, TEMPLATES_MAX)) {
    const text = readPlainFile(join(from, name));
    if (text !== null) writeFileSync(join(to, name), text, { mode: 0o640 });
  }
}

/** The bytes of a plain file of a template's size; never what a link leads to. */
function readPlainFile(path: string): Buffer | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const found = fstatSync(fd);
    return found.isFile() && found.size <= TEMPLATE_BYTES_MAX ? readFileSync(fd) : null;
  } finally {
    closeSync(fd);
  }
}

/** In a planner's bridge, the name of the model's socket leads to the directory that the model serves. */
export function linkModelSocket(path: string): void {
  symlinkSync(`${INSIDE.modelBridge}/model.sock`, join(path, 'model.sock'));
}

/** Removes a file, link or socket, or a directory of such; never what a link points at. */
export function removeEntry(path: string, depth: number): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory()) {
    unlinkSync(path);
    return;
  }
  if (depth === 0) throw new HardshellError('home_unsafe', `\`${path}\` is not ours; remove it`, { fate: 'refuse' });
  for (const name of readdirSync(path)) removeEntry(join(path, name), depth - 1);
  rmdirSync(path);
}

/** A directory of ours, made where it is missing. Throws `home_unsafe` where something else stands. */
export function makeOwnDirectory(path: string, mode: number): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && (!found.isDirectory() || found.uid !== process.getuid?.())) {
    throw new HardshellError('home_unsafe', `\`${path}\` is not a directory of ours; remove it`, { fate: 'refuse' });
  }
  if (found === undefined) mkdirSync(path, { mode, recursive: true });
  chmodSync(path, mode);
}

/** Uids that no account has, one a zone. Only root can give them out. */
export class UidPool {
  readonly #named: ReadonlySet<number>;
  readonly #taken = new Set<number>();

  constructor(passwd = readAccounts()) {
    this.#named = new Set(passwd.split('\n').map((line) => Number(line.split(':')[2])));
  }

  take(): Ids {
    for (let uid = ZONE_UIDS.first; uid <= ZONE_UIDS.last; uid++) {
      if (this.#taken.has(uid) || this.#named.has(uid)) continue;
      this.#taken.add(uid);
      return { uid, gid: uid };
    }
    throw new HardshellError('unavailable', 'no uid is free for a further zone', { fate: 'retry' });
  }

  giveBack(ids: Ids): void {
    this.#taken.delete(ids.uid);
  }
}

function readAccounts(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}
