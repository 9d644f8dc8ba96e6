import { appendFileSync, existsSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findByGroup, findRuntime, openDockerDriver, type ZoneDriver } from '../../../src/isolation/index.ts';
import { agentZone, loadAgentImage } from './agent-image.ts';
import { askEngine, dockerSpec, NO_ENGINE, openDockerBench, runDocker, type DockerBench } from './support.ts';

type Json = Record<string, unknown>;

/** Between the driver and the real engine: changes what is asked or what is answered, as a broken or bribed one would. */
class Liar {
  readonly path: string;
  asked: (path: string, body: Json) => Json = (_, body) => body;
  answered: (path: string, body: unknown) => unknown = (_, body) => body;
  readonly #server: Server;

  constructor(engine: string, path: string) {
    this.path = path;
    this.#server = createServer((from, to) => {
      const url = from.url ?? '';
      const chunks: Buffer[] = [];
      from.on('data', (chunk: Buffer) => chunks.push(chunk));
      from.on('end', () => {
        let body = Buffer.concat(chunks);
        if (url.includes('/containers/create'))
          body = Buffer.from(JSON.stringify(this.asked(url, JSON.parse(body.toString()) as Json)));
        const headers = { ...from.headers, 'content-length': String(body.length) };
        const passed = request(
          { socketPath: engine, method: from.method, path: url, headers, agent: false },
          (answer) => {
            const parts: Buffer[] = [];
            answer.on('data', (chunk: Buffer) => parts.push(chunk));
            answer.on('end', () => {
              let text = Buffer.concat(parts).toString();
              if (url.endsWith('/json') && answer.statusCode === 200)
                text = JSON.stringify(this.answered(url, JSON.parse(text)));
              to.writeHead(answer.statusCode ?? 500, { 'content-type': 'application/json' }).end(text);
            });
          },
        );
        passed.on('error', () => to.destroy());
        passed.end(body);
      });
    });
    this.#server.on('upgrade', (from, socket, head) => {
      const engineSocket = connect(engine, () => {
        engineSocket.write(
          `${from.method} ${from.url} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n`,
        );
        engineSocket.write(head);
        socket.pipe(engineSocket).pipe(socket);
      });
      for (const end of [engineSocket, socket]) end.on('error', () => undefined);
    });
    this.#server.listen(path);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe.skipIf(NO_ENGINE !== undefined)('an engine that does not do what it was asked', () => {
  let bench: DockerBench;
  let liar: Liar;
  let driver: ZoneDriver;
  const instance = randomBytes(4).toString('hex');
  beforeAll(async () => {
    bench = await openDockerBench();
    liar = new Liar(bench.engine.socketPath, join(bench.engine.folder, 'liar.sock'));
    driver = await openDockerDriver({ instance, runtime: await findRuntime(process.execPath), socketPath: liar.path });
  }, 60_000);
  afterAll(async () => {
    await driver.destroy();
    liar.close();
    await bench.close();
  });
  beforeEach(() => {
    liar.asked = (_, body) => body;
    liar.answered = (_, body) => body;
  });
  const left = async (): Promise<unknown> =>
    JSON.parse((await askEngine(bench.engine.socketPath, 'GET', '/containers/json?all=1')).body);
  const marker = dockerSpec(['-e', 'console.log("ran")']);
  const start = async (): Promise<{ said: string; error: string }> => {
    let said = '';
    const spec = {
      ...marker,
      name: `lie-${randomBytes(3).toString('hex')}`,
      onOutput: (_: string, chunk: Buffer) => (said += chunk.toString()),
    };
    const error = await driver.create(spec).then(
      () => '',
      (thrown: unknown) => (thrown instanceof Error ? thrown.message : 'unknown'),
    );
    return { said, error };
  };
  const host =
    (change: Json) =>
    (_: string, body: Json): Json => ({ ...body, HostConfig: { ...(body['HostConfig'] as Json), ...change } });

  it('is believed when it does, so that what follows means something', async () => {
    expect(await runDocker(driver, marker)).toMatchObject({ exit: { kind: 'exited', code: 0 }, out: 'ran\n' });
  });

  it.each<[string, Json]>([
    ['network', { NetworkMode: 'host' }],
    ['read-only root', { ReadonlyRootfs: false }],
    ['dropped capabilities', { CapDrop: [] }],
    ['added capabilities', { CapAdd: ['NET_RAW'] }],
    ['security options', { SecurityOpt: [] }],
    ['memory', { Memory: 0, MemorySwap: 0 }],
    ['tasks', { PidsLimit: 0 }],
    ['processor quota', { CpuQuota: 0 }],
    ['ipc', { IpcMode: 'host' }],
    ['processes', { PidMode: 'host' }],
    ['cgroup namespace', { CgroupnsMode: 'host' }],
    ['mounts', { Mounts: [{ Type: 'bind', Source: '/etc', Target: '/app', ReadOnly: true }] }],
    ['memory file systems', { Tmpfs: {} }],
    ['hidden paths', { MaskedPaths: [] }],
    ['restart', { RestartPolicy: { Name: 'always' } }],
    ['log', { LogConfig: { Type: 'json-file' } }],
    ['groups', { GroupAdd: ['0'] }],
    ['binds', { Binds: ['/etc:/tmp/x:ro'] }],
  ])('makes a container with another %s: it never runs, and nothing is left', async (what, change) => {
    liar.asked = host(change);
    const { said, error } = await start();
    expect(error).toMatch(new RegExp(`is not what was asked for: .*${what}`));
    expect(said).toBe('');
    expect(await left()).toEqual([]);
  });

  it.each<[string, Json]>([
    ['user', { User: '0:0' }],
    ['environment', { Env: ['NODE_OPTIONS=--inspect'] }],
    ['program', { Cmd: ['-e', 'console.log("other")'] }],
    ['labels', { Labels: {} }],
  ])('starts it with another %s: refused in the same way', async (what, change) => {
    liar.asked = (_, body) => ({ ...body, ...change });
    const { said, error } = await start();
    expect(error).toMatch(new RegExp(`is not what was asked for: .*${what}`));
    expect(said).toBe('');
    // Without its label only its number is known, and that is enough.
    expect(await left()).toEqual([]);
  });

  it('makes a container of an agent from another image than the chosen: it never runs', async () => {
    const chosen = await loadAgentImage(bench.engine.socketPath, ['lies:chosen'], { word: 'chosen' });
    const other = await loadAgentImage(bench.engine.socketPath, ['lies:other'], { word: 'other' });
    const look = ['cat', '/etc/image-word'] as const;
    expect(await runDocker(driver, agentZone(chosen.id, look))).toMatchObject({ out: 'chosen' });
    liar.asked = (_, body) => ({ ...body, Image: other.id });
    let said = '';
    const zone = { ...agentZone(chosen.id, look), onOutput: (_: string, chunk: Buffer) => (said += chunk.toString()) };
    await expect(driver.create(zone)).rejects.toThrow(/is not what was asked for: .*image/);
    liar.asked = (_, body) => ({ ...body, Healthcheck: { Test: ['CMD', '/bin/tool', 'uid'] } });
    await expect(driver.create(zone)).rejects.toThrow(/program of the image beside it/);
    expect([said, await left()]).toEqual(['', []]);
  });

  it('makes a weaker container and says that it is the right one: the kernel is asked too', async () => {
    let honest: Json = {};
    const sleep = { ...marker, program: { kind: 'node', arguments: ['-e', 'setInterval(() => {}, 1e6)'] } } as const;
    for (const [change, wrong] of [
      [{ CapDrop: [], CapAdd: ['NET_RAW'] }, /capabilities/],
      [{ SecurityOpt: ['seccomp=unconfined'] }, /seccomp mode 0; may gain privileges/],
      [{ NetworkMode: 'host' }, /shares net/],
      [{ PidMode: 'host' }, /shares pid/],
    ] as const) {
      liar.asked = (path, body) => {
        honest = body['HostConfig'] as Json;
        return host(change)(path, body);
      };
      liar.answered = (path, body) => {
        if (!path.includes('/containers/') || Array.isArray(body)) return body;
        const answer = body as Json & { HostConfig: Json; NetworkSettings: Json };
        return {
          ...answer,
          HostConfig: { ...answer.HostConfig, ...honest },
          NetworkSettings: { Networks: { none: {} } },
        };
      };
      await expect(driver.create({ ...sleep, name: `lie-${randomBytes(3).toString('hex')}` })).rejects.toThrow(wrong);
      expect(await left()).toEqual([]);
    }
    expect(findByGroup(`hardshell-${instance}`)).toEqual([]);
  });

  it.each<[string, (image: Json) => Json]>([
    ['another layer', (image) => ({ ...image, RootFS: { Type: 'layers', Layers: [`sha256:${'0'.repeat(64)}`] } })],
    ['another digest', (image) => ({ ...image, Id: `sha256:${'0'.repeat(64)}` })],
    ['variables', (image) => ({ ...image, Config: { ...(image['Config'] as Json), Env: ['NODE_OPTIONS=--inspect'] } })],
    ['a volume', (image) => ({ ...image, Config: { ...(image['Config'] as Json), Volumes: { '/app': {} } } })],
  ])('shows an image with %s under our digest: nothing is started', async (_, change) => {
    liar.answered = (path, body) => (path.includes('/images/') ? change(body as Json) : body);
    const { said, error } = await start();
    expect(error).toBe('the image of the zones in the Docker engine is not the one that Hardshell built');
    expect(said).toBe('');
    expect(await left()).toEqual([]);
  });

  it('answers in words that nobody knows: refused', async () => {
    liar.answered = (path, body) => (path.includes('/containers/') && !Array.isArray(body) ? { ok: true } : body);
    expect((await start()).error).toMatch(/in words that we do not know/);
    liar.answered = (_, body) => body;
    expect(await left()).toEqual([]);
  });

  it('keeps an image whose files were changed on its disk: refused until they are as they were', async ({ skip }) => {
    const layers = join(bench.engine.folder, 'data', 'overlay2');
    const nodes = existsSync(layers)
      ? readdirSync(layers).map((name) => join(layers, name, 'diff', 'usr', 'bin', 'node'))
      : [];
    const node = nodes.find((path) => existsSync(path));
    if (node === undefined) {
      console.warn('NOT PROVEN HERE: a layer changed on disk, for the engine does not use overlay2');
      return skip();
    }
    const { size } = statSync(node);
    appendFileSync(node, 'x');
    const sleep = { ...marker, program: { kind: 'node', arguments: ['-e', 'setInterval(() => {}, 1e6)'] } } as const;
    try {
      await expect(driver.create({ ...sleep, name: 'changed' })).rejects.toThrow(
        'the image of the zones was changed inside the Docker engine (`/usr/bin/node`); look at who did',
      );
      expect(await left()).toEqual([]);
    } finally {
      truncateSync(node, size);
    }
    const zone = await driver.create({ ...sleep, name: 'as-it-was' });
    await zone.stop();
  });
});
