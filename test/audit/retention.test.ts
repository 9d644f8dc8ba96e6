import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeReport, openLeaves, retirableThrough, retireLines, verifyLog } from '../../src/audit/index.ts';
import { edit, makeFolder, openForTest, verdictOf, writeLog } from './support/logs.ts';
import { rootOf } from './support/roots.ts';

const segmentBytesMax = 2000;

async function writeRetired(recorded: boolean): Promise<{ dir: string; through: number; root: Buffer; size: number }> {
  const { dir, chain } = await writeLog(30, { segmentBytesMax });
  const root = rootOf(openLeaves(dir), 25);
  const through = retirableThrough(dir, 20);
  const { seq, hash } = chain.head();
  const opened = await openForTest(dir, { head: { seq, hash }, outbox: [], segmentBytesMax });
  if (opened.kind !== 'ok') throw new Error(opened.message);
  if (recorded) {
    await opened.log.append([chain.next({ event: 'lines_retired', zone: 'zone1-executor', details: { through } })]);
  }
  await opened.log.close();
  await retireLines(dir, through);
  return { dir, through, root, size: chain.head().size };
}

describe('retention', () => {
  it('removes lines, keeps leaf hashes, and checkpoints still verify', async () => {
    const { dir, through, root, size } = await writeRetired(true);
    expect(through).toBeGreaterThan(5);
    expect(existsSync(join(dir, 'audit.1.jsonl'))).toBe(false);
    expect(existsSync(join(dir, 'audit.1.leaves'))).toBe(true);
    const report = await verifyLog(dir, { outside: [{ kind: 'root', size: 25, root }] });
    expect(describeReport(report)).toEqual([
      `Chain integrity: VALID (${size} entries)`,
      'Checkpoint: verified up to 25',
      `Entries 1 to ${through}: lines removed by retention, leaf hashes kept`,
    ]);
    expect(rootOf(openLeaves(dir), 25).equals(root)).toBe(true);
    expect(retirableThrough(dir, 20)).toBe(0);
  });

  it('without a record of it is a broken log', async () => {
    const { dir } = await writeRetired(false);
    expect(await verdictOf(dir)).toMatch(/^broken at/);
  });

  it('of a segment in the middle is a broken log', async () => {
    const { dir } = await writeLog(30, { segmentBytesMax });
    const [, second = ''] = readdirSync(dir)
      .filter((name) => /^audit\.\d+\.jsonl$/.test(name))
      .toSorted((a, b) => Number(a.split('.')[1]) - Number(b.split('.')[1]));
    rmSync(join(dir, second));
    expect(await verdictOf(dir)).toMatch(/^broken at/);
  });

  it('finds leaf hashes that were changed afterwards, by the checkpoint', async () => {
    const { dir, root } = await writeRetired(true);
    edit(join(dir, 'audit.1.leaves'), (bytes) => bytes.fill(bytes.at(-1) === 0 ? 1 : 0, bytes.length - 1));
    expect((await verifyLog(dir, { outside: [{ kind: 'root', size: 25, root }] })).exitCode).toBe(1);
  });

  it('removes nothing whose leaf hashes are not those of its lines', async () => {
    const { dir } = await writeLog(30, { segmentBytesMax });
    const through = retirableThrough(dir, 20);
    edit(join(dir, 'audit.1.leaves'), (bytes) => bytes.fill(bytes.at(-1) === 0 ? 1 : 0, bytes.length - 1));
    await expect(retireLines(dir, through)).rejects.toThrow('are not those of its lines');
    expect(existsSync(join(dir, 'audit.1.jsonl'))).toBe(true);
    const outside = [{ kind: 'root' as const, size: 1, root: rootOf(openLeaves(dir), 1) }];
    expect((await verifyLog(dir, { outside })).exitCode, 'header and lines agree, the body is not read here').toBe(0);
    expect(retirableThrough(makeFolder(), 20)).toBe(0);
  });
});
