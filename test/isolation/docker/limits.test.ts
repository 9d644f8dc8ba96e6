import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupMembers, isRunning } from '../../../src/isolation/index.ts';
import { dockerSpec, evaluate, NO_ENGINE, openDockerBench, runDocker, type DockerBench } from './support.ts';

const MIB = 1024 * 1024;

describe.skipIf(NO_ENGINE !== undefined)('limits of a container', () => {
  let bench: DockerBench;
  beforeAll(async () => {
    bench = await openDockerBench();
  }, 60_000);
  afterAll(() => bench.close());

  it('are all held by the engine, which says so', () => {
    expect(bench.driver.limitsHeld).toEqual(['memory', 'pids', 'cpu']);
    expect(bench.driver.degraded).toEqual([]);
  });

  it('end a zone that takes more memory than it may, buffers included, and leave a modest one alone', async () => {
    const limits = { memoryBytesMax: 128 * MIB, tasksMax: 32, cpus: 2 };
    const hog = 'const kept = []; for (;;) kept.push(Buffer.alloc(8 << 20, 1));';
    expect((await runDocker(bench.driver, dockerSpec(['-e', hog], { limits }))).exit).toEqual({
      kind: 'killed',
      outOfMemory: true,
    });
    const modest =
      'const kept = []; for (let i = 0; i < 4; i++) kept.push(Buffer.alloc(8 << 20, 1)); console.log("fits");';
    expect(await runDocker(bench.driver, dockerSpec(['-e', modest], { limits }))).toMatchObject({
      exit: { kind: 'exited', code: 0 },
      out: 'fits\n',
    });
  });

  const STORM = `const { Worker } = require('node:worker_threads'); let started = 0; let ended = 0; const wanted = 130;
    const done = () => { if (++ended === wanted) { console.log(started); process.exit(0); } };
    for (let i = 0; i < wanted; i++) { try { const w = new Worker('setTimeout(() => {}, 1e6)', { eval: true, resourceLimits: { maxOldGenerationSizeMb: 4 } }); w.on('online', () => { started++; done(); }); w.on('error', done); } catch { done(); } }`;

  it('bound its threads, and never let it have more than a hundred', async () => {
    const few = await runDocker(
      bench.driver,
      dockerSpec(['-e', STORM], { limits: { memoryBytesMax: 2048 * MIB, tasksMax: 24, cpus: 2 } }),
    );
    // A thread that cannot be made ends some versions of Node: what counts is how many there were.
    expect(Number(few.out || '0')).toBeLessThan(24);
    const asked = dockerSpec(['-e', 'console.log(require("fs").readdirSync("/proc/self/task").length)'], {
      limits: { memoryBytesMax: 256 * MIB, tasksMax: 4_000, cpus: 1 },
    });
    const zone = await bench.driver.create({
      ...asked,
      program: { kind: 'node', arguments: ['-e', 'setInterval(() => {}, 1e6)'] },
    });
    const inspected = await bench.inspect(asked.name);
    expect(inspected.HostConfig.PidsLimit).toBe(100);
    await zone.stop();
  });

  it('bound its temporary directory', async () => {
    const found = await evaluate(
      bench.driver,
      `import fs from 'node:fs'; const fd = fs.openSync('/tmp/x', 'w'); let written = 0; let full = '';
       const block = Buffer.alloc(1 << 20); try { for (;;) written += fs.writeSync(fd, block); } catch (error) { full = error.code; }
       console.log(JSON.stringify({ full, mib: written >> 20 }));`,
    );
    expect(found).toEqual({ full: 'ENOSPC', mib: 16 });
  });

  it('bound its share of the processor: one that wants more is held back by the kernel', async () => {
    const busy = { kind: 'node', arguments: ['-e', 'for (;;) ;'] } as const;
    const limits = { memoryBytesMax: 256 * MIB, tasksMax: 32, cpus: 0.2 };
    const zone = await bench.driver.create({ ...dockerSpec([], { limits }), program: busy });
    const group = zone.cgroupPaths.find(
      (path) => existsSync(join(path, 'cpu.cfs_quota_us')) || existsSync(join(path, 'cpu.max')),
    );
    const throttled = (): number =>
      Number(/nr_throttled (\d+)/.exec(readFileSync(join(group ?? '', 'cpu.stat'), 'utf8'))?.[1]);
    for (let i = 0; i < 400 && throttled() === 0; i++) await new Promise((resolve) => setTimeout(resolve, 25));
    expect(throttled()).toBeGreaterThan(0);
    await zone.stop();
  });

  it('stops a zone full of threads that ignore signals, all of it', async () => {
    const storm = `for (const s of ['SIGTERM','SIGINT','SIGHUP']) process.on(s, () => {});
      const { Worker } = require('node:worker_threads'); for (let i = 0; i < 8; i++) new Worker('for (;;) ;', { eval: true }).on('error', () => {});
      console.log('storm'); for (;;) ;`;
    let said = '';
    const zone = await bench.driver.create({
      ...dockerSpec(['-e', storm]),
      onOutput: (_, chunk) => (said += chunk.toString()),
    });
    for (let i = 0; i < 400 && said === ''; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(said).toBe('storm\n');
    expect(zone.processes.map(isRunning)).toEqual([true]);
    expect(cgroupMembers(zone.cgroupPaths)).toContain(zone.processes[0]?.pid);
    await zone.stop();
    expect(await zone.exited).toEqual({ kind: 'killed', outOfMemory: false });
    expect(zone.processes.map(isRunning)).toEqual([false]);
    expect(cgroupMembers(zone.cgroupPaths)).toEqual([]);
    await zone.stop();
  });
});
