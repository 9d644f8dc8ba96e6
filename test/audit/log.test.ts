import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLog, EMPTY, openLog, realFiles } from '../../src/audit/index.ts';
import type { FilePort } from '../../src/audit/index.ts';
import { failingFiles } from './support/failing-files.ts';
import type { Fault } from './support/failing-files.ts';
import { appendEach, makeChain, makeFolder, nextRows, openForTest, verdictOf } from './support/logs.ts';

describe('append', () => {
  it('shares one durable write among callers of one turn, in their order', async () => {
    const files = failingFiles(0, 'lost');
    const dir = join(makeFolder(), 'audit');
    const log = await createLog(dir, { files });
    const rows = nextRows(makeChain(), 50);
    const before = files.asked.length;
    await Promise.all(rows.map((row) => log.append([row.line])));
    expect(files.asked.length - before).toBe(1);
    expect(log.head().seq).toBe(50);
    expect(log.tree().size).toBe(50);
    await log.close();
    expect(await verdictOf(dir)).toBe('valid 50');
    expect(statSync(join(dir, 'audit.jsonl')).mode & 0o777).toBe(0o600);
  });

  it('resolves only when the write has returned', async () => {
    const gate = Promise.withResolvers<undefined>();
    let written = false;
    const slow: FilePort = {
      ...realFiles,
      async openFile(path, how) {
        const file = await realFiles.openFile(path, how);
        const write = async (bytes: Uint8Array, position: number): Promise<void> => {
          await gate.promise;
          await file.write(bytes, position);
          written = true;
        };
        return { ...file, write };
      },
    };
    const log = await createLog(join(makeFolder(), 'audit'), { files: slow });
    const appended = log.append(nextRows(makeChain(), 1).map((row) => row.line)).then(() => written);
    expect(log.head()).toEqual(EMPTY);
    gate.resolve(undefined);
    expect(await appended).toBe(true);
    await log.close();
  });

  it('refuses lines that do not follow, and goes on with those that do', async () => {
    const dir = join(makeFolder(), 'audit');
    const log = await createLog(dir);
    const [one, two, three] = nextRows(makeChain(), 3).map((row) => row.line);
    for (const wrong of [[two], [one, three], [one, one], [`${one}\n`], [''], ['{}']]) {
      await expect(log.append(wrong.map(String))).rejects.toMatchObject({ code: 'invariant_broken' });
    }
    await log.append([]);
    await log.append([String(one), String(two)]);
    await log.close();
    expect(await verdictOf(dir)).toBe('valid 2');
    await expect(log.append([String(three)])).rejects.toMatchObject({ code: 'disk_failed' });
  });
});

/** Five batches of two lines over several segments, as an executor makes them: outbox first, then the log. */
async function runUntilFailure(
  dir: string,
  files: FilePort,
): Promise<{ durable: number; rows: ReturnType<typeof nextRows>; head: { seq: number; hash: string } }> {
  const chain = makeChain();
  const rows: ReturnType<typeof nextRows> = [];
  const log = await createLog(dir, { files, segmentBytesMax: 1000 });
  let durable = 0;
  try {
    for (let batch = 0; batch < 5; batch++) {
      const next = nextRows(chain, 2);
      rows.push(...next);
      await log.append(next.map((row) => row.line));
      durable = rows.length;
    }
  } catch {
    // The injected failure; what the log promises afterwards is looked at by the test.
  }
  await log.close();
  const { seq, hash } = chain.head();
  return { durable, rows, head: { seq, hash } };
}

describe('every durable change fails', () => {
  const faults: Fault[] = ['lost', 'kept', 'half'];
  it.each(faults)('%s: what was reported durable is there, and opening repairs the rest', async (fault) => {
    const counting = failingFiles(0, fault);
    await runUntilFailure(join(makeFolder(), 'audit'), counting);
    expect(counting.asked.length).toBeGreaterThan(12);
    // From 3 on: 1 and 2 are the making of the log itself.
    for (let at = 3; at <= counting.asked.length; at++) {
      const dir = join(makeFolder(), 'audit');
      const { durable, rows, head } = await runUntilFailure(dir, failingFiles(at, fault));
      // The rows of the last, failed batch are still in the outbox; those before were cleared.
      const outbox = rows.slice(durable);
      const opened = await openForTest(dir, { head, outbox, segmentBytesMax: 1000 });
      expect(opened, `change ${at} of ${counting.asked.join()}`).toMatchObject({ kind: 'ok' });
      if (opened.kind !== 'ok') continue;
      expect(opened.recovered).toBeLessThanOrEqual(outbox.length);
      await opened.log.close();
      expect(await verdictOf(dir)).toBe(`valid ${rows.length}`);
    }
  });

  it('refuses every append after a failure until it is opened again', async () => {
    const dir = join(makeFolder(), 'audit');
    const files = failingFiles(4, 'half');
    const log = await createLog(dir, { files });
    const chain = makeChain();
    await appendEach(log, chain, 1);
    const size = statSync(join(dir, 'audit.jsonl')).size;
    const rows = nextRows(chain, 3);
    await expect(log.append([String(rows[0]?.line)])).rejects.toMatchObject({ code: 'disk_failed', fate: 'stop' });
    await expect(log.append([String(rows[1]?.line)])).rejects.toMatchObject({ code: 'disk_failed' });
    expect(log.failure()).toMatchObject({ code: 'disk_failed' });
    expect(statSync(join(dir, 'audit.jsonl')).size, 'cut back to the last durable line').toBe(size);
    await log.close();
  });

  it('opening fails, changes nothing it should not, and works the next time', async () => {
    for (let at = 1; at <= 2; at++) {
      for (const fault of faults) {
        const dir = join(makeFolder(), 'audit');
        const log = await createLog(dir);
        const chain = makeChain();
        await appendEach(log, chain, 3);
        await log.close();
        const outbox = nextRows(chain, 2);
        const { seq, hash } = chain.head();
        const first = await openLog(dir, { head: { seq, hash }, outbox, files: failingFiles(at, fault) });
        if (first.kind === 'ok') await first.log.close();
        const again = await openForTest(dir, { head: { seq, hash }, outbox });
        expect(again).toMatchObject({ kind: 'ok' });
        expect(await verdictOf(dir)).toBe('valid 5');
      }
    }
  });

  it('a full disk gives the kept space back', async () => {
    const dir = join(makeFolder(), 'audit');
    const log = await createLog(dir, { files: failingFiles(3, 'lost', 'ENOSPC') });
    expect(statSync(join(dir, 'reserve')).size).toBeGreaterThan(100_000);
    const lines = nextRows(makeChain(), 1).map((row) => row.line);
    await expect(log.append(lines)).rejects.toThrow('the disk is full');
    expect(() => statSync(join(dir, 'reserve'))).toThrow('ENOENT');
    await log.close();
  });
});
