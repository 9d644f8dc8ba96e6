import { createHash, createPrivateKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  createSideLog,
  describeReport,
  makeCheckpoint,
  openCheckpointKey,
  openLeaves,
  originOf,
  parseCheckpoint,
  parseVerifierKey,
  publicKeyFromRaw,
  rawPublicKey,
  verifierKey,
  verifyCheckpoint,
  verifyLog,
} from '../../src/audit/index.ts';
import type { OutsideHead } from '../../src/audit/index.ts';
import { makeFolder, writeLog } from './support/logs.ts';
import { rootOf } from './support/roots.ts';

const key = generateKeyPairSync('ed25519').privateKey;
const raw = rawPublicKey(key);
const root = Buffer.alloc(32, 7);
const note = makeCheckpoint({ size: 12, root }, key);

describe('a checkpoint', () => {
  it('is a signed note of three lines under the name of its key', () => {
    const [origin, size, hash, empty, signature] = note.split('\n');
    expect(origin).toMatch(/^hardshell\/[0-9a-f]{32}$/);
    expect([size, hash, empty]).toEqual(['12', root.toString('base64'), '']);
    expect(signature).toMatch(new RegExp(`^— ${origin} [A-Za-z0-9+/]{91}=$`));
    expect(verifyCheckpoint(note, raw)).toEqual({ kind: 'ok', checkpoint: { origin, size: 12, root } });
  });

  it('is verified by the published example of the format', () => {
    // RFC 8032, 7.1, test 1: the key is known, so the whole note is.
    const jwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    };
    const known = createPrivateKey({ key: jwk, format: 'jwk' });
    const made = makeCheckpoint({ size: 1, root }, known);
    expect(makeCheckpoint({ size: 1, root }, known)).toBe(made);
    expect(originOf(rawPublicKey(known))).toBe('hardshell/21fe31dfa154a261626bf854046fd227');
    expect(verifierKey(rawPublicKey(known))).toMatch(/^hardshell\/21fe31dfa154a261626bf854046fd227\+[0-9a-f]{8}\+Adda/);
  });

  it('keeps a witness’s line and is still ours', () => {
    const witness = `— witness.example ${Buffer.alloc(76, 1).toString('base64')}\n`;
    expect(verifyCheckpoint(note + witness, raw).kind).toBe('ok');
    expect(parseCheckpoint(note + witness)?.signatures).toHaveLength(2);
  });

  it.each<[string, (note: string) => string]>([
    ['another size', (text) => text.replace('\n12\n', '\n13\n')],
    ['another root', (text) => text.replace(root.toString('base64'), Buffer.alloc(32, 8).toString('base64'))],
    ['another origin', (text) => text.replaceAll('hardshell/', 'hardshell/0').replaceAll(/(hardshell\/.{32})./g, '$1')],
    ['a leading zero', (text) => text.replace('\n12\n', '\n012\n')],
    ['CRLF', (text) => text.replaceAll('\n', '\r\n')],
    ['no signature', (text) => text.slice(0, text.indexOf('—'))],
    ['no last LF', (text) => text.slice(0, -1)],
    ['an added line', (text) => text.replace('\n12\n', '\n12\nx\n')],
    ['an extension line nobody signed', (text) => text.replace('\n\n', '\nextra\n\n')],
    [
      'a flipped signature',
      (text) => text.replace(/(.)(...=\n)$/, (_, a: string, b: string) => (a === 'A' ? 'B' : 'A') + b),
    ],
    ['base64 that is not canonical', (text) => text.replace(root.toString('base64'), `${root.toString('base64')} `)],
    ['a control character', (text) => text.replace('12', '12\u0000')],
    ['text that is too long', (text) => text.replace('\n\n', `\n${'x'.repeat(20_000)}\n\n`)],
    ['nothing', () => ''],
  ])('is refused with %s', (_, change) => {
    expect(change(note)).not.toBe(note);
    expect(verifyCheckpoint(change(note), raw).kind).toBe('bad');
  });

  it('is refused under a name that is not its key’s, though the signature is right', () => {
    const other = `hardshell/${'0'.repeat(32)}`;
    const text = `${other}\n12\n${root.toString('base64')}\n`;
    const keyId = createHash('sha256').update(`${other}\n\u0001`).update(raw).digest().subarray(0, 4);
    const signature = Buffer.concat([keyId, sign(null, Buffer.from(text), key)]).toString('base64');
    const named = `${text}\n— ${other} ${signature}\n`;
    expect(parseCheckpoint(named)).not.toBeNull();
    expect(verifyCheckpoint(named, raw)).toEqual({ kind: 'bad', reason: 'other_key' });
  });

  it('has one text only: spare bits of base64 are refused', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const at = note.length - 3;
    const spare = alphabet.charAt(alphabet.indexOf(note.charAt(at)) + 1);
    const varied = note.slice(0, at) + spare + note.slice(at + 1);
    expect(Buffer.from(varied.slice(-94), 'base64').equals(Buffer.from(note.slice(-94), 'base64'))).toBe(true);
    expect(verifyCheckpoint(varied, raw)).toEqual({ kind: 'bad', reason: 'malformed' });
  });

  it('is refused under another key', () => {
    const other = rawPublicKey(generateKeyPairSync('ed25519').privateKey);
    expect(verifyCheckpoint(note, other)).toEqual({ kind: 'bad', reason: 'other_key' });
    expect(() => rawPublicKey(generateKeyPairSync('x25519').privateKey)).toThrow(TypeError);
  });

  it('names its key in a form that reads back', () => {
    expect(parseVerifierKey(verifierKey(raw))?.equals(raw)).toBe(true);
    expect(parseVerifierKey(`${verifierKey(raw)}\n`)?.equals(raw)).toBe(true);
    expect(parseVerifierKey(verifierKey(raw).replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toBeNull();
    expect(parseVerifierKey('hello')).toBeNull();
  });
});

