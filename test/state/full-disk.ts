// Run on a file system of two MiB: fills it to the last byte, then stops.
import { openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { prepareHome, readArmed, voidArmed } from '../../src/state/index.ts';

const home = process.argv[2] ?? '';
prepareHome(home);
const before = readArmed(home).kind;
let refused = '';
const fd = openSync(join(dirname(home), 'filler'), 'w');
try {
  for (;;) writeSync(fd, Buffer.alloc(4_096, 1));
} catch (error) {
  refused = error instanceof Error && 'code' in error ? String(error.code) : '';
}
const voided = voidArmed(home).how;
const state = readArmed(home);
console.log(JSON.stringify({ before, refused, voided, after: state.kind === 'killed' ? state.reason : state.kind }));
