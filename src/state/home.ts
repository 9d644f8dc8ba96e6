import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { HardshellError } from '../contracts/index.ts';
import { createArmed } from './armed.ts';
import { createDurableFile, syncDirectory } from './durable.ts';
import { HOME_FILES, HOME_QUOTAS, type HomeFile } from './files.ts';
import { giveHome, type HomeOwner } from './ownership.ts';

export interface Home {
  readonly path: string;
  /** INVARIANT: true only where this very process made the directory. A partial home is never a first start. */
  readonly firstStart: boolean;
  /** Files whose mode was wider than the table says, now narrowed. */
  readonly repaired: readonly string[];
}

/**
 * Makes the home when there is none, else opens it. `owner`: whose it is, where root keeps it for another account.
 * Throws `home_unsafe` when it cannot be trusted.
 */
export function prepareHome(path: string, owner?: HomeOwner): Home {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return openHome(path, owner);
    throw new HardshellError('home_unsafe', `cannot make \`${path}\`; set HARDSHELL_HOME to a directory of yours`, {
      fate: 'refuse',
      cause: error,
    });
  }
  fillHome(path);
  if (owner !== undefined) giveHome(path, owner);
  return { path, firstStart: true, repaired: [] };
}

/** An existing home, distrusted: owner, kind and mode of every file in the table. Throws `home_unsafe`. */
export function openHome(path: string, owner?: HomeOwner): Home {
  const repaired: string[] = [];
  const at = { repaired, owner };
  checkEntry(path, '.', { kind: 'directory', mode: 0o700 }, at);
  for (const file of HOME_FILES) {
    for (const name of expand(path, file.path)) checkEntry(join(path, name), name, file, at);
  }
  if (lstatSync(join(path, 'keys', 'instance.id'), { throwIfNoEntry: false }) === undefined) {
    throw new HardshellError(
      'home_unsafe',
      `\`${path}\` was not finished at its first start or has lost its keys; restore it from a backup, or move it away and start anew`,
      { fate: 'refuse' },
    );
  }
  for (const directory of HOME_FILES.filter((file) => file.kind === 'directory')) {
    mkdirSync(join(path, directory.path), { recursive: true, mode: directory.mode });
  }
  keepReserve(path);
  if (owner !== undefined) giveHome(path, owner);
  return { path, firstStart: false, repaired };
}

/** Space for a stop on a full disk; the stop gives it back. Where there is none to keep, nothing is kept. */
function keepReserve(path: string): void {
  try {
    // Random, so that a compressing file system cannot promise room that it does not hold.
    createDurableFile(join(path, 'reserve'), randomBytes(HOME_QUOTAS.reserveBytes.value), 0o600);
  } catch {
    // There already, or the disk is full.
  }
}

function fillHome(path: string): void {
  for (const { path: name, kind, mode } of HOME_FILES) if (kind === 'directory') mkdirSync(join(path, name), { mode });
  createDurableFile(join(path, 'keys', 'subject.key'), randomBytes(32), 0o400);
  const { privateKey } = generateKeyPairSync('ed25519');
  createDurableFile(
    join(path, 'keys', 'checkpoint.key'),
    Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    0o400,
  );
  keepReserve(path);
  // Last: until the record stands, the home means killed.
  createArmed(path);
  syncDirectory(path);
}

interface Checking {
  readonly repaired: string[];
  readonly owner: HomeOwner | undefined;
}

function checkEntry(path: string, name: string, expected: Pick<HomeFile, 'kind' | 'mode'>, at: Checking): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  refuseStranger(path, found, expected.kind, at.owner);
  const mode = found.mode & 0o7777;
  // Narrower than the table is the owner's own choice (a policy made read-only) and stays.
  if ((mode & ~expected.mode) === 0) return;
  chmodSync(path, expected.mode);
  at.repaired.push(name);
}

function refuseStranger(path: string, found: Stats, kind: HomeFile['kind'], owner: HomeOwner | undefined): void {
  const uid = process.getuid?.() ?? 0;
  if (found.uid !== uid && found.uid !== owner?.uid) {
    throw new HardshellError(
      'home_unsafe',
      `\`${path}\` belongs to uid ${found.uid}, this is uid ${uid}; run as its owner or set HARDSHELL_HOME to a directory of yours`,
      { fate: 'refuse' },
    );
  }
  if (kind === 'directory' ? !found.isDirectory() : !found.isFile()) {
    throw new HardshellError('home_unsafe', `\`${path}\` is not a plain ${kind}; move it away`, { fate: 'refuse' });
  }
}

function expand(home: string, pattern: string): string[] {
  if (!pattern.endsWith('/*')) return [pattern];
  const folder = pattern.slice(0, -2);
  try {
    return readdirSync(join(home, folder)).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}
