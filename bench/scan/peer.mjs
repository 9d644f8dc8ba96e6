// The peer: one process that reads the same mbox with the same reader, without a sandbox, on one core.
import { createHash } from 'node:crypto';
import { openSync, readSync } from 'node:fs';
import { splitMbox } from '../../src/cli/scan/sources/mbox.ts';
import { readEmail } from '../../src/zone3-reader/index.ts';

const file = openSync(process.argv[2], 'r');
const sha256Hex = (data) => createHash('sha256').update(data).digest('hex');
const readMore = async (wanted) => {
  const bytes = Buffer.allocUnsafeSlow(wanted);
  const read = readSync(file, bytes, 0, wanted, null);
  return read === 0 ? null : bytes.subarray(0, read);
};
const started = performance.now();
let messages = 0;
let findings = 0;
for await (const { bytes } of splitMbox(readMore)) {
  const extract = readEmail(bytes, { sha256Hex, now: () => new Date().toISOString() });
  messages += 1;
  findings += extract.findings.length;
}
const { user, system } = process.cpuUsage();
const cpuSeconds = (user + system) / 1e6;
const rss = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ messages, findings, ms: performance.now() - started, cpuSeconds, rss }));
