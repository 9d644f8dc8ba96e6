import { generateKeyPairSync, sign } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PresenceProof } from '../../src/contracts/index.ts';
import {
  challengeOf,
  checkPassphrase,
  claimOf,
  enrolPassphrase,
  isPresenceKey,
  parsePresenceFile,
  signChallenge,
  unlockKey,
  verifyPresence,
  type PresenceClaim,
  type PresenceFile,
} from '../../src/control/index.ts';

const PASSPHRASE = 'correct horse battery';
const nonce = { nonce: 'n'.repeat(32), expiresAt: '2026-01-01T00:00:00.000Z' };
const claim: PresenceClaim = { purpose: 'approvals_answer', subject: 'a'.repeat(64), verdict: 'approve' };
let file: PresenceFile;
let publicKey = '';
let proof: PresenceProof;

beforeAll(async () => {
  ({ file, publicKey } = await enrolPassphrase(PASSPHRASE));
  proof = await signChallenge(file, PASSPHRASE, claim, nonce);
});

const check = (
  given: PresenceProof,
  about: PresenceClaim = claim,
  change: Partial<Parameters<typeof verifyPresence>[2]> = {},
): unknown => verifyPresence(given, about, { publicKey, terminalAllowed: false, nonce, ...change });

describe('a proof by passphrase', () => {
  it('is taken for exactly what it was made for', () => {
    expect(check(proof)).toEqual({ ok: true, value: 'passphrase' });
  });

  it.each([
    ['another approval', { ...claim, subject: 'b'.repeat(64) }],
    ['another verdict', { ...claim, verdict: 'deny' as const }],
    ['another request', { ...claim, purpose: 'confirm' }],
    ['parts moved between fields', { ...claim, purpose: `${claim.purpose}\n64:${claim.subject}` }],
  ])('is refused for %s', (_, about) => {
    expect(check(proof, about)).toMatchObject({ ok: false, refusal: { error: 'token_invalid' } });
  });

  it('is refused when its nonce is used, unknown or of another time', () => {
    for (const given of [
      null,
      { ...nonce, nonce: 'm'.repeat(32) },
      { ...nonce, expiresAt: '2026-01-02T00:00:00.000Z' },
    ]) {
      expect(check(proof, claim, { nonce: given })).toMatchObject({ ok: false, refusal: { error: 'token_expired' } });
    }
  });

  it('is refused from another key, cut, empty, or when none is enrolled', async () => {
    const other = await enrolPassphrase(PASSPHRASE);
    expect(check(proof, claim, { publicKey: other.publicKey })).toMatchObject({ ok: false });
    expect(check(proof, claim, { publicKey: null })).toMatchObject({ ok: false, refusal: { error: 'token_invalid' } });
    for (const signature of ['', 'AAAA', Buffer.alloc(64).toString('base64')]) {
      if (proof.method === 'passphrase') expect(check({ ...proof, signature })).toMatchObject({ ok: false });
    }
  });
});

describe('a terminal', () => {
  it('is enough only while nothing is enrolled and the instance allows it', () => {
    const terminal = { method: 'terminal' } as const;
    expect(check(terminal, claim, { publicKey: null, terminalAllowed: true })).toEqual({ ok: true, value: 'terminal' });
    expect(check(terminal, claim, { publicKey: null })).toMatchObject({
      ok: false,
      refusal: { error: 'policy_denied' },
    });
    expect(check(terminal, claim, { terminalAllowed: true })).toMatchObject({ ok: false });
  });

  it('may always say no', () => {
    expect(check({ method: 'terminal' }, { ...claim, verdict: 'deny' })).toEqual({ ok: true, value: 'terminal' });
  });
});

describe('keys/presence.json', () => {
  it('opens with its passphrase, in either Unicode form, and with no other', async () => {
    const { file: accented } = await enrolPassphrase('caf\u00e9 au lait bitte');
    await expect(unlockKey(accented, 'cafe\u0301 au lait bitte')).resolves.toBeDefined();
    await expect(unlockKey(file, `${PASSPHRASE} `)).rejects.toThrow('does not open');
  });

  it('is refused with another public key, another ciphertext or weaker cost', async () => {
    const other = await enrolPassphrase(PASSPHRASE);
    await expect(unlockKey({ ...file, public_key: other.publicKey }, PASSPHRASE)).rejects.toThrow('does not open');
    await expect(unlockKey({ ...file, cipher: other.file.cipher }, PASSPHRASE)).rejects.toThrow('does not open');
    const text = JSON.stringify(file);
    expect(parsePresenceFile(text)).toEqual(file);
    for (const bad of [
      text.replace('131072', '2'),
      text.replace('131072', '1073741824'),
      text.replace('"v":1', '"v":2'),
      '{',
      '[]',
      text.replace('{', '{"x":1,'),
    ]) {
      expect(() => parsePresenceFile(bad)).toThrow('damaged');
    }
  });

  it('takes no weak passphrase', async () => {
    for (const weak of ['', 'short', 'aaaaaaaaaaaa', '\u{1f600}'.repeat(9), 'x'.repeat(2_000)])
      expect(checkPassphrase(weak)).not.toBeNull();
    expect(checkPassphrase(PASSPHRASE)).toBeNull();
    await expect(enrolPassphrase('short')).rejects.toThrow('at least 10 characters');
  });

  it('holds the private key nowhere in the clear', async () => {
    const key = await unlockKey(file, PASSPHRASE);
    const der = key.export({ type: 'pkcs8', format: 'der' });
    const text = JSON.stringify(file);
    expect(text).not.toContain(der.toString('base64').slice(20));
    expect(Buffer.from(file.cipher.ciphertext, 'base64').includes(der.subarray(-32))).toBe(false);
    expect(text).not.toContain('correct');
  });
});

describe('the claim of a request', () => {
  it('binds every field but the proof itself', () => {
    const put = { type: 'contacts_put', contact: { address: 'a@b.example', name: 'A' }, presence: proof };
    expect(claimOf(put)).toEqual(claimOf({ ...put, presence: { method: 'terminal' }, id: '7' }));
    expect(claimOf(put).subject).not.toBe(claimOf({ ...put, contact: { address: 'a@c.example', name: 'A' } }).subject);
    expect(claimOf({ ...put, type: 'contacts_remove' }).subject).not.toBe(claimOf(put).subject);
    expect(claimOf({ type: 'instruct', text: 'x', to: undefined })).toEqual(claimOf({ type: 'instruct', text: 'x' }));
  });

  it('of an answer is the hash that was shown, and its verdict', () => {
    const answer = { type: 'approvals_answer', approval: 'a_x', ah: 'f'.repeat(64), verdict: 'deny', typed: 'x' };
    expect(claimOf(answer)).toEqual({ purpose: 'approvals_answer', subject: 'f'.repeat(64), verdict: 'deny' });
    expect(challengeOf(claimOf(answer), nonce)).toHaveLength(32);
  });
});

it('enrols Ed25519 keys only', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .publicKey.export({ type: 'spki', format: 'der' })
    .toString('base64');
  expect([isPresenceKey(publicKey), isPresenceKey(rsa), isPresenceKey(''), isPresenceKey('AAAA')]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  const { privateKey } = generateKeyPairSync('ed25519');
  const forged = sign(null, challengeOf(claim, nonce), privateKey).toString('base64');
  expect(
    check({ method: 'passphrase', nonce: nonce.nonce, expires_at: nonce.expiresAt, signature: forged }),
  ).toMatchObject({ ok: false });
});
