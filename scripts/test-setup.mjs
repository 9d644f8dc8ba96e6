// Installs what the tests need from the system's packages, or says which command an administrator has to run.
import { spawnSync } from 'node:child_process';
import { setupLlama } from './setup-llama.mjs';

const needed = [['bwrap', 'bubblewrap']];
const missing = needed.filter(
  ([command]) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error !== undefined,
);
if (missing.length > 0) {
  const packages = missing.map(([, name]) => name);
  const command = `apt-get install -y ${packages.join(' ')}`;
  if (process.getuid?.() !== 0) {
    console.error(`tests need ${packages.join(', ')}; ask an administrator to run: ${command}`);
    process.exit(1);
  }
  console.log(`installing ${packages.join(', ')} (needed by the tests)`);
  const run = (args) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status;
  run(['update']);
  if (run(['install', '-y', '--no-install-recommends', ...packages]) !== 0) process.exit(1);
}
setupLlama();
