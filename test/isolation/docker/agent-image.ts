import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { listLibraries, type Mount, type ZoneSpec } from '../../../src/isolation/index.ts';
import { writeTar, type TarEntry } from '../../../src/isolation/docker/tar.ts';
import { ZONE_UID } from './support.ts';

const MIB = 1024 * 1024;
const SETUID = 0o4755;

export interface BuiltImage {
  readonly id: string;
}

interface Making {
  /** Another content is another image. */
  readonly word?: string;
  /** What its builder wrote into its configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A shell and a few programs of this machine, and `tool`, also as a setuid-root file: an image as somebody builds one. */
export async function loadAgentImage(
  socketPath: string,
  tags: readonly string[],
  { word = '', config = {} }: Making = {},
): Promise<BuiltImage> {
  const layer = await pack([...(await programs()), file('etc/image-word', 0o644, Buffer.from(word))]);
  const settings = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest(layer)}`] },
    }),
  );
  const name = `${digest(settings)}.json`;
  const manifest = Buffer.from(JSON.stringify([{ Config: name, RepoTags: tags, Layers: ['layer.tar'] }]));
  const archive = await pack([
    file(name, 0o444, settings),
    file('layer.tar', 0o444, layer),
    file('manifest.json', 0o444, manifest),
  ]);
  await load(socketPath, archive);
  return { id: `sha256:${digest(settings)}` };
}

let built: readonly TarEntry[] | undefined;

async function programs(): Promise<readonly TarEntry[]> {
  if (built !== undefined) return built;
  const folder = mkdtempSync(join(tmpdir(), 'hs-image-'));
  const tool = join(folder, 'tool');
  const ran = spawnSync('gcc', ['-static', '-O1', '-w', '-o', tool, join(import.meta.dirname, 'agent-tool.c')]);
  if (ran.status !== 0) throw new Error(`the tool does not compile: ${ran.stderr.toString()}`);
  const bytes = readFileSync(tool);
  rmSync(folder, { recursive: true });
  const files = new Map<string, TarEntry>();
  const add = (path: string, content: Buffer, mode = 0o755): void =>
    void files.set(path, file(path.slice(1), mode, content));
  add('/bin/tool', bytes);
  add('/bin/raise', bytes, SETUID);
  for (const name of ['sh', 'cat', 'sleep', 'stty', 'tty', 'ls', 'env']) {
    const path = ['/bin', '/usr/bin'].map((at) => join(at, name)).find((at) => existsSync(at)) ?? '';
    add(`/bin/${name}`, readFileSync(realpathSync(path)));
    for (const library of await listLibraries(path)) add(library.path, readFileSync(library.real));
  }
  const directories = new Set(['etc', 'tmp']);
  for (const path of files.keys())
    for (let at = dirname(path.slice(1)); at !== '.'; at = dirname(at)) directories.add(at);
  const made = [...directories].sort().map((path): TarEntry => ({ kind: 'directory', path, mode: 0o755 }));
  built = [...made, ...files.values()];
  return built;
}

function file(path: string, mode: number, bytes: Buffer): TarEntry {
  return { kind: 'bytes', path, mode, bytes };
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function pack(entries: readonly TarEntry[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of writeTar(entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function load(socketPath: string, archive: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'docker', 'content-type': 'application/x-tar', 'content-length': archive.length };
    const asked = request(
      { socketPath, method: 'POST', path: '/images/load?quiet=1', agent: false, headers },
      (answer) => {
        answer.resume().once('end', () => {
          if (answer.statusCode === 200) resolve();
          else reject(new Error(`the engine does not take the image (${answer.statusCode})`));
        });
      },
    );
    asked.once('error', reject);
    asked.end(archive);
  });
}

/** An agent's zone as `run` asks for it, in short. */
export function agentZone(
  image: string,
  command: readonly [path: string, ...rest: string[]],
  overrides: Partial<Omit<ZoneSpec, 'mounts'>> & { readonly mounts?: readonly Mount[] } = {},
): ZoneSpec {
  const [path, ...rest] = command;
  return {
    name: `agent-${randomBytes(3).toString('hex')}`,
    uid: ZONE_UID,
    gid: ZONE_UID,
    env: { HOME: '/tmp', PATH: '/bin' },
    cwd: '/tmp',
    proc: true,
    sockets: 'serve',
    watch: true,
    limits: { memoryBytesMax: 256 * MIB, tasksMax: 64, cpus: 2 },
    program: { kind: 'command', path, arguments: rest },
    profile: 'agent',
    image,
    network: 'none',
    sharedMemoryBytesMax: 16 * MIB,
    ...overrides,
    mounts: [{ kind: 'tmp', to: '/tmp', bytesMax: 16 * MIB }, ...(overrides.mounts ?? [])],
  };
}
