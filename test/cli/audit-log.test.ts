import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { auditLogCheckpoint, auditLogVerify } from '../../src/cli/commands/audit-log.ts';
import type { AuditPlace, CommandOutput } from '../../src/cli/commands/audit-log.ts';
import { auditLogShow } from '../../src/cli/commands/audit-log-show.ts';
import { openLeaves, verifyConsistency, verifyInclusion } from '../../src/audit/index.ts';
import { edit, makeFolder, writeLog } from '../audit/support/logs.ts';
import { rootOf } from '../audit/support/roots.ts';

function makeOutput(): CommandOutput & { readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, write: (line) => void lines.push(line), isTerminal: true, progress: () => undefined };
}

async function makePlace(entries: number): Promise<AuditPlace & { path: string; folder: string }> {
  const { dir, path } = await writeLog(entries, { segmentBytesMax: 2500 });
  const folder = makeFolder();
  const keyPath = join(folder, 'checkpoint.key');
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(keyPath, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o400 });
  return { auditDir: dir, keyPath, path, folder };
}

describe('audit-log verify', () => {
  it('prints the two lines of the format', async () => {
    const output = makeOutput();
    const place = await makePlace(5);
    expect(await auditLogVerify(place, output)).toBe(0);
    expect(output.lines).toEqual([
      'Chain integrity: VALID (5 entries)',
      'Checkpoint: NOT VERIFIED (no outside checkpoint)',
    ]);
    expect(await auditLogVerify({ ...place, requireCheckpoint: true }, makeOutput())).toBe(1);
    edit(place.path, (bytes) => bytes.fill('x', 20, 21));
    const broken = makeOutput();
    expect(await auditLogVerify(place, broken)).toBe(1);
    expect(broken.lines[0]).toMatch(/^Chain integrity: BROKEN at entry \d$/);
  });

  it('takes heads from files and from approval messages', async () => {
    const place = await makePlace(20);
    const file = join(place.folder, 'held-elsewhere');
    const made = makeOutput();
    expect(await auditLogCheckpoint({ ...place, out: file }, made)).toBe(0);
    const key = made.lines.find((line) => line.startsWith('key: '))?.slice(5) ?? '';
    for (const given of [{}, { key }]) {
      const output = makeOutput();
      expect(await auditLogVerify({ ...place, ...given, checkpoint: [file], requireCheckpoint: true }, output)).toBe(0);
      expect(output.lines[1]).toBe('Checkpoint: verified up to 20');
    }
    const root = rootOf(openLeaves(place.auditDir), 7).toString('hex');
    expect(await auditLogVerify({ ...place, root: [`7:${root}`], requireCheckpoint: true }, makeOutput())).toBe(0);
    expect(await auditLogVerify({ ...place, root: [`8:${root}`] }, makeOutput())).toBe(1);
    const json = makeOutput();
    await auditLogVerify({ ...place, json: true }, json);
    expect(JSON.parse(json.lines.join(''))).toMatchObject({ kind: 'checked', chain: { kind: 'valid', entries: 20 } });
  });

  it('says what is wrong with what it was given', async () => {
    const place = await makePlace(2);
    for (const wrong of [
      { root: ['nonsense'] },
      { checkpoint: ['/nonexistent'] },
      { key: 'nonsense' },
      { key: place.path },
      { keyPath: '/nonexistent', checkpoint: [place.path] },
    ]) {
      const output = makeOutput();
      expect(await auditLogVerify({ ...place, ...wrong }, output)).toBe(2);
      expect(output.lines).toHaveLength(1);
      const json = makeOutput();
      expect(await auditLogVerify({ ...place, ...wrong, json: true }, json)).toBe(2);
      expect(JSON.parse(json.lines.join(''))).toEqual({ ok: false, error: 'wrong_use', message: output.lines[0] });
    }
  });
});