const wycheproof = new URL('../../../shared/vectors/wycheproof/ed25519_test.json', import.meta.url).pathname;
if (!existsSync(wycheproof)) console.warn(`SKIPPED: Ed25519 vectors: ${wycheproof} is absent`);

describe('Ed25519 as we call it', () => {
  it.runIf(existsSync(wycheproof))('agrees with every public vector', () => {
    const test = z.looseObject({
      tcId: z.number(),
      msg: z.string(),
      sig: z.string(),
      result: z.enum(['valid', 'invalid']),
    });
    const group = z.looseObject({ publicKey: z.looseObject({ pk: z.string() }), tests: z.array(test) });
    const { testGroups } = z
      .looseObject({ testGroups: z.array(group) })
      .parse(JSON.parse(readFileSync(wycheproof, 'utf8')));
    let count = 0;
    for (const { publicKey, tests } of testGroups) {
      const verifier = publicKeyFromRaw(Buffer.from(publicKey.pk, 'hex'));
      for (const { tcId, msg, sig, result } of tests) {
        const signature = Buffer.from(sig, 'hex');
        const good = signature.length === 64 && verify(null, Buffer.from(msg, 'hex'), verifier, signature);
        expect(good, `vector ${tcId}`).toBe(result === 'valid');
        count += 1;
      }
    }
    expect(count).toBe(151);
  });
});

describe('the key that signs', () => {
  it('is opened when only its owner may read it', () => {
    const path = join(makeFolder(), 'checkpoint.key');
    writeFileSync(path, key.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o400 });
    expect(rawPublicKey(openCheckpointKey(path)).equals(raw)).toBe(true);
    const open = join(makeFolder(), 'open.key');
    writeFileSync(open, key.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o644 });
    expect(() => openCheckpointKey(open)).toThrow('may be read by others');
    const wrong = join(makeFolder(), 'wrong.key');
    writeFileSync(wrong, 'not a key', { mode: 0o400 });
    expect(() => openCheckpointKey(wrong)).toThrow('is not a checkpoint key');
  });
});

