import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
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
  /** What is in it, as paths of a zone. */
  readonly files: readonly ImageFile[];
  readonly archive: () => AsyncIterable<Buffer>;
}

export interface ImageFile {
  readonly path: string;
  readonly sha256: string;
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
    files: await digestAll(runtime),
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

async function digestAll(runtime: Runtime): Promise<ImageFile[]> {
  const files: ImageFile[] = [];
  for (const { path, real } of [{ path: ZONE_NODE, real: runtime.node }, ...runtime.libraries])
    files.push({ path, sha256: await digestFile(real) });
  return files;
}

/**
 * Looks through a running container's own root whether its files are those of the image. The engine keeps layers as plain
 * files that root can change after it has checked them; a file that looks as it did last time is not read again.
 */
export class FileChecker {
  readonly #files: readonly ImageFile[];
  readonly #seen = new Set<string>();

  constructor({ files }: ZoneImage) {
    this.#files = files;
  }

  /** Paths that are not what was built. */
  async differing(pid: number): Promise<string[]> {
    const wrong: string[] = [];
    for (const { path, sha256 } of this.#files) {
      const there = `/proc/${pid}/root${path}`;
      const { ino, size, mtimeNs, ctimeNs } = await stat(there, { bigint: true });
      const key = [path, ino, size, mtimeNs, ctimeNs].join(' ');
      if (this.#seen.has(key)) continue;
      if ((await digestFile(there)) === sha256) this.#seen.add(key);
      else wrong.push(path);
    }
    return wrong;
  }
}

async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
