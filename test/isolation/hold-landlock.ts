// Holds a zone in mode L until it is killed itself, and says the number of the zone's process.
import { landlockAbi, openLandlockBench, specOf } from './support.ts';

const bench = await openLandlockBench((await landlockAbi()) ?? 0);
const zone = await bench.driver.create(specOf(['-e', 'setInterval(() => {}, 1e6)']));
console.log(JSON.stringify({ pid: zone.processes[0]?.pid, directory: bench.directory, groups: zone.cgroupPaths }));
setInterval(() => undefined, 1_000_000);
