import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HardshellError } from '../../contracts/index.ts';
import { digestOf } from './disk.ts';

/** One file that is installed, below the folder of its version. */
export interface SourceFile {
  readonly path: string;
  readonly from: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly mode: number;
}

/** What is installed: Node and the packed files, named together by one digest. */
export interface Sources {
  readonly version: string;
  /** Sixteen hex digits over every path and digest: the name of the folder. */
  readonly digest: string;
  readonly files: readonly SourceFile[];
}

/** Folders of the checkout that an installed instance needs; `samples` stays behind. */
const FOLDERS = ['dist', 'policies', 'templates'];
const FILES = ['LICENSE', 'package.json'];

/** Looks at what is to be installed. Throws `unavailable` when the checkout was not built. */
export function findSources(checkout: string, node: string): Sources {
  const files = [
    sourceFile('bin/node', node, 0o755),
    ...FOLDERS.flatMap((folder) => filesBelow(checkout, folder)),
    ...FILES.map((name) => sourceFile(name, join(checkout, name), 0o644)),
  ];
  const hash = createHash('sha256').update('hardshell/installed/v1\n');
  for (const { path, sha256, mode } of files) hash.update(`${path}\0${sha256}\0${mode}\n`);
  return { version: readVersion(checkout), digest: hash.digest('hex').slice(0, 16), files };
}

function filesBelow(checkout: string, folder: string): SourceFile[] {
  let names: string[];
  try {
    names = readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' }).sort();
  } catch (cause) {
    throw missing(`\`${join(checkout, folder)}\` is missing; run \`npm run build\` in the checkout`, cause);
  }
  return names
    .map((name) => join(folder, name))
    .filter((path) => statSync(join(checkout, path)).isFile())
    .map((path) => sourceFile(path, join(checkout, path), 0o644));
}

function sourceFile(path: string, from: string, mode: number): SourceFile {
  const sha256 = digestOf(from);
  if (sha256 === null)
    throw missing(`\`${from}\` is no plain file; run \`npm ci\` and \`npm run build\` in the checkout`);
  return { path, from, sha256, bytes: statSync(from).size, mode };
}

function readVersion(checkout: string): string {
  const found = /"version":\s*"(\d+\.\d+\.\d+[\w.+-]*)"/.exec(
    readFileSync(join(checkout, 'package.json'), 'utf8'),
  )?.[1];
  if (found === undefined) throw missing('`package.json` of the checkout names no version');
  return found;
}

function missing(message: string, cause?: unknown): HardshellError {
  return new HardshellError('unavailable', message, { fate: 'refuse', cause });
}
