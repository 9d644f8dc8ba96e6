import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { HardshellError } from '../contracts/index.ts';
import { rawPublicKey } from './checkpoint.ts';

/**
 * Makes the Ed25519 key that signs checkpoints, in a new file of mode 0400 (PKCS8, PEM).
 * @throws Error `EEXIST` when the file is there: a key is never replaced, since old checkpoints are bound to it.
 */
export function createCheckpointKey(path: string): KeyObject {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o400);
  try {
    writeSync(fd, pem.toString());
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
  return privateKey;
}

/**
 * Reads the key that signs checkpoints.
 * @throws HardshellError `home_unsafe` when others may read it, `state_corrupt` when it is not an Ed25519 key.
 */
export function openCheckpointKey(path: string): KeyObject {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if ((fstatSync(fd).mode & 0o077) !== 0) {
      const message = `the checkpoint key \`${path}\` may be read by others; run \`chmod 0400\` on it and make a new one if they could`;
      throw new HardshellError('home_unsafe', message, { fate: 'stop' });
    }
    const key = createPrivateKey(readFileSync(fd));
    rawPublicKey(key);
    return key;
  } catch (cause) {
    if (cause instanceof HardshellError) throw cause;
    throw new HardshellError('state_corrupt', `\`${path}\` is not a checkpoint key`, { fate: 'stop', cause });
  } finally {
    closeSync(fd);
  }
}