describe('audit-log checkpoint', () => {
  it('prints a request a witness can check: old size, proof, checkpoint', async () => {
    const place = await makePlace(20);
    const old = join(place.folder, 'old');
    await auditLogCheckpoint({ ...place, out: old }, makeOutput());
    const leaves = openLeaves(place.auditDir);
    const output = makeOutput();
    expect(await auditLogCheckpoint({ ...place, consistency: old }, output)).toBe(0);
    expect(output.lines.join('\n')).toMatch(/^old 20\n\nhardshell\//);
    const { dir } = await writeLog(33, { segmentBytesMax: 2500 });
    const grown = makeOutput();
    expect(await auditLogCheckpoint({ ...place, auditDir: dir, consistency: old }, grown)).toBe(0);
    const [head = '', ...rest] = grown.lines.join('\n').split('\n');
    const proof = rest.slice(0, rest.indexOf('')).map((line) => Buffer.from(line, 'base64'));
    const root = rootOf(openLeaves(dir));
    expect(head).toBe('old 20');
    expect(verifyConsistency({ from: 20, size: 33, fromRoot: rootOf(leaves), root, proof })).toBe(true);
    expect(
      await auditLogCheckpoint({ ...place, auditDir: (await writeLog(19)).dir, consistency: old }, makeOutput()),
    ).toBe(1);
  });

  it('signs nothing over a log that is broken, and takes no foreign checkpoint', async () => {
    const place = await makePlace(5);
    const foreign = join(place.folder, 'foreign');
    await auditLogCheckpoint({ ...(await makePlace(3)), out: foreign }, makeOutput());
    expect(await auditLogCheckpoint({ ...place, consistency: foreign }, makeOutput())).toBe(2);
    const json = makeOutput();
    expect(await auditLogCheckpoint({ ...place, json: true }, json)).toBe(0);
    expect(JSON.parse(json.lines.join(''))).toMatchObject({ size: 5, out: null });
    edit(place.path, (bytes) => bytes.fill('x', 20, 21));
    const output = makeOutput();
    expect(await auditLogCheckpoint(place, output)).toBe(1);
    expect(output.lines.join()).not.toContain('hardshell/');
  });
});

describe('audit-log show', () => {
  it('prints the last entries, one, or those of a name or a time', async () => {
    const place = await makePlace(30);
    const show = (options: object): string[] => {
      const output = makeOutput();
      auditLogShow({ ...place, ...options }, output);
      return output.lines;
    };
    expect(show({})).toHaveLength(20);
    expect(show({ last: 3 })[2]).toMatch(/^ +30 {2}\S+Z {2}armed +control +epoch=30$/);
    expect(show({ entry: 4, json: true }).map((line): unknown => JSON.parse(line))).toMatchObject([{ seq: 4 }]);
    expect(show({ event: 'armed', last: 100 })).toHaveLength(10);
    expect(show({ since: '2030-01-01' })).toEqual(['no entries']);
    expect(show({ since: '2020-01-01', last: 100 })).toHaveLength(30);
    expect(show({ entry: 31 })).toEqual(['there is no entry 31 in the log']);
    expect(show({ event: 'nonsense' })[0]).toContain('no event is called');
    expect(show({ since: 'yesterday-ish' })[0]).toContain('is not a date');
  });

  it('shows a damaged line as damaged, and lets it do nothing to the terminal', async () => {
    const place = await makePlace(3);
    edit(place.path, (bytes) => {
      bytes.write('\u001B[2J\u009B', bytes.indexOf('armed'), 'latin1');
      return bytes;
    });
    for (const json of [true, false]) {
      const output = makeOutput();
      expect(auditLogShow({ ...place, json }, output)).toBe(1);
      expect(output.lines.join('')).toMatch(/damaged/);
      expect(output.lines.join('')).toMatch(/^[ -~]*$/);
    }
  });

  it('proves that an entry is in what a checkpoint signed', async () => {
    const place = await makePlace(30);
    const checkpoint = join(place.folder, 'cp');
    await auditLogCheckpoint({ ...place, out: checkpoint }, makeOutput());
    const output = makeOutput();
    expect(auditLogShow({ ...place, entry: 9, proof: true, checkpoint }, output)).toBe(0);
    const [magic, index, ...rest] = output.lines.join('\n').split('\n');
    expect([magic, index]).toEqual(['c2sp.org/tlog-proof@v1', 'index 8']);
    const proof = rest.slice(0, rest.indexOf('')).map((line) => Buffer.from(line, 'base64'));
    const leaves = openLeaves(place.auditDir);
    const leaf = Buffer.from([...leaves.source(8, 9)][0] ?? '', 'latin1');
    expect(verifyInclusion({ index: 8, size: 30, leaf, proof, root: rootOf(leaves) })).toBe(true);
    expect(output.lines.join('\n')).toContain(readFileSync(checkpoint, 'utf8').trimEnd());
    expect(auditLogShow({ ...place, entry: 31, proof: true, checkpoint }, makeOutput())).toBe(1);
    expect(auditLogShow({ ...place, proof: true, checkpoint }, makeOutput())).toBe(2);
  });
});
