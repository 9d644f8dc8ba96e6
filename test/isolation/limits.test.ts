import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBench, runZone, specOf, type Bench } from './support.ts';

const MIB = 1024 * 1024;

describe('limits of a zone', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
    if (bench.driver.limitsHeld.length < 3) {
      console.warn(`NOT PROVEN HERE: no cgroup holds all limits (${bench.driver.degraded.join('; ')})`);
    }
  });
  afterAll(() => bench.close());

  it('says which limits the kernel holds, and which it does not', () => {
    const { limitsHeld, degraded } = bench.driver;
    expect(limitsHeld.length + degraded.length).toBe(3);
  });

  it('ends a zone that takes more memory than it may, buffers included', async ({ skip }) => {
    skip(!bench.driver.limitsHeld.includes('memory'), 'no memory cgroup');
    const hog = 'const kept = []; for (;;) kept.push(Buffer.alloc(8 << 20, 1));';
    const limits = { memoryBytesMax: 128 * MIB, tasksMax: 32, cpus: 2 };
    expect((await runZone(bench.driver, specOf(['-e', hog], { limits }))).exit).toEqual({
      kind: 'killed',
      outOfMemory: true,
    });
    const modest =
      'const kept = []; for (let i = 0; i < 4; i++) kept.push(Buffer.alloc(8 << 20, 1)); console.log("fits");';
    expect(await runZone(bench.driver, specOf(['-e', modest], { limits }))).toMatchObject({
      exit: { kind: 'exited', code: 0 },
      out: 'fits\n',
    });
  });

  it('bounds the threads of a zone', async ({ skip }) => {
    skip(!bench.driver.limitsHeld.includes('pids'), 'no pids cgroup');
    const storm = `const { Worker } = require('node:worker_threads'); let started = 0; let ended = 0;
      const done = () => { if (++ended === 60) { console.log(started); process.exit(0); } };
      for (let i = 0; i < 60; i++) { try { const w = new Worker('setTimeout(() => {}, 1e6)', { eval: true }); w.on('online', () => { started++; done(); }); w.on('error', done); } catch { done(); } }`;
    const limits = { memoryBytesMax: 512 * MIB, tasksMax: 24, cpus: 2 };
    const { exit, out } = await runZone(bench.driver, specOf(['-e', storm], { limits }));
    // Node may give up (it aborts when no thread can be had) or count; it never has them all.
    expect(exit.kind === 'exited' && exit.code === 0 ? Number(out) : 0).toBeLessThan(24);
  });

  it('puts both processes of a zone under its limits before its first instruction', async ({ skip }) => {
    skip(bench.driver.limitsHeld.length < 3, 'no cgroups');
    const script = `console.log(require('node:fs').readFileSync('/proc/self/cgroup', 'utf8'))`;
    const { out } = await runZone(bench.driver, specOf(['-e', script]));
    // Seen from inside its own namespaces the group is the root or below it; from outside it is ours.
    expect(out).not.toBe('');
    const zone = await bench.driver.create(specOf(['-e', 'setInterval(() => {}, 1e6)']));
    for (const { pid } of zone.processes) {
      expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`/hardshell-${bench.instance}/${zone.name}`);
    }
    await zone.stop();
    for (const path of zone.cgroupPaths) expect(existsSync(path)).toBe(false);
  });

  it('stops what will not stop: a zone full of busy threads that ignores signals', async () => {
    const storm = `const { Worker } = require('node:worker_threads');
      for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(signal, () => {});
      for (let i = 0; i < 8; i++) new Worker('for (;;) {}', { eval: true }); console.log('stormy'); setInterval(() => {}, 1e6);`;
    let stormy = () => {};
    const ready = new Promise<void>((resolve) => (stormy = resolve));
    const zone = await bench.driver.create({ ...specOf(['-e', storm]), onOutput: () => stormy() });
    await ready;
    await zone.stop();
    for (const { pid } of zone.processes) expect(readStat(pid)).not.toMatch(/\) [RSD] /);
  });
});

function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}
