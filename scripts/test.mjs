// The test command: build, check, then the tests. Arguments go to the test runner.
import { spawnSync } from 'node:child_process';

const step = (name, args) => {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`${name} failed`);
    process.exit(status ?? 1);
  }
};
const only = process.argv.slice(2);
if (only.length === 0) step('check', ['scripts/check.mjs']);
step('build', ['scripts/build.mjs']);
step('tests', ['node_modules/vitest/vitest.mjs', 'run', ...only]);
