// One verification in a process of its own: its time from start to verdict, and its peak memory.
import { verifyLog } from '../../src/audit/verify.ts';

const [dir, threads, tree] = process.argv.slice(2);
const outside = tree === 'tree' ? [{ kind: 'root', size: 1, root: new Uint8Array(32) }] : [];
const start = performance.now();
const report = await verifyLog(dir, { threads: Number(threads), outside });
const seconds = (performance.now() - start) / 1000;
if (outside.length === 0 && report.exitCode !== 0) throw new Error(JSON.stringify(report));
console.log(JSON.stringify({ seconds, rssMiB: process.resourceUsage().maxRSS / 1024 }));
