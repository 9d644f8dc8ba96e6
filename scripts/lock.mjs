// After `npm install`: takes the `engines` of optional packages out of the lock file. Older npm leaves out an optional
// package whose engines its own Node does not fit; ours run on the Node that this project pins, whatever npm runs on.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const path = join(import.meta.dirname, '..', 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));
for (const entry of Object.values(lock.packages)) {
  if (entry.optional === true || entry.devOptional === true) delete entry.engines;
}
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
