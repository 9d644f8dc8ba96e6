// Started with a directory left open, as a careless shell would: starts a zone and reports what the zone inherited.
import { readlinkSync } from 'node:fs';
import { inheritableDescriptors } from '../../src/isolation/index.ts';
import { evaluateInZone, openBench } from './support.ts';

const inherited = inheritableDescriptors().flatMap((fd) => {
  const target = readlinkSync(`/proc/self/fd/${fd}`);
  return target.startsWith('/') && !target.startsWith('/dev/') ? [target] : [];
});
const bench = await openBench();
const inZone = await evaluateInZone(bench.driver, process.argv[2] ?? '');
await bench.close();
console.log(JSON.stringify({ inherited, inZone }));
