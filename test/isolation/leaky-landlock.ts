// Started with a directory left open, as a careless shell would: what a plain child and a zone in mode L inherit.
import { spawnSync } from 'node:child_process';
import { evaluateInZone, landlockAbi, openLandlockBench } from './support.ts';

const script = process.argv[2] ?? '';
const plain = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
});
const bench = await openLandlockBench((await landlockAbi()) ?? 0);
const inZone = await evaluateInZone(bench.driver, script);
await bench.close();
console.log(JSON.stringify({ plain: JSON.parse(plain.stdout) as unknown, inZone }));
