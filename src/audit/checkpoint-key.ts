import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { HardshellError } from '../contracts/index.ts';
import { rawPublicKey } from './checkpoint.ts';

/**
 * Reads the key that signs checkpoints (PKCS8, PEM; the state room makes it at a first start).
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
