import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeReport, EMPTY, openLeaves, verifyLog } from '../../src/audit/index.ts';
import { planRanges } from '../../src/audit/verify-pool.ts';
import { makeChain, makeFolder, sampleEvent, verdictOf } from './support/logs.ts';
import { rootOf } from './support/roots.ts';

/** A log above the size from which threads are used. */
function writeLarge(): { dir: string; path: string; entries: number } {
  const dir = makeFolder();
  const path = join(dir, 'audit.jsonl');
  const chain = makeChain(EMPTY);
  const fd = openSync(path, 'w');
  const entries = 90_000;
  for (let batch = 0; batch < 90; batch++) {
    const lines = Array.from({ length: 1000 }, (_, i) => `${chain.next(sampleEvent(batch * 1000 + i))}\n`);
    writeSync(fd, lines.join(''));
  }
  closeSync(fd);
  return { dir, path, entries };
}

function flipByte(path: string, at: number): void {
  const fd = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 1;
  writeSync(fd, byte, 0, 1, at);
  closeSync(fd);
}

describe('a large log', () => {
  it('gets the same verdict from one thread and from several, in every range', async () => {
    const { dir, path, entries } = writeLarge();
    expect(statSync(path).size).toBeGreaterThan(24 * 1024 * 1024);
    const ranges = planRanges(path, statSync(path).size);
    expect(ranges.length).toBeGreaterThan(2);
    const leaves = openLeaves(dir);
    const outside = [1, 50_000, 89_999].map((size) => ({ kind: 'root' as const, size, root: rootOf(leaves, size) }));
    const progress: number[] = [];
    for (const threads of [1, 3]) {
      const report = await verifyLog(dir, {
        threads,
        outside,
        onProgress: (done, total) => progress.push(done / total),
      });
      expect(describeReport(report)).toEqual([
        `Chain integrity: VALID (${entries} entries)`,
        'Checkpoint: verified up to 89999',
      ]);
    }
    expect(progress.at(-1)).toBe(1);
    for (const { from, to } of ranges) {
      for (const at of [from, to - 1]) {
        flipByte(path, at);
        const [one, three] = [await verifyLog(dir, { threads: 1 }), await verifyLog(dir, { threads: 3 })];
        expect(one).toEqual(three);
        expect(one.exitCode).toBe(1);
        flipByte(path, at);
      }
    }
    expect(await verdictOf(dir)).toBe(`valid ${entries}`);
  }, 120_000);

  it('is broken where a stretch was cut out or doubled at the border of two ranges', async () => {
    const { dir, path } = writeLarge();
    const whole = readFileSync(path);
    const { to = 0 } = planRanges(path, whole.length)[0] ?? {};
    const line = whole.indexOf(10, to) + 1;
    const entry = whole.subarray(0, to).toString('latin1').split('\n').length;
    writeFileSync(path, Buffer.concat([whole.subarray(0, to), whole.subarray(line)]));
    expect(await verdictOf(dir)).toBe(`broken at ${entry}`);
    writeFileSync(path, Buffer.concat([whole.subarray(0, line), whole.subarray(to)]));
    expect(await verdictOf(dir)).toBe(`broken at ${entry + 1}`);
    writeFileSync(path, Buffer.concat([whole.subarray(0, to), Buffer.alloc(9000, 'x'), whole.subarray(to)]));
    expect(await verdictOf(dir)).toBe(`broken at ${entry}`);
  }, 120_000);
});

describe('a log that is being written', () => {
  it('is valid at every look, across segments', async () => {
    const dir = makeFolder();
    const script = new URL('./support/append-forever.mjs', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, dir, '60000'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      child.stdout.resume();
      for (let look = 0; look < 25; look++) expect(await verdictOf(join(dir, 'audit'))).toMatch(/^valid \d+$/);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
