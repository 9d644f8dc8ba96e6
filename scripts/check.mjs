// Types with the fast compiler over every room's project (the borders between rooms are project references), then lint.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';

rmSync('build/types', { recursive: true, force: true });
const steps = [
  ['types', process.execPath, ['node_modules/typescript7/bin/tsc', '-b']],
  [
    'lint',
    process.execPath,
    ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings', 'src', 'test', 'bench', 'scripts'],
  ],
];
for (const [name, command, args] of steps) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`${name} failed`);
    process.exit(1);
  }
}
