import { createHash, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import {
  accepted,
  canonicalJson,
  refused,
  type Json,
  type Outcome,
  type PresenceProof,
  type Verdict,
} from '../contracts/index.ts';
import { lockKey, unlockKey, type PresenceFile } from './presence-file.ts';

/** What a proof of presence is about. Both sides build it from the request itself, never from what the other says. */
export interface PresenceClaim {
  /** Type of the request that carries the proof. */
  readonly purpose: string;
  /** `ah` for an answer to an approval; else the digest of the request without its proof. */
  readonly subject: string;
  readonly verdict: Verdict;
}

/** What the executor gave out: single use, and only until `expiresAt`. */
export interface PresenceNonce {
  readonly nonce: string;
  /** ISO time in UTC. */
  readonly expiresAt: string;
}

/** The claim of a control request. `approvals_answer` binds the hash that was shown. */
export function claimOf(request: Readonly<Record<string, unknown>> & { readonly type: string }): PresenceClaim {
  const { presence: _presence, id: _id, ...rest } = request;
  if (request.type === 'approvals_answer') {
    const verdict = rest['verdict'] === 'deny' ? 'deny' : 'approve';
    return { purpose: request.type, subject: String(rest['ah']), verdict };
  }
  const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { purpose: request.type, subject: sha256(canonicalJson(known as Json)).toString('hex'), verdict: 'approve' };
}

/** The 32 bytes that are signed: purpose prefix, subject, verdict, expiry and nonce, each with its length. */
export function challengeOf(claim: PresenceClaim, nonce: PresenceNonce): Buffer {
  const parts = [claim.purpose, claim.subject, claim.verdict, nonce.expiresAt, nonce.nonce];
  return sha256(['hardshell/presence/v1', ...parts.map((part) => `${Buffer.byteLength(part)}:${part}`)].join('\n'));
}

/** A fresh key behind a passphrase. `publicKey` (base64 SPKI) goes to the executor, the file to `keys/presence.json`. */
export async function enrolPassphrase(passphrase: string): Promise<{ file: PresenceFile; publicKey: string }> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const file = await lockKey(passphrase, privateKey.export({ type: 'pkcs8', format: 'der' }), spki);
  return { file, publicKey: spki };
}

/** A proof made with the passphrase. Throws `presence_failed` when it does not open the file. */
export async function signChallenge(
  file: PresenceFile,
  passphrase: string,
  claim: PresenceClaim,
  nonce: PresenceNonce,
): Promise<PresenceProof> {
  return signWith(await unlockKey(file, passphrase), claim, nonce);
}

/** A proof made with a key that is open already: for a person who answers several questions in one sitting. */
export function signWith(key: KeyObject, claim: PresenceClaim, nonce: PresenceNonce): PresenceProof {
  const signature = sign(null, challengeOf(claim, nonce), key).toString('base64');
  return { method: 'passphrase', nonce: nonce.nonce, expires_at: nonce.expiresAt, signature };
}

export interface PresencePolicy {
  /** Enrolled public key (base64 SPKI), or null while none is. */
  readonly publicKey: string | null;
  /** A checkout instance that has never had anything enrolled. A uid or a terminal is no proof; here it is all there is. */
  readonly terminalAllowed: boolean;
  /** The nonce as given out and not yet used, or null when it is unknown, used or expired. The executor keeps them. */
  readonly nonce: PresenceNonce | null;
}

/**
 * The method that was proven. Saying no needs no proof: a denial is always taken from a terminal. Refuses
 * `policy_denied` (a terminal is not enough), `token_expired` (nonce), `token_invalid` (signature).
 */
export function verifyPresence(
  proof: PresenceProof,
  claim: PresenceClaim,
  policy: PresencePolicy,
): Outcome<'terminal' | 'passphrase'> {
  if (proof.method === 'terminal') {
    // INVARIANT: once a key is enrolled, a terminal never counts again, whatever the flag says.
    if (claim.verdict === 'deny' || (policy.terminalAllowed && policy.publicKey === null)) return accepted('terminal');
    return refused('policy_denied', 'this needs your passphrase: any program of this user could have asked');
  }
  const { publicKey, nonce } = policy;
  if (publicKey === null) return refused('token_invalid', 'no passphrase is enrolled; run `hardshell approvals enrol`');
  if (nonce === null || nonce.nonce !== proof.nonce || nonce.expiresAt !== proof.expires_at) {
    return refused('token_expired', 'the proof came too late or was used before; try again');
  }
  const signature = Buffer.from(proof.signature, 'base64');
  const valid = signature.length === 64 && verify(null, challengeOf(claim, nonce), openPublicKey(publicKey), signature);
  return valid ? accepted('passphrase') : refused('token_invalid', 'the proof does not fit what was asked; try again');
}

/** True for a public key that may be enrolled: Ed25519 in SPKI, exactly. */
export function isPresenceKey(publicKey: string): boolean {
  try {
    return openPublicKey(publicKey).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

function openPublicKey(publicKey: string): KeyObject {
  return createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
