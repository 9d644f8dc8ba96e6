import { createCipheriv, createDecipheriv, createPrivateKey, randomBytes, scrypt, type KeyObject } from 'node:crypto';
import * as z from 'zod';
import { HardshellError } from '../contracts/index.ts';

/** 128 MiB and about a third of a second: what a thief of the file pays for each guess. */
const COST = { N: 131_072, r: 8, p: 1 } as const;
const PASSPHRASE_CHARS_MIN = 10;
const PASSPHRASE_CHARS_MAX = 1_024;

const base64 = (bytes: number): z.ZodType<string> =>
  z.base64().refine((text) => Buffer.from(text, 'base64').length === bytes, `must be ${bytes} bytes`);

/** `keys/presence.json`. The cost is fixed by the version: a planted file cannot ask for a weaker or a huge one. */
const presenceFileSchema = z.strictObject({
  v: z.literal(1),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    N: z.literal(COST.N),
    r: z.literal(COST.r),
    p: z.literal(COST.p),
    salt: base64(16),
  }),
  cipher: z.strictObject({ name: z.literal('aes-256-gcm'), nonce: base64(12), ciphertext: z.base64().max(256) }),
  public_key: z.base64().max(128),
});
export type PresenceFile = z.infer<typeof presenceFileSchema>;

/** The file's content, checked. Throws `presence_failed`. */
export function parsePresenceFile(text: string): PresenceFile {
  try {
    return presenceFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new HardshellError('presence_failed', '`keys/presence.json` is damaged; restore it from a backup', {
      fate: 'refuse',
      cause,
    });
  }
}

/** Why a passphrase is too weak to be enrolled, or null. */
export function checkPassphrase(passphrase: string): string | null {
  const length = Array.from(passphrase).length;
  if (length < PASSPHRASE_CHARS_MIN)
    return `a passphrase has at least ${PASSPHRASE_CHARS_MIN} characters; four or five random words are good`;
  if (length > PASSPHRASE_CHARS_MAX) return `a passphrase has at most ${PASSPHRASE_CHARS_MAX} characters`;
  if (new Set(passphrase).size < 5) return 'this passphrase repeats itself; take four or five random words';
  return null;
}

/** Wraps a private key (PKCS #8) under a passphrase. The public key is bound to it. Throws `presence_failed` when weak. */
export async function lockKey(passphrase: string, privateKey: Uint8Array, publicKey: string): Promise<PresenceFile> {
  const problem = checkPassphrase(passphrase);
  if (problem !== null) throw new HardshellError('presence_failed', problem, { fate: 'refuse' });
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', await derive(passphrase, salt), nonce).setAAD(Buffer.from(publicKey));
  const ciphertext = Buffer.concat([cipher.update(privateKey), cipher.final(), cipher.getAuthTag()]);
  return {
    v: 1,
    kdf: { name: 'scrypt', ...COST, salt: salt.toString('base64') },
    cipher: { name: 'aes-256-gcm', nonce: nonce.toString('base64'), ciphertext: ciphertext.toString('base64') },
    public_key: publicKey,
  };
}

/**
 * The private key. The public key is bound to it as associated data. Throws `presence_failed` for a wrong passphrase or a
 * changed file: they cannot be told apart.
 */
export async function unlockKey(file: PresenceFile, passphrase: string): Promise<KeyObject> {
  const key = await derive(passphrase, Buffer.from(file.kdf.salt, 'base64'));
  const sealed = Buffer.from(file.cipher.ciphertext, 'base64');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(file.cipher.nonce, 'base64'), {
      authTagLength: 16,
    });
    decipher.setAAD(Buffer.from(file.public_key)).setAuthTag(sealed.subarray(-16));
    const der = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    const opened = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    return opened;
  } catch (cause) {
    throw new HardshellError('presence_failed', 'the passphrase does not open the key; try again', {
      fate: 'refuse',
      cause,
    });
  }
}

function derive(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // The same letters typed on two keyboards may come in two forms.
    scrypt(passphrase.normalize('NFKC'), salt, 32, { ...COST, maxmem: 256 * 1024 * 1024 }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
