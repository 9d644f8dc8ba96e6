import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, closeSync, constants, fstatSync, lstatSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HardshellError } from '../contracts/index.ts';
import { createDurableFile, overwriteDurably, syncDirectory } from './durable.ts';
import { isOwnersFile } from './ownership.ts';

/** Every byte of the record is written at once and its length never changes: voiding it needs no space. */
export const ARMED_BYTES = 512;
const ARMED = 'armed';
const KEY = join('keys', 'armed.key');
const INSTANCE = join('keys', 'instance.id');
const DOMAIN = 'hardshell/armed/v1\n';

/** The right to run. Whatever is not exactly a valid record of this instance and epoch means killed. */
export type ArmedState =
  | { readonly kind: 'armed'; readonly epoch: number; readonly instance: string }
  | { readonly kind: 'killed'; readonly reason: KilledReason };
export type KilledReason =
  'missing' | 'voided' | 'unreadable' | 'malformed' | 'wrong_owner' | 'foreign' | 'forged' | 'no_key' | 'older';

/** First start only: epoch 1 and a fresh key. Throws when a record or key is there. `keys/` must exist. */
export function createArmed(home: string): void {
  const instance = randomBytes(16).toString('hex');
  const key = randomBytes(32);
  createDurableFile(join(home, KEY), key, 0o400);
  createDurableFile(join(home, ARMED), encodeRecord(key, 1, instance), 0o600);
  // Last: a home without its name is one that was never finished.
  createDurableFile(join(home, INSTANCE), Buffer.from(instance), 0o400);
}

/**
 * The record as it stands now. `epochMin`: the lowest epoch that may run, one above the highest that a log has seen
 * killed, so that a record put back from before a kill stays killed.
 */
export function readArmed(home: string, epochMin = 1): ArmedState {
  const read = readOwnFile(home, ARMED, ARMED_BYTES);
  if (typeof read === 'string') return { kind: 'killed', reason: read };
  if (read.every((byte) => byte === 0)) return { kind: 'killed', reason: 'voided' };
  const found = /^\{"v":1,"epoch":(\d{1,15}),"instance":"([0-9a-f]{32})","mac":"([0-9a-f]{64})"\} *\n$/.exec(
    read.toString('latin1'),
  );
  const [, epochText, instance, mac] = found ?? [];
  if (epochText === undefined || instance === undefined || mac === undefined)
    return { kind: 'killed', reason: 'malformed' };
  const key = readOwnFile(home, KEY, 32);
  if (typeof key === 'string') return { kind: 'killed', reason: 'no_key' };
  const own = readOwnFile(home, INSTANCE, 32);
  if (typeof own === 'string' || own.toString('latin1') !== instance) return { kind: 'killed', reason: 'foreign' };
  const epoch = Number(epochText);
  if (!timingSafeEqual(Buffer.from(mac, 'hex'), macOf(key, epoch, instance)))
    return { kind: 'killed', reason: 'forged' };
  return epoch < epochMin ? { kind: 'killed', reason: 'older' } : { kind: 'armed', epoch, instance };
}

export interface Voided {
  readonly ok: boolean;
  readonly how: 'overwritten' | 'truncated' | 'removed' | 'already_void' | 'failed';
}

/**
 * The stop: zeros over the record, on stable storage. Needs no key, no executor and no free space. The key is
 * destroyed too (as far as it can be), so that a copy of the record put back later does not fit.
 */
export function voidArmed(home: string): Voided {
  const path = join(home, ARMED);
  const already = readArmed(home).kind === 'killed' && lstatSync(path, { throwIfNoEntry: false }) === undefined;
  const how = already ? 'already_void' : voidRecord(path);
  try {
    rmSync(join(home, KEY), { force: true });
    syncDirectory(join(home, 'keys'));
  } catch {
    // The record is what decides; the key is the second lock.
  }
  rmSync(join(home, 'reserve'), { force: true });
  return { ok: how !== 'failed', how };
}

function voidRecord(path: string): Voided['how'] {
  const ways = [
    ['overwritten', () => overwriteDurably(path, Buffer.alloc(ARMED_BYTES))],
    ['truncated', () => closeSync(openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_TRUNC))],
    ['removed', () => rmSync(path)],
  ] as const;
  for (const [how, attempt] of ways) {
    try {
      attempt();
      return how;
    } catch {
      // The next way needs less of the file system.
    }
  }
  return 'failed';
}

/**
 * Arms again after a stop, for `revive` alone. Written in place, so that a stop at the same moment is not lost on a
 * file that has just been replaced: the last write decides.
 */
export function rearm(home: string, epoch: number): void {
  const own = readOwnFile(home, INSTANCE, 32);
  if (typeof own === 'string') {
    throw new HardshellError(
      'state_corrupt',
      'the instance has lost its name (`keys/instance.id`); restore it from a backup',
      { fate: 'refuse' },
    );
  }
  const key = randomBytes(32);
  const record = encodeRecord(key, epoch, own.toString('latin1'));
  rmSync(join(home, KEY), { force: true });
  createDurableFile(join(home, KEY), key, 0o400);
  const path = join(home, ARMED);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === true && found.size === ARMED_BYTES) {
    chmodSync(path, 0o600);
    overwriteDurably(path, record);
    return;
  }
  if (found !== undefined) rmSync(path);
  createDurableFile(path, record, 0o600);
}

function encodeRecord(key: Buffer, epoch: number, instance: string): Buffer {
  const text = `{"v":1,"epoch":${epoch},"instance":"${instance}","mac":"${macOf(key, epoch, instance).toString('hex')}"}`;
  return Buffer.from(`${text.padEnd(ARMED_BYTES - 1)}\n`, 'latin1');
}

function macOf(key: Buffer, epoch: number, instance: string): Buffer {
  return createHmac('sha256', key).update(`${DOMAIN}${epoch}\n${instance}`).digest();
}

/** Exactly `bytes` bytes of a plain file of the home's owner, or why not. Links are not followed. */
function readOwnFile(
  home: string,
  name: string,
  bytes: number,
): Buffer | 'missing' | 'unreadable' | 'malformed' | 'wrong_owner' {
  let fd: number;
  try {
    fd = openSync(join(home, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'missing' : 'unreadable';
  }
  try {
    const stat = fstatSync(fd);
    if (!isOwnersFile(home, stat.uid)) return 'wrong_owner';
    if (!stat.isFile() || stat.size !== bytes) return 'malformed';
    const buffer = Buffer.alloc(bytes);
    return readSync(fd, buffer, 0, bytes, 0) === bytes ? buffer : 'malformed';
  } catch {
    return 'unreadable';
  } finally {
    closeSync(fd);
  }
}
