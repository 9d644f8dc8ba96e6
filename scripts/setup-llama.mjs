// Installs real llama.cpp for the tests into a folder of its own, outside the product's dependencies: prebuilt, without
// install scripts, about 85 MB. Says loudly what is missing when it cannot.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '3.22.1';
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const llamaFolder = join(root, '.cache', 'llama');

/** The entry file of `node-llama-cpp`, installed first when it is not there. Throws with the command that failed. */
export function setupLlama() {
  const entry = join(llamaFolder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
  if (installedVersion() === VERSION && existsSync(entry)) return entry;
  const binary = `@node-llama-cpp/${process.platform === 'darwin' ? 'mac' : 'linux'}-${process.arch}`;
  const staging = `${llamaFolder}.${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  writeFileSync(join(staging, 'package.json'), '{"private":true}\n');
  const args = [
    'install',
    `node-llama-cpp@${VERSION}`,
    `${binary}@${VERSION}`,
    '--omit=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
  ];
  console.log(`installing node-llama-cpp ${VERSION} into .cache/llama (needed by the model tests)`);
  const { status, error } = spawnSync('npm', args, { cwd: staging, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) {
    rmSync(staging, { recursive: true, force: true });
    throw new Error(
      `cannot install llama.cpp for the model tests: npm ${args.join(' ')} ended with ${error?.message ?? status}`,
    );
  }
  // Another test run may have been quicker: its folder is as good.
  rmSync(llamaFolder, { recursive: true, force: true });
  renameSync(staging, llamaFolder);
  return entry;
}

function installedVersion() {
  try {
    return JSON.parse(readFileSync(join(llamaFolder, 'node_modules', 'node-llama-cpp', 'package.json'), 'utf8'))
      .version;
  } catch {
    return null;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(setupLlama());
