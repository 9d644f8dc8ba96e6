// Installs the next line of Node for the tests into a folder of its own: what our wall lets pass is tried on the pinned
// line and on that one. From npm, prebuilt, without install scripts, about 120 MB.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '26.10.0';
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, '.cache', `node-${VERSION}`);

/** The binary, installed first when it is not there. Throws with the command that failed. */
export function setupNodeNext() {
  const name = `node-${process.platform}-${process.arch}`;
  const binary = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(binary)) return binary;
  const staging = `${folder}.${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  writeFileSync(join(staging, 'package.json'), '{"private":true}\n');
  const args = ['install', `${name}@${VERSION}`, '--ignore-scripts', '--no-audit', '--no-fund', '--force'];
  console.log(`installing Node ${VERSION} into .cache (needed by the tests of the wall)`);
  const { status, error } = spawnSync('npm', args, { cwd: staging, stdio: ['ignore', 'ignore', 'ignore'] });
  if (status !== 0 || !existsSync(join(staging, 'node_modules', name, 'bin', 'node'))) {
    rmSync(staging, { recursive: true, force: true });
    throw new Error(`cannot install Node ${VERSION}: npm ${args.join(' ')} ended with ${error?.message ?? status}`);
  }
  // Another test run may have been quicker: its folder is as good.
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
  return binary;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(setupNodeNext());
