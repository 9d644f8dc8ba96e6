import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ZONE_NODE } from '../bwrap-args.ts';
import type { Runtime } from '../runtime.ts';
import { anything, imageAnswer } from './answers.ts';
import type { Engine } from './engine.ts';
import { failed } from './failures.ts';
import { tarSize, writeTar, type TarEntry } from './tar.ts';

/** The image of every zone: Node, the libraries its loader names, and empty places for what is mounted. */
export interface ZoneImage {
  /** `sha256:…` of its configuration, which names the digest of its only layer: the image's one name. */
  readonly id: string;
  readonly layer: string;
  readonly architecture: string;
  readonly archive: () => AsyncIterable<Buffer>;
}

/** Where mounts land in every zone; made in the image so that no start has to. */
const PLACES = ['app', 'probe', 'tmp', 'proc', 'dev', 'sys', 'etc', 'var', 'var/run', 'var/run/zone-bridge', 'run'];

/** The same files give the same digest, whoever packs them and whenever. */
export async function buildImage(runtime: Runtime): Promise<ZoneImage> {
  const entries = layerEntries(runtime);
  const hash = createHash('sha256');
  for await (const chunk of writeTar(entries)) hash.update(chunk);
  const layer = `sha256:${hash.digest('hex')}`;
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      config: {},
      created: '1970-01-01T00:00:00Z',
      history: [{ created: '1970-01-01T00:00:00Z', created_by: 'hardshell' }],
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [layer] },
    }),
  );
  const digest = createHash('sha256').update(config).digest('hex');
  const manifest = Buffer.from(JSON.stringify([{ Config: `${digest}.json`, RepoTags: null, Layers: ['layer.tar'] }]));
  return {
    id: `sha256:${digest}`,
    layer,
    architecture,
    archive: () =>
      writeTar([
        { kind: 'bytes', path: `${digest}.json`, mode: 0o444, bytes: config },
        { kind: 'stream', path: 'layer.tar', mode: 0o444, size: tarSize(entries), open: () => writeTar(entries) },
        { kind: 'bytes', path: 'manifest.json', mode: 0o444, bytes: manifest },
      ]),
  };
}

/** Loads the image unless the engine has it, and checks that what it has is what we built. */
export async function ensureImage(engine: Engine, image: ZoneImage): Promise<void> {
  if (await checkImage(engine, image)) return;
  await engine.demand(
    { method: 'POST', path: '/images/load?quiet=1', bytes: image.archive(), timeoutMs: 120_000 },
    anything,
  );
  if (!(await checkImage(engine, image))) throw failed('the Docker engine did not keep the image of the zones');
}

/** False when the engine has no such image. Throws when what it has under that digest is not what we built. */
export async function checkImage(engine: Engine, image: ZoneImage): Promise<boolean> {
  const answer = await engine.ask({ method: 'GET', path: `/images/${image.id}/json` }, imageAnswer);
  if (answer.kind === 'refused') {
    if (answer.status === 404) return false;
    throw failed(`the Docker engine refuses to show the image of the zones: ${answer.message}`);
  }
  const { Id, Os, Architecture, RootFS, Config } = answer.value;
  const asBuilt =
    Id === image.id &&
    Os === 'linux' &&
    Architecture === image.architecture &&
    RootFS.Layers?.length === 1 &&
    RootFS.Layers[0] === image.layer &&
    [Config?.Env, Config?.Entrypoint, Config?.Cmd].every((list) => (list ?? []).length === 0) &&
    Object.keys(Config?.Volumes ?? {}).length === 0 &&
    (Config?.User ?? '') === '';
  if (!asBuilt) throw failed('the image of the zones in the Docker engine is not the one that Hardshell built');
  return true;
}

function layerEntries(runtime: Runtime): TarEntry[] {
  const files = [{ path: ZONE_NODE, real: runtime.node }, ...runtime.libraries].map(({ path, real }): TarEntry => ({
    kind: 'file',
    path: path.slice(1),
    mode: 0o555,
    source: real,
    size: statSync(real).size,
  }));
  const directories = new Set<string>();
  for (const path of [...PLACES, ...files.map((file) => dirname(file.path))]) {
    for (let at = path; at !== '.'; at = dirname(at)) directories.add(at);
  }
  const made = [...directories].map((path): TarEntry => ({ kind: 'directory', path, mode: 0o755 }));
  // A directory sorts before what is in it.
  return [...made, ...files].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** SHA-256 of a file, as hexadecimal digits. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
    hash.update(Buffer.isBuffer(chunk) ? chunk : String(chunk));
  return hash.digest('hex');
}
