import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRuntime, isRunning, openDockerDriver } from '../../../src/isolation/index.ts';
import { makeOpenDirectory } from '../support.ts';
import { askEngine, dockerSpec, NO_ENGINE, openDockerBench, runDocker, type DockerBench } from './support.ts';

const SLEEP = ['-e', 'setInterval(() => {}, 1e6)'];

describe.skipIf(NO_ENGINE !== undefined)('the life of a container', () => {
  let bench: DockerBench;
  const work = makeOpenDirectory();
  beforeAll(async () => {
    bench = await openDockerBench();
  }, 60_000);
  afterAll(async () => {
    await bench.close();
    work.remove();
  });
  const containers = async (): Promise<string[]> =>
    (
      JSON.parse((await askEngine(bench.engine.socketPath, 'GET', '/containers/json?all=1')).body) as {
        Names: string[];
      }[]
    )
      .flatMap(({ Names }) => Names)
      .sort();
  const makeForeign = async (name: string, labels: Record<string, string> = {}): Promise<void> => {
    const made = await askEngine(bench.engine.socketPath, 'POST', `/containers/create?name=${name}`, {
      Image: bench.image,
      Cmd: ['/usr/bin/node', ...SLEEP],
      Labels: labels,
    });
    expect(made.status).toBe(201);
  };
  const drop = (name: string): Promise<unknown> =>
    askEngine(bench.engine.socketPath, 'DELETE', `/containers/${name}?force=1`);

  it('answers its probe, and an image is the same bytes each time it is built', async () => {
    expect(await bench.driver.probe()).toEqual({ ok: true, degraded: [] });
    const again = await bench.open(randomBytes(4).toString('hex'));
    const images = JSON.parse(
      (await askEngine(bench.engine.socketPath, 'GET', '/images/json?all=1')).body,
    ) as unknown[];
    expect(images).toHaveLength(1);
    await again.destroy();
  });

  it('leaves no container behind, whatever its end', async () => {
    await runDocker(bench.driver, dockerSpec(['-e', 'process.exit(3)']));
    expect((await runDocker(bench.driver, dockerSpec(['-e', 'process.exit(3)']))).exit).toEqual({
      kind: 'exited',
      code: 3,
    });
    const zone = await bench.driver.create(dockerSpec(SLEEP));
    expect(await containers()).toHaveLength(1);
    await zone.stop();
    expect(await containers()).toEqual([]);
  });

  it('removes what a crash of ours left, by its label, and nothing of anybody else', async () => {
    await makeForeign('somebodys');
    await makeForeign('other-instance', { 'hardshell.instance': 'ffffffff' });
    const zone = await bench.driver.create(dockerSpec(SLEEP));
    // A second driver of the instance is what a restart after a crash looks like.
    const told: string[] = [];
    const runtime = await findRuntime(process.execPath);
    await openDockerDriver({
      instance: bench.instance,
      runtime,
      socketPath: bench.engine.socketPath,
      tell: (sentence) => told.push(sentence),
    });
    expect(told).toEqual(['removed 1 container that a crash had left']);
    expect(await containers()).toEqual(['/other-instance', '/somebodys']);
    expect((await zone.exited).kind).toBe('killed');
    await Promise.all(['somebodys', 'other-instance'].map(drop));
  });

  it('refuses to start where a container of somebody else has the name, and leaves that alone', async () => {
    const spec = dockerSpec(SLEEP);
    const name = `hardshell-${bench.instance}-${spec.name}`;
    await makeForeign(name);
    await expect(bench.driver.create(spec)).rejects.toThrow(/is in the way; look at it, then remove or rename it/);
    expect(await containers()).toEqual([`/${name}`]);
    await drop(name);
    const zone = await bench.driver.create(spec);
    await zone.stop();
  });

  it('loads its image again where somebody removed it', async () => {
    await askEngine(bench.engine.socketPath, 'DELETE', `/images/${bench.image}?force=1`);
    expect(await runDocker(bench.driver, dockerSpec(['-p', '1 + 1']))).toMatchObject({ out: '2\n' });
  });

  it('refuses specifications that no container may have', async () => {
    const refused = (overrides: Parameters<typeof dockerSpec>[1]): Promise<unknown> =>
      bench.driver.create(dockerSpec(SLEEP, overrides));
    await expect(refused({ uid: 0 })).rejects.toThrow(/would be root in its container/);
    await expect(refused({ network: 'host' })).rejects.toThrow(/the docker driver gives none/);
    await expect(refused({ name: 'a b' })).rejects.toThrow(/a name that the Docker engine does not take/);
    await expect(refused({ env: { 'A=B': 'x' } })).rejects.toThrow(/no environment can hold/);
    const mount = (from: string): Promise<unknown> => refused({ mounts: [{ kind: 'read', from, to: '/app' }] });
    for (const from of ['/', '/proc', '/var/run', bench.engine.folder, bench.engine.socketPath])
      await expect(mount(from)).rejects.toThrow(/would hand the machine to a zone/);
    await expect(mount('/nowhere')).rejects.toThrow(/is not there to be mounted/);
    const path = join(work.path, 'bare.sock');
    const server = createServer().listen(path);
    await new Promise((resolve) => server.on('listening', resolve));
    await expect(mount(path)).rejects.toThrow(/mount the directory that holds a socket/);
    server.close();
    expect(await containers()).toEqual([]);
  });

  it('stops a zone though its engine hangs, and removes the container when that wakes', async () => {
    const zone = await bench.driver.create(dockerSpec(SLEEP));
    const [first] = zone.processes;
    const resume = bench.engine.hang();
    try {
      await zone.stop();
      expect(await zone.exited).toEqual({ kind: 'killed', outOfMemory: false });
      expect(first !== undefined && isRunning(first)).toBe(false);
    } finally {
      resume();
    }
    for (let i = 0; i < 200 && (await containers()).length > 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await containers()).toEqual([]);
  });

  it('hands back all that a program wrote before it ended', async () => {
    const { out } = await runDocker(
      bench.driver,
      dockerSpec(['-e', 'process.stdout.write("x".repeat(1e6)); process.exitCode = 3']),
    );
    expect(out).toHaveLength(1_000_000);
  });

  it('ends a zone whose engine was killed, and says clearly that no engine answers until it is back', async () => {
    const zone = await bench.driver.create(dockerSpec(SLEEP));
    const [first] = zone.processes;
    await bench.engine.crash();
    expect(await zone.exited).toEqual({ kind: 'killed', outOfMemory: false });
    expect(first !== undefined && isRunning(first)).toBe(false);
    await expect(bench.driver.create(dockerSpec(SLEEP))).rejects.toThrow(/no Docker engine answers on `.*`; start it/);
    expect(await bench.driver.probe()).toMatchObject({
      ok: false,
      reason: expect.stringContaining('no Docker engine') as unknown,
    });
    await bench.engine.restart();
    expect(await runDocker(bench.driver, dockerSpec(['-p', '"back"']))).toMatchObject({ out: 'back\n' });
  }, 60_000);
});

describe('without an engine', () => {
  it('says what to do, and nothing is started', async () => {
    const runtime = await findRuntime(process.execPath);
    const work = makeOpenDirectory();
    const socketPath = join(work.path, 'none.sock');
    await expect(openDockerDriver({ instance: '00000000', runtime, socketPath })).rejects.toThrow(
      `no Docker engine answers on \`${socketPath}\`; start it, or set \`zones.driver\` to \`bubblewrap\``,
    );
    rmSync(work.path, { recursive: true });
  });
});
