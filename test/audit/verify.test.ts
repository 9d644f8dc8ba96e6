import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSideLog, describeReport, hashLine, openLeaves, verifyLog } from '../../src/audit/index.ts';
import { edit, makeChain, makeFolder, nextRows, verdictOf, writeLog } from './support/logs.ts';
import { rootHexOf } from './support/roots.ts';

type Change = (bytes: Buffer, lines: readonly string[]) => Uint8Array | string;
const join2 = (lines: readonly (string | undefined)[]): string => lines.map((line) => `${line}\n`).join('');

/** The independent verifier of the documentation on the same folder. */
function python(dir: string, ...args: string[]): string {
  const script = new URL('../../docs/verify_audit.py', import.meta.url).pathname;
  const run = spawnSync('python3', [script, dir, ...args], { encoding: 'utf8' });
  if (run.error !== undefined) throw run.error;
  return run.stdout.trim();
}

describe('tampering is found at its entry', () => {
  it.each<[string, Change, string]>([
    ['nothing (allowed twin)', (bytes) => bytes, 'valid 6'],
    ['one byte in the middle of entry 3', (bytes, lines) => flip(bytes, lines, 2, 90), 'broken at 3'],
    ['one byte of a hash', (bytes, lines) => flip(bytes, lines, 3, (lines[3] ?? '').length - 5), 'broken at 4'],
    ['one byte of a prev', (bytes, lines) => flip(bytes, lines, 3, (lines[3] ?? '').length - 90), 'broken at 4'],
    ['the LF at the end', (bytes) => bytes.fill('x', bytes.length - 1), 'broken at 6'],
    ['an LF in between', (bytes, lines) => flip(bytes, lines, 1, (lines[1] ?? '').length), 'broken at 2'],
    ['a removed line', (_, lines) => join2(lines.toSpliced(2, 1)), 'broken at 3'],
    ['the first line removed', (_, lines) => join2(lines.slice(1)), 'broken at 1'],
    ['two lines swapped', (_, [a, b, c, d, e, f]) => join2([a, b, d, c, e, f]), 'broken at 3'],
    ['the last line doubled', (_, lines) => join2([...lines, lines.at(-1)]), 'broken at 7'],
    ['the last three lines doubled', (_, lines) => join2([...lines, ...lines.slice(-3)]), 'broken at 7'],
    ['a torn last line', (bytes) => bytes.subarray(0, -7), 'broken at 6'],
    ['CRLF', (_, lines) => lines.map((line) => `${line}\r\n`).join(''), 'broken at 1'],
    ['a byte order mark', (bytes) => Buffer.concat([Buffer.from('\uFEFF'), bytes]), 'broken at 1'],
    ['an empty line', (_, lines) => join2([...lines.slice(0, 2), '', ...lines.slice(2)]), 'broken at 3'],
    ['a space after a line', (_, lines) => join2(lines.map((line, i) => (i === 4 ? `${line} ` : line))), 'broken at 5'],
    ['invalid UTF-8', (bytes, lines) => flip(bytes, lines, 1, 80, 0xff), 'broken at 2'],
    ['a foreign file', () => 'Jan 1 00:00:00 host sshd[1]: hello\n', 'broken at 1'],
    ['a file without LF', () => 'x'.repeat(100_000), 'broken at 1'],
    ['binary zeros', () => Buffer.alloc(5000), 'broken at 1'],
    [
      'a line longer than any of ours',
      (bytes) => Buffer.concat([bytes, Buffer.alloc(5000, 'x'), Buffer.from('\n')]),
      'broken at 7',
    ],
    ['a new entry with a wrong prev', (_, lines) => join2([...lines, otherLine(7)]), 'broken at 7'],
    [
      'a new entry with a skipped number',
      (_, lines) => join2([...lines, otherLine(8, hashIn(lines[5]))]),
      'broken at 7',
    ],
    ['a log that begins at another number', () => join2([otherLine(5, '0'.repeat(64))]), 'broken at 1'],
    ['a log that begins in the middle of another', () => join2([otherLine(1)]), 'broken at 1'],
    [
      'a chained entry longer than any of ours',
      (_, lines) => join2([...lines, longLine(hashIn(lines[5]))]),
      'broken at 7',
    ],
    [
      'members in another order',
      (_, lines) => join2([(lines[0] ?? '').replace('{"v":1,', '{').replace('}', ',"v":1}')]),
      'broken at 1',
    ],
    ['an empty file', () => '', 'empty'],
  ])('%s', async (_, change, verdict) => {
    const { dir, path, lines } = await writeLog(6);
    edit(path, (bytes) => change(bytes, lines));
    expect(await verdictOf(dir)).toBe(verdict);
    expect(python(dir)).toBe(sentenceOf(verdict));
  });

  it('any random edit of any segment', async () => {
    const { dir, lines } = await writeLog(24, { segmentBytesMax: 2000 });
    const names = segmentsOf(dir);
    expect(names.length).toBeGreaterThan(1);
    expect(lines).toHaveLength(24);
    expect(await verdictOf(dir)).toBe('valid 24');
    const edits = fc.record({ name: fc.constantFrom(...names), at: fc.nat(), byte: fc.nat(255), kind: fc.nat(2) });
    await fc.assert(
      fc.asyncProperty(edits, async ({ name, at, byte, kind }) => {
        const path = join(dir, name);
        const before = readFileSync(path);
        const index = at % before.length;
        const middle = kind === 0 ? [byte] : kind === 1 ? [byte, before[index] ?? 0] : [];
        const after = Buffer.concat([before.subarray(0, index), Buffer.from(middle), before.subarray(index + 1)]);
        // An edit that changes nothing, or that only cuts whole lines off the end, is not one.
        fc.pre(!after.equals(before));
        writeFileSync(path, after);
        const verdict = await verdictOf(dir);
        writeFileSync(path, before);
        expect(verdict).toMatch(/^broken at \d+$/);
      }),
      { numRuns: process.env['SLOW'] === '1' ? 2000 : 40 },
    );
    expect(await verdictOf(dir)).toBe('valid 24');
  }, 60_000);

  it('segments that are missing, swapped or without leaf hashes', async () => {
    const { dir: sample } = await writeLog(24, { segmentBytesMax: 2000 });
    const [first = '', second = ''] = segmentsOf(sample);
    const start = Number(second.split('.')[1]);
    const cases: [string, RegExp][] = [
      [first, /^broken at \d+$/],
      [second, /^broken at \d+$/],
      ['audit.1.leaves', /^broken at 1$/],
      ['audit.jsonl', /^broken at \d+$/],
    ];
    for (const [file, verdict] of cases) {
      const { dir } = await writeLog(24, { segmentBytesMax: 2000 });
      rmSync(join(dir, file));
      expect(await verdictOf(dir), file).toMatch(verdict);
    }
    const { dir: rewritten, path } = await writeLog(22, { segmentBytesMax: 2000 });
    const begin = Number(/"seq":(\d+)/.exec(readFileSync(path, 'latin1'))?.[1]);
    expect(begin).toBeGreaterThan(start);
    writeFileSync(path, join2([otherLine(begin)]));
    expect(await verdictOf(rewritten), 'a segment recomputed on another past').toBe(`broken at ${begin}`);
    const { dir } = await writeLog(24, { segmentBytesMax: 2000 });
    copyFileSync(join(dir, first), join(dir, second));
    expect(await verdictOf(dir)).toBe(`broken at ${start}`);
  });

  it('a log that is a link is not read', async () => {
    const { dir, path } = await writeLog(3);
    const twin = join(makeFolder(), 'twin.jsonl');
    copyFileSync(path, twin);
    rmSync(path);
    symlinkSync(twin, path);
    expect(await verdictOf(dir)).toBe('broken at 1');
    rmSync(path);
    copyFileSync(twin, path);
    expect(await verdictOf(dir)).toBe('valid 3');
  });
});

