// Installs the Docker engine whose containers the tests run zones in. Root only: as an ordinary user those tests print
// why they did not run. The tests start an engine of their own in a temporary folder and never use the system's.
import { spawnSync } from 'node:child_process';

export function setupDocker() {
  if (spawnSync('dockerd', ['--version'], { stdio: 'ignore' }).error === undefined) return;
  const packages = ['docker.io'];
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0) {
    console.warn(`the tests of zones in containers are left out; an administrator may run: ${command}`);
    return;
  }
  console.log('installing docker.io (needed by the tests of zones in containers)');
  const run = (args) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status;
  run(['update']);
  if (run(['install', '-y', '--no-install-recommends', ...packages]) !== 0) process.exit(1);
}
