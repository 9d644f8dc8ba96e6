import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { promisify } from 'node:util';
import { HardshellError } from '../contracts/index.ts';

/** A shared library: where the loader looks, and the real file. */
export interface SharedLibrary {
  readonly path: string;
  readonly real: string;
}

/** What a Node program needs of the host: the binary and the libraries its loader names. */
export interface Runtime {
  readonly node: string;
  readonly libraries: readonly SharedLibrary[];
}

/** From this line on Node's permissions forbid sockets of every kind, that of the zone's bridge too. */
const NETWORK_IS_A_PERMISSION = 25;

/**
 * Node's own second wall, for processes that read hostile bytes or run the attacker's plan: they may read these folders
 * and nothing else, start nothing and write nothing.
 */
export function permissionFlags(folders: readonly string[], version = process.versions.node): string[] {
  const major = Number.parseInt(version, 10);
  return [
    '--permission',
    ...folders.map((path) => `--allow-fs-read=${path}/*`),
    ...(major >= NETWORK_IS_A_PERMISSION ? ['--allow-net'] : []),
  ];
}

export async function findRuntime(node: string): Promise<Runtime> {
  return { node: realpathSync(node), libraries: await listLibraries(node) };
}

/**
 * Asks the loader itself (what `ldd` does, without its shell). `program` is one of ours or of the system, never a
 * stranger's. Throws `isolation_failed` when it names none.
 */
export async function listLibraries(program: string): Promise<SharedLibrary[]> {
  const { stdout } = await promisify(execFile)(program, [], {
    env: { LD_TRACE_LOADED_OBJECTS: '1' },
    encoding: 'utf8',
  }).catch((cause: unknown) => {
    throw new HardshellError('isolation_failed', `cannot list the libraries of \`${program}\``, {
      fate: 'stop',
      cause,
    });
  });
  const libraries = parseLoaderTrace(stdout).map((path) => ({ path, real: realpathSync(path) }));
  if (libraries.length === 0) {
    throw new HardshellError(
      'isolation_failed',
      `\`${program}\` names no libraries; only the packaged Node is supported`,
      { fate: 'stop' },
    );
  }
  return libraries;
}

/** The absolute paths in the loader's list; the kernel's own object (linux-vdso) has none. */
export function parseLoaderTrace(text: string): string[] {
  const paths = new Set<string>();
  for (const line of text.split('\n')) {
    const path = /(?:=>\s*|^\s*)(\/\S+)\s+\(0x[0-9a-f]+\)$/.exec(line)?.[1];
    if (path !== undefined) paths.add(path);
  }
  return [...paths];
}
