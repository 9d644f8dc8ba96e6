import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLog, EMPTY, realFiles } from '../../src/audit/index.ts';
import type { OutboxRow, Place } from '../../src/audit/index.ts';
import { failingFiles } from './support/failing-files.ts';
import { edit, makeChain, nextRows, openForTest, verdictOf, writeLog } from './support/logs.ts';

const place = ({ seq, hash }: Place): Place => ({ seq, hash });

describe('opening a log', () => {
  it('continues one that is what the database recorded', async () => {
    const { dir, chain } = await writeLog(5);
    const opened = await openForTest(dir, { head: place(chain.head()), outbox: [] });
    expect(opened).toMatchObject({ kind: 'ok', recovered: 0, cutBytes: 0 });
    if (opened.kind !== 'ok') return;
    await opened.log.append(nextRows(chain, 2).map((row) => row.line));
    await opened.log.close();
    expect(await verdictOf(dir)).toBe('valid 7');
  });

  it('appends the lines that only the outbox has', async () => {
    const { dir, chain } = await writeLog(5);
    const outbox = nextRows(chain, 3);
    const opened = await openForTest(dir, { head: place(chain.head()), outbox });
    expect(opened).toMatchObject({ kind: 'ok', recovered: 3 });
    expect(await verdictOf(dir)).toBe('valid 8');
  });

  it('cuts a torn line and writes it again from the outbox', async () => {
    const { dir, path, chain } = await writeLog(5);
    const outbox = nextRows(chain, 3);
    appendFileSync(path, `${outbox[0]?.line}\n${outbox[1]?.line.slice(0, 50)}`);
    const opened = await openForTest(dir, { head: place(chain.head()), outbox });
    expect(opened).toMatchObject({ kind: 'ok', recovered: 2, cutBytes: 50 });
    expect(await verdictOf(dir)).toBe('valid 8');
  });

  it('cuts what a crash left behind even when it is longer than what is missing', async () => {
    const { dir, path, chain } = await writeLog(5);
    const outbox = nextRows(chain, 1);
    appendFileSync(path, Buffer.alloc(3000));
    const opened = await openForTest(dir, { head: place(chain.head()), outbox });
    expect(opened).toMatchObject({ kind: 'ok', recovered: 1, cutBytes: 3000 });
    expect(await verdictOf(dir)).toBe('valid 6');
  });

  it('accepts rows that are in the log already', async () => {
    const { dir, chain, lines } = await writeLog(5);
    const outbox: OutboxRow[] = lines.slice(3).map((line, i) => ({ seq: 4 + i, line }));
    expect(await openForTest(dir, { head: place(chain.head()), outbox })).toMatchObject({ kind: 'ok', recovered: 0 });
    expect(await verdictOf(dir)).toBe('valid 5');
  });

  it('writes rows of the outbox again even when they stand in the file: a failed flush may have left them in memory', async () => {
    const { dir, chain, lines } = await writeLog(5);
    const files = failingFiles(0, 'lost');
    const outbox: OutboxRow[] = lines.slice(3).map((line, i) => ({ seq: 4 + i, line }));
    await openForTest(dir, { head: place(chain.head()), outbox, files });
    expect(files.asked).toEqual(['write']);
    const none = failingFiles(0, 'lost');
    await openForTest(dir, { head: place(chain.head()), outbox: [], files: none });
    expect(none.asked).toEqual([]);
  });

  it('never makes a log: without its file it is missing', async () => {
    const { dir, path, chain } = await writeLog(5);
    rmSync(path);
    expect(await openForTest(dir, { head: place(chain.head()), outbox: [] })).toMatchObject({ reason: 'missing' });
    rmSync(dir, { recursive: true });
    expect(await openForTest(dir, { head: EMPTY, outbox: [] })).toMatchObject({ kind: 'broken', reason: 'missing' });
    expect(existsSync(dir)).toBe(false);
  });

  it('creating refuses to go on with one', async () => {
    const { dir } = await writeLog(1);
    await expect(createLog(dir)).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it('opens an empty log of an empty database', async () => {
    const { dir } = await writeLog(0);
    expect(await openForTest(dir, { head: EMPTY, outbox: [] })).toMatchObject({ kind: 'ok' });
  });
});

describe('a log that is not what the database recorded stops outbound acts', () => {
  it.each<[string, (bytes: Buffer, lines: readonly string[]) => Uint8Array | string, string]>([
    ['the tail was cut', (_, lines) => `${lines.slice(0, 4).join('\n')}\n`, 'shorter_than_database'],
    ['everything was cut', () => '', 'shorter_than_database'],
    ['a byte was changed', (bytes) => bytes.fill('9', 60, 61), 'chain_broken'],
    ['a line was removed', (_, lines) => `${lines.toSpliced(2, 1).join('\n')}\n`, 'chain_broken'],
    ['two lines were swapped', (_, [a, b, c, d, e]) => [a, c, b, d, e, ''].join('\n'), 'chain_broken'],
    ['the tail was doubled', (bytes, lines) => `${bytes.toString()}${lines[4]}\n`, 'chain_broken'],
    ['the last line was torn by somebody', (bytes) => bytes.subarray(0, -10), 'shorter_than_database'],
    ['text was added', (bytes) => Buffer.concat([bytes, Buffer.from('x')]), 'longer_than_database'],
  ])('%s', async (_, change, reason) => {
    const { dir, path, chain, lines } = await writeLog(5);
    edit(path, (bytes) => change(bytes, lines));
    const before = readFileSync(path);
    const opened = await openForTest(dir, { head: place(chain.head()), outbox: [] });
    expect(opened).toMatchObject({ kind: 'broken', reason });
    expect(readFileSync(path).equals(before), 'a broken log is evidence and stays as it is').toBe(true);
  });

  it('an older database was put back', async () => {
    const { dir, lines } = await writeLog(5);
    const old = makeChain();
    nextRows(old, 3);
    expect(lines).toHaveLength(5);
    expect(await openForTest(dir, { head: place(old.head()), outbox: [] })).toMatchObject({
      reason: 'longer_than_database',
    });
  });

  it('the log of another instance was put in its place', async () => {
    const { dir } = await writeLog(5);
    const other = { seq: 5, hash: 'ab'.repeat(32) };
    expect(await openForTest(dir, { head: other, outbox: [] })).toMatchObject({ reason: 'differs_from_database' });
  });

  it('the outbox does not lead to the head', async () => {
    const { dir, chain } = await writeLog(5);
    const outbox = nextRows(chain, 3);
    const head = place(chain.head());
    expect(await openForTest(dir, { head, outbox: outbox.toSpliced(1, 1) })).toMatchObject({ reason: 'outbox_broken' });
    const wrongHead = { seq: head.seq, hash: 'ab'.repeat(32) };
    expect(await openForTest(dir, { head: wrongHead, outbox })).toMatchObject({ reason: 'outbox_broken' });
    const changed = outbox.map((row) => ({ ...row, line: row.line.replace('armed', 'drmed') }));
    expect(await openForTest(dir, { head, outbox: changed })).toMatchObject({ reason: 'outbox_broken' });
    expect(await openForTest(dir, { head, outbox })).toMatchObject({ kind: 'ok', recovered: 3 });
  });

  it('the file is a link', async () => {
    const { dir, path, chain } = await writeLog(2);
    renameSync(path, `${path}.real`);
    symlinkSync(`${path}.real`, path);
    expect(await openForTest(dir, { head: place(chain.head()), outbox: [] })).toMatchObject({ reason: 'unreadable' });
    await expect(realFiles.openFile(path, 'open'), 'nor written to').rejects.toMatchObject({ code: 'ELOOP' });
  });
});

describe('segments', () => {
  it('rotate with the head carried over, and open again at any size', async () => {
    for (let count = 1; count < 24; count += 3) {
      const { dir, chain } = await writeLog(count, { segmentBytesMax: 1200 });
      const outbox = nextRows(chain, 2);
      const opened = await openForTest(dir, { head: place(chain.head()), outbox, segmentBytesMax: 1200 });
      expect(opened).toMatchObject({ kind: 'ok', recovered: 2 });
      if (opened.kind === 'ok') expect(opened.log.tree().size).toBe(count + 2);
      expect(await verdictOf(dir)).toBe(`valid ${count + 2}`);
    }
  });

  it('survive the loss of the file between rename and creation', async () => {
    const { dir, path, chain } = await writeLog(4, { segmentBytesMax: 1 });
    expect(statSync(path).size).toBe(0);
    rmSync(path);
    expect(await openForTest(dir, { head: place(chain.head()), outbox: [] })).toMatchObject({
      kind: 'ok',
      recovered: 0,
    });
    expect(await verdictOf(dir)).toBe('valid 4');
  });

  it('are shorter than the database when the current one is emptied', async () => {
    const { dir, path, chain } = await writeLog(6, { segmentBytesMax: 1200 });
    truncateSync(path, 0);
    const opened = await openForTest(dir, { head: place(chain.head()), outbox: [] });
    expect(opened).toMatchObject({ kind: 'broken', reason: 'shorter_than_database' });
  });

  it('are unreadable when the leaf hashes of one say that it followed something else', async () => {
    const { dir, chain } = await writeLog(24, { segmentBytesMax: 1200 });
    const second = readdirSync(dir).find((name) => name.endsWith('.leaves') && name !== 'audit.1.leaves') ?? '';
    edit(join(dir, second), (bytes) => bytes.fill('f', bytes.indexOf('"prev":"') + 8, bytes.indexOf('"hash"') - 2));
    const opened = await openForTest(dir, { head: place(chain.head()), outbox: [] });
    expect(opened).toMatchObject({ kind: 'broken', reason: 'unreadable' });
    expect(await verdictOf(dir)).toMatch(/^broken/);
  });

  it('are unreadable when the leaf hashes of one are gone', async () => {
    const { dir, chain } = await writeLog(9, { segmentBytesMax: 1200 });
    rmSync(`${dir}/audit.1.leaves`);
    const opened = await openForTest(dir, { head: place(chain.head()), outbox: [] });
    expect(opened).toMatchObject({ kind: 'broken', reason: 'unreadable' });
    writeFileSync(`${dir}/audit.1.leaves`, 'nonsense\n');
    expect(await openForTest(dir, { head: place(chain.head()), outbox: [] })).toMatchObject({ reason: 'unreadable' });
  });
});
