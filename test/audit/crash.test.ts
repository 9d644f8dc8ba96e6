import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLog, createSideLog, readFrame, realFiles } from '../../src/audit/index.ts';
import { appendEach, makeChain, makeFolder, nextRows, openForTest, verdictOf } from './support/logs.ts';

const script = new URL('./support/append-forever.mjs', import.meta.url).pathname;

/** Runs the appender, kills it with SIGKILL after `lines` reports, and tells what it last reported durable. */
async function killAmid(dir: string, reports: number): Promise<number> {
  const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('latin1');
  child.stdout.on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > reports) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('close', resolve));
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
}

describe('a process killed in the middle of appends', () => {
  it('loses nothing it reported durable, and the log opens again from the outbox', async () => {
    for (const reports of [1, 7, 23, 60]) {
      const dir = makeFolder();
      const durable = await killAmid(dir, reports);
      const whole = readFileSync(join(dir, 'outbox'), 'latin1').split('\n').slice(0, -1);
      const rows = whole.map((line, i) => ({ seq: i + 1, line }));
      const last = readFrame(rows.at(-1)?.line ?? '');
      expect(last).not.toBeNull();
      if (last === null) return;
      const head = { seq: last.seq, hash: last.hash };
      const outbox = rows.slice(durable);
      const opened = await openForTest(join(dir, 'audit'), { head, outbox, segmentBytesMax: 4000 });
      expect(opened).toMatchObject({ kind: 'ok' });
      expect(await verdictOf(join(dir, 'audit'))).toBe(`valid ${rows.length}`);
    }
  });
});

/** A file system of its own of a few pages, or null with the reason said loudly. */
function makeSmallDisk(): string | null {
  const dir = makeFolder();
  const mounted =
    process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', dir]).status === 0;
  if (!mounted) {
    console.warn('SKIPPED: full-disk test on a real small file system: mounting a tmpfs needs root (CAP_SYS_ADMIN)');
    return null;
  }
  onTestFinished(() => void spawnSync('umount', ['-l', dir]));
  return dir;
}

describe('a full disk', () => {
  it('refuses the append, keeps what was durable, and still has room for the record of a stop', async (context) => {
    const disk = makeSmallDisk();
    if (disk === null) context.skip();
    if (disk === null) return;
    const dir = join(disk, 'audit');
    const log = await createLog(dir);
    const chain = makeChain();
    await appendEach(log, chain, 3);
    expect(statSync(join(dir, 'reserve')).size).toBe(256 * 1024);
    fill(join(disk, 'filler'));
    expect(statfsSync(disk).bavail).toBe(0);
    const outbox = nextRows(chain, 40);
    const failed = log.append(outbox.map((row) => row.line));
    await expect(failed).rejects.toThrow('the disk is full');
    await expect(log.append([])).rejects.toMatchObject({ code: 'disk_failed' });
    await log.close();
    const stop = await createSideLog(dir, { name: 'stop-audit', mode: 'none', wallMs: Date.now });
    const details = { epoch: 1, source: 'disk', simulated: false, zones: 0 } as const;
    await stop.record({ event: 'killed', zone: 'stop', details });
    await stop.close();
    expect(await verdictOf(dir)).toBe('valid 3');
    rmSync(join(disk, 'filler'));
    const { seq, hash } = chain.head();
    expect(await openForTest(dir, { head: { seq, hash }, outbox })).toMatchObject({ kind: 'ok', recovered: 40 });
  });

  it('is used to the last by a stop: a side log releases the kept space itself', async (context) => {
    const disk = makeSmallDisk();
    if (disk === null) context.skip();
    if (disk === null) return;
    const dir = join(disk, 'audit');
    await (await createLog(dir)).close();
    const stop = await createSideLog(dir, { name: 'stop-audit', mode: 'none', wallMs: Date.now });
    fill(join(disk, 'filler'));
    const details = { epoch: 1, source: 'command', simulated: false, zones: 0 } as const;
    for (let n = 0; n < 30; n++) await stop.record({ event: 'killed', zone: 'stop', details });
    await stop.close();
    expect(stop.head().seq).toBe(30);
  });

  it('is an error of the write, as /dev/full says to everybody', async () => {
    const file = await realFiles.openFile('/dev/full', 'open');
    await expect(file.write(Buffer.from('x\n'), 0)).rejects.toMatchObject({ code: 'ENOSPC' });
    await file.close();
    const path = join(makeFolder(), 'allowed');
    writeFileSync(path, '');
    const allowed = await realFiles.openFile(path, 'open');
    await allowed.write(Buffer.from('x\n'), 0);
    await allowed.close();
    expect(readFileSync(path, 'latin1')).toBe('x\n');
  });
});

function fill(path: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  const fd = openSync(path, 'w');
  try {
    for (;;) writeSync(fd, Buffer.alloc(4096, 1));
  } catch {
    // Full, as wanted.
  } finally {
    closeSync(fd);
  }
}
