// Every bench in turn: `npm run bench [name…]`. Figures are ratios against a peer of the same run; nothing is asserted.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const wanted = process.argv.slice(2);
const names = readdirSync(here).filter((name) =>
  ['run.mjs', 'run.ts'].some((file) => existsSync(join(here, name, file))),
);
for (const name of names) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n${name} (load ${loadavg()[0].toFixed(1)})`);
  const file = existsSync(join(here, name, 'run.ts')) ? 'run.ts' : 'run.mjs';
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(here, name, file)], { stdio: 'inherit' });
}