describe('a checkpoint held outside', () => {
  async function withCheckpoints(count: number, sizes: number[]): Promise<{ dir: string; notes: string[] }> {
    const { dir } = await writeLog(count, { segmentBytesMax: 2000 });
    const leaves = openLeaves(dir);
    return { dir, notes: sizes.map((size) => makeCheckpoint({ size, root: rootOf(leaves, size) }, key)) };
  }
  const outside = (notes: string[]): OutsideHead[] => notes.map((one) => ({ kind: 'checkpoint', note: one }));

  it('is verified when the log extends it', async () => {
    const { dir, notes } = await withCheckpoints(24, [1, 13, 20]);
    const report = await verifyLog(dir, { outside: outside(notes), publicKey: raw, requireCheckpoint: true });
    expect(describeReport(report)).toEqual(['Chain integrity: VALID (24 entries)', 'Checkpoint: verified up to 20']);
    expect(report.exitCode).toBe(0);
  });

  it('finds a chain that was recomputed', async () => {
    const { notes } = await withCheckpoints(24, [5, 13]);
    const { dir } = await writeLog(24, { segmentBytesMax: 2000 });
    const other = await createSideLog(dir, { name: 'stop-audit', mode: 'U', wallMs: Date.now });
    await other.close();
    writeFileSync(join(dir, 'audit.jsonl'), readFileSync(join(dir, 'audit.jsonl')));
    const twin = await verifyLog(dir, { outside: outside(notes), publicKey: raw });
    expect(twin.exitCode, 'the same events at the same times are the same log').toBe(0);
    const forged = await writeLog(23, { segmentBytesMax: 2000 });
    const shifted = openLeaves(forged.dir);
    const wrong: OutsideHead[] = [{ kind: 'root', size: 13, root: rootOf(shifted, 14) }];
    const report = await verifyLog(forged.dir, { outside: [...outside(notes.slice(0, 1)), ...wrong], publicKey: raw });
    expect(report.exitCode).toBe(1);
    expect(describeReport(report)[0]).toBe('Chain integrity: BROKEN at entry 6');
    expect(describeReport(report)[1]).toContain('not the one that was vouched for at 13 entries');
  });

  it('finds a cut tail, a rollback and an emptied log', async () => {
    const { notes } = await withCheckpoints(24, [24]);
    for (const [count, entry] of [
      [23, 24],
      [3, 4],
      [0, 1],
    ] as const) {
      const { dir } = await writeLog(count);
      const report = await verifyLog(dir, { outside: outside(notes), publicKey: raw });
      expect(report.exitCode).toBe(1);
      expect(describeReport(report)[0]).toBe(`Chain integrity: BROKEN at entry ${entry}`);
    }
  });

  it('that is forged, foreign or without a key verifies nothing', async () => {
    const { dir, notes } = await withCheckpoints(9, [9]);
    const foreign = makeCheckpoint(
      { size: 9, root: rootOf(openLeaves(dir)) },
      generateKeyPairSync('ed25519').privateKey,
    );
    const forged = (notes[0] ?? '').replace('\n9\n', '\n8\n');
    for (const one of [foreign, forged, 'nonsense']) {
      const report = await verifyLog(dir, { outside: outside([one]), publicKey: raw });
      expect(report).toMatchObject({ exitCode: 1, chain: { kind: 'valid' }, checkpoint: { kind: 'refused' } });
    }
    expect(await verifyLog(dir, { outside: outside(notes) })).toMatchObject({
      exitCode: 1,
      checkpoint: { reason: 'no_key' },
    });
    expect(await verifyLog(dir, { requireCheckpoint: true })).toMatchObject({ exitCode: 1, chain: { kind: 'valid' } });
    expect(await verifyLog(dir)).toMatchObject({ exitCode: 0, checkpoint: { kind: 'none' } });
  });
});
