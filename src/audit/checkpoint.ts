import { createPublicKey, hash as digestOf, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A signed tree head: everything up to entry `size` is summed up in `root`. */
export interface Checkpoint {
  /** `hardshell/<32 hex digits of SHA-256 of the raw public key>`. */
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
}

/** A checkpoint as it was read: nothing about it is proven yet. */
export interface UnverifiedCheckpoint extends Checkpoint {
  /** The signed text, final LF included. */
  readonly text: string;
  readonly signatures: readonly { readonly name: string; readonly keyId: Buffer; readonly signature: Buffer }[];
}

export type CheckpointVerdict =
  | { readonly kind: 'ok'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'bad'; readonly reason: 'malformed' | 'other_key' | 'forged' };

const NOTE_BYTES_MAX = 16_384;
const SIGNATURES_MAX = 16;
/** Algorithm byte of Ed25519 in signed notes. */
const ED25519 = 1;

/** Raw 32 bytes of an Ed25519 public key (or of the public half of a private one). */
export function rawPublicKey(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new TypeError('checkpoints are signed with Ed25519 only');
  return Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
}

export function publicKeyFromRaw(raw: Uint8Array): KeyObject {
  const x = Buffer.from(raw).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

/** The log's name: it is bound to the key, so that a checkpoint of another instance is never taken for ours. */
export function originOf(rawKey: Uint8Array): string {
  return `hardshell/${digestOf('sha256', rawKey, 'hex').slice(0, 32)}`;
}

/** C2SP checkpoint over `size` entries with `root`, signed: three lines, an empty one, one signature line. */
export function makeCheckpoint(head: { size: number; root: Uint8Array }, privateKey: KeyObject): string {
  const raw = rawPublicKey(privateKey);
  const origin = originOf(raw);
  const text = `${origin}\n${head.size}\n${Buffer.from(head.root).toString('base64')}\n`;
  const signature = Buffer.concat([keyIdOf(origin, raw), sign(null, Buffer.from(text), privateKey)]);
  return `${text}\n— ${origin} ${signature.toString('base64')}\n`;
}

/**
 * Reads a checkpoint strictly; null when it is not one. Extension lines and signatures of others (witnesses) are kept
 * in the text and left alone, as the format demands.
 */
export function parseCheckpoint(note: string): UnverifiedCheckpoint | null {
  if (Buffer.byteLength(note) > NOTE_BYTES_MAX || hasControl(note)) return null;
  const split = note.lastIndexOf('\n\n');
  if (split === -1 || !note.endsWith('\n')) return null;
  const text = note.slice(0, split + 1);
  const [origin = '', size = '', root = '', ...extensions] = text.slice(0, -1).split('\n');
  const rootBytes = fromBase64(root);
  if (!/^hardshell\/[0-9a-f]{32}$/.test(origin) || !/^(0|[1-9][0-9]{0,14})$/.test(size)) return null;
  if (rootBytes?.length !== 32 || extensions.includes('')) return null;
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) return null;
  const signatures = lines.map(parseSignature);
  if (!signatures.every((one) => one !== null)) return null;
  return { origin, size: Number(size), root: rootBytes, text, signatures };
}

/** Whether `note` is a checkpoint signed by the key whose raw bytes are given, under that key's own origin. */
export function verifyCheckpoint(note: string, rawKey: Uint8Array): CheckpointVerdict {
  const parsed = parseCheckpoint(note);
  if (parsed === null) return { kind: 'bad', reason: 'malformed' };
  const { origin, size, root, text } = parsed;
  const keyId = keyIdOf(origin, rawKey);
  const ours = parsed.signatures.filter((one) => one.name === origin && one.keyId.equals(keyId));
  if (origin !== originOf(rawKey) || ours.length === 0) return { kind: 'bad', reason: 'other_key' };
  const key = publicKeyFromRaw(rawKey);
  const good = ours.every((one) => one.signature.length === 64 && verify(null, Buffer.from(text), key, one.signature));
  return good ? { kind: 'ok', checkpoint: { origin, size, root } } : { kind: 'bad', reason: 'forged' };
}

/** The key as verifiers elsewhere take it: `<origin>+<8 hex>+<base64>` (a signed note's verifier key). */
export function verifierKey(rawKey: Uint8Array): string {
  const origin = originOf(rawKey);
  const encoded = Buffer.concat([Buffer.from([ED25519]), rawKey]).toString('base64');
  return `${origin}+${keyIdOf(origin, rawKey).toString('hex')}+${encoded}`;
}

/** Raw key of a verifier key of ours, or null. */
export function parseVerifierKey(text: string): Buffer | null {
  const encoded = /^hardshell\/[0-9a-f]{32}\+[0-9a-f]{8}\+(\S+)$/.exec(text.trim())?.[1];
  const bytes = encoded === undefined ? null : fromBase64(encoded);
  if (bytes?.length !== 33 || bytes[0] !== ED25519) return null;
  const raw = bytes.subarray(1);
  return verifierKey(raw) === text.trim() ? raw : null;
}

function keyIdOf(name: string, rawKey: Uint8Array): Buffer {
  const input = Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([ED25519]), rawKey]);
  return digestOf('sha256', input, 'buffer').subarray(0, 4);
}

function parseSignature(line: string): UnverifiedCheckpoint['signatures'][number] | null {
  const match = /^— ([^\s+]+) (\S+)$/.exec(line);
  const bytes = fromBase64(match?.[2] ?? '');
  if (match === null || bytes === null || bytes.length < 5) return null;
  return { name: match[1] ?? '', keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

/** Canonical base64 only: one text for one value, so that a note cannot be varied without breaking it. */
function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return text !== '' && bytes.toString('base64') === text ? bytes : null;
}

/** Control characters other than LF are not allowed in a note. */
function hasControl(note: string): boolean {
  return Buffer.from(note).some((byte) => (byte < 32 && byte !== 10) || byte === 127);
}
