// The test command: check, build, then the tests. Arguments go to the test runner and skip the check.
// Tests that start whole instances run one file after another: they wait for real processes, and two at once on a small
// machine wait for each other.
import { spawnSync } from 'node:child_process';

const INSTANCES = ['test/redteam', 'test/e2e', 'test/supervisor', 'test/isolation'];

const step = (name, args) => {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`${name} failed`);
    process.exit(status ?? 1);
  }
};
const vitest = (...args) => ['node_modules/vitest/vitest.mjs', 'run', ...args];

const only = process.argv.slice(2);
if (only.length === 0) step('check', ['scripts/check.mjs']);
step('build', ['scripts/build.mjs']);
if (only.length > 0) step('tests', vitest(...only));
else {
  step('tests with whole instances', vitest(...INSTANCES, '--no-file-parallelism'));
  step('tests', vitest(...INSTANCES.flatMap((folder) => ['--exclude', `${folder}/**`])));
}
