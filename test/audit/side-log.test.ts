import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSideLog, EMPTY, hasSideLog, openSideLog, readSideLogHead } from '../../src/audit/index.ts';
import type { SideLogOptions } from '../../src/audit/index.ts';
import type { AuditEvent } from '../../src/contracts/index.ts';
import { failingFiles } from './support/failing-files.ts';
import { edit, makeFolder } from './support/logs.ts';

const options: SideLogOptions = { name: 'stop-audit', mode: 'none', wallMs: Date.now };
const killed: AuditEvent = {
  event: 'killed',
  zone: 'stop',
  details: { epoch: 3, source: 'command', simulated: false, zones: 5 },
};

async function open(dir: string): Promise<Awaited<ReturnType<typeof openSideLog>>> {
  const opened = await openSideLog(dir, options);
  if (opened.kind === 'ok') onTestFinished(() => opened.log.close());
  return opened;
}

describe('a side log', () => {
  it('is made once, opened afterwards, and goes on where it was', async () => {
    const dir = makeFolder();
    expect(hasSideLog(dir, 'stop-audit')).toBe(false);
    const log = await createSideLog(dir, options);
    await Promise.all([log.record(killed), log.record(killed)]);
    await log.close();
    expect(hasSideLog(dir, 'stop-audit')).toBe(true);
    await expect(createSideLog(dir, options)).rejects.toMatchObject({ code: 'EEXIST' });
    const opened = await open(dir);
    expect(opened.kind === 'ok' && opened.log.head()).toEqual(log.head());
    if (opened.kind !== 'ok') return;
    await opened.log.record(killed);
    expect(opened.log.head().seq).toBe(3);
  });

  it('cuts the line a crash left unfinished', async () => {
    const dir = makeFolder();
    const log = await createSideLog(dir, options);
    await log.record(killed);
    await log.close();
    const path = join(dir, 'stop-audit.jsonl');
    const before = readFileSync(path);
    appendFileSync(path, '{"v":1,"seq":2,');
    expect(await open(dir)).toMatchObject({ kind: 'ok' });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('does not go on after a line that was changed', async () => {
    const dir = makeFolder();
    const log = await createSideLog(dir, options);
    await log.record(killed);
    await log.record(killed);
    await log.close();
    edit(join(dir, 'stop-audit.jsonl'), (bytes) => bytes.fill('9', 60, 61));
    expect(await open(dir)).toMatchObject({ kind: 'broken', entry: 1 });
    await expect(openSideLog(makeFolder(), options)).rejects.toThrow('is missing');
  });

  it('takes back a record the disk refused, and records the next one in its place', async () => {
    for (const fault of ['lost', 'kept', 'half'] as const) {
      const dir = makeFolder();
      const log = await createSideLog(dir, { ...options, files: failingFiles(3, fault) });
      await log.record(killed);
      await expect(log.record(killed)).rejects.toThrow('injected');
      await log.record(killed);
      await log.close();
      const opened = await open(dir);
      expect(opened.kind === 'ok' && opened.log.head()).toEqual(log.head());
      expect(log.head().seq).toBe(2);
    }
  });

  it('gives the kept space back and tries once more when the disk is full', async () => {
    const dir = makeFolder();
    const files = failingFiles(2, 'half', 'ENOSPC');
    const log = await createSideLog(dir, { ...options, files });
    await log.record(killed);
    await log.close();
    expect(files.asked).toEqual(['create', 'write', 'remove', 'write']);
    expect(await open(dir)).toMatchObject({ kind: 'ok' });
  });
});

describe('the head the executor anchors', () => {
  it('is read from a log that is whole, without what is not finished', async () => {
    const dir = makeFolder();
    expect(readSideLogHead(dir, 'stop-audit', EMPTY)).toEqual({ kind: 'absent' });
    const log = await createSideLog(dir, options);
    expect(readSideLogHead(dir, 'stop-audit', EMPTY)).toEqual({ kind: 'ok', head: EMPTY });
    await log.record(killed);
    const { seq, hash } = log.head();
    await log.record(killed);
    appendFileSync(join(dir, 'stop-audit.jsonl'), '{"v":1,"seq":3');
    const { seq: last, hash: lastHash } = log.head();
    const head = { seq: last, hash: lastHash };
    expect(readSideLogHead(dir, 'stop-audit', { seq, hash })).toEqual({ kind: 'ok', head });
    await log.close();
  });

  it('is refused when the log changed, or lost what was anchored', async () => {
    const dir = makeFolder();
    const path = join(dir, 'stop-audit.jsonl');
    const log = await createSideLog(dir, options);
    await log.record(killed);
    await log.record(killed);
    await log.close();
    const { seq, hash } = log.head();
    const whole = readFileSync(path);
    const anchored = { seq, hash };
    expect(readSideLogHead(dir, 'stop-audit', anchored)).toMatchObject({ kind: 'ok' });
    expect(readSideLogHead(dir, 'stop-audit', { seq, hash: 'ab'.repeat(32) })).toEqual({ kind: 'broken', entry: 2 });
    writeFileSync(path, whole.subarray(0, whole.indexOf(10) + 1));
    expect(readSideLogHead(dir, 'stop-audit', anchored)).toEqual({ kind: 'broken', entry: 2 });
    edit(path, (bytes) => bytes.fill('9', 60, 61));
    expect(readSideLogHead(dir, 'stop-audit', EMPTY)).toEqual({ kind: 'broken', entry: 1 });
    rmSync(path);
    expect(readSideLogHead(dir, 'stop-audit', anchored)).toEqual({ kind: 'broken', entry: 1 });
  });
});