describe('an absent record is never valid', () => {
  it('says where a missing log should be', async () => {
    const report = await verifyLog(join(makeFolder(), 'nowhere'));
    expect(report).toMatchObject({ kind: 'missing', exitCode: 1 });
    expect(describeReport(report).join()).toMatch(/NOT VERIFIED \(there is no audit log at `.*audit\.jsonl`/);
  });

  it('an empty log is not verified', async () => {
    const { dir } = await writeLog(0);
    const report = await verifyLog(dir);
    expect(report.exitCode).toBe(1);
    expect(describeReport(report)[0]).toBe('Chain integrity: NOT VERIFIED (the log is empty)');
  });
});

describe('logs of other processes', () => {
  it('that nothing was written to yet are told in plain words, and fail nothing', async () => {
    const { dir } = await writeLog(3);
    await (await createSideLog(dir, { name: 'stop-audit', mode: 'none', wallMs: Date.now })).close();
    const report = await verifyLog(dir);
    expect(report.exitCode).toBe(0);
    expect(describeReport(report).at(-1)).toBe('stop-audit: empty, nothing has been written to it yet');
  });

  async function withStopLog(anchored: number): Promise<{ dir: string; stop: string }> {
    const { dir, path, chain } = await writeLog(3);
    const log = await createSideLog(dir, { name: 'stop-audit', mode: 'none', wallMs: Date.now });
    const details = { epoch: 1, source: 'command', simulated: false, zones: 4 } as const;
    for (let n = 0; n < 4; n++) {
      await log.record({ event: 'killed', zone: 'stop', details });
      if (n + 1 !== anchored) continue;
      const { seq, hash } = log.head();
      const anchor = { log: 'stop-audit', seq, hash } as const;
      appendFileSync(path, `${chain.next({ event: 'other_log_anchored', zone: 'zone1-executor', details: anchor })}\n`);
    }
    await log.close();
    return { dir, stop: join(dir, 'stop-audit.jsonl') };
  }

  it('are verified, and vouched for up to their anchor', async () => {
    const { dir } = await withStopLog(3);
    const report = await verifyLog(dir);
    expect(report.exitCode).toBe(0);
    expect(describeReport(report)).toContain('stop-audit: VALID (4 entries), vouched for up to 3');
  });

  it('are broken when changed, cut, rewritten or deleted below the anchor', async () => {
    const changes: ((stop: string) => void)[] = [
      (stop) => edit(stop, (bytes) => bytes.fill('7', 70, 71)),
      (stop) => edit(stop, (bytes) => `${bytes.toString().split('\n').slice(0, 2).join('\n')}\n`),
      (stop) => writeFileSync(stop, join2(nextRows(makeChain(), 5).map((row) => row.line))),
      (stop) => rmSync(stop),
      (stop) => writeFileSync(stop, ''),
    ];
    for (const change of changes) {
      const { dir, stop } = await withStopLog(3);
      change(stop);
      const report = await verifyLog(dir);
      expect(report.exitCode).toBe(1);
      expect(describeReport(report).at(-1)).toMatch(/^stop-audit: BROKEN at entry \d/);
    }
  });
});

describe('the independent verifier', () => {
  it('agrees on the root', async () => {
    for (const count of [1, 2, 7, 24]) {
      const { dir } = await writeLog(count, { segmentBytesMax: 2000 });
      const root = rootHexOf(openLeaves(dir));
      expect(python(dir, `${count}:${root}`)).toBe(`Chain integrity: VALID (${count} entries)`);
      expect(python(dir, `${count}:${'0'.repeat(64)}`)).toBe('Chain integrity: BROKEN at entry 1');
      expect(python(dir, `${count + 1}:${root}`)).toBe(`Chain integrity: BROKEN at entry ${count + 1}`);
    }
  });
});

/** The files with lines, in order. */
function segmentsOf(dir: string): string[] {
  const names = readdirSync(dir).filter((name) => name.endsWith('.jsonl') && readFileSync(join(dir, name)).length > 0);
  return names.toSorted((a, b) => (Number(a.split('.')[1]) || Infinity) - (Number(b.split('.')[1]) || Infinity));
}

function flip(bytes: Buffer, lines: readonly string[], line: number, at: number, to?: number): Buffer {
  const offset = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, at);
  const changed = Buffer.from(bytes);
  changed[offset] = to ?? (changed[offset] ?? 0) ^ 1;
  return changed;
}

/** A line of ours, hash and all, that claims number `seq` after `prev`: whoever can write the file can make one. */
function otherLine(seq: number, prev = 'cd'.repeat(32)): string {
  return makeChain({ seq: seq - 1, hash: prev }).next({ event: 'armed', zone: 'control', details: { epoch: 1 } });
}

function hashIn(line: string | undefined): string {
  return line?.slice(-66, -2) ?? '';
}

function longLine(prev: string): string {
  const before =
    otherLine(7, prev)
      .split(',"hash":')[0]
      ?.replace('"epoch":1', `"epoch":1${'0'.repeat(5000)}`) ?? '';
  return `${before},"hash":"${hashLine(before)}"}`;
}

function sentenceOf(verdict: string): string {
  if (verdict === 'empty') return 'Chain integrity: NOT VERIFIED (the log is empty)';
  const n = verdict.split(' ').at(-1);
  return verdict.startsWith('valid')
    ? `Chain integrity: VALID (${n} entries)`
    : `Chain integrity: BROKEN at entry ${n}`;
}
