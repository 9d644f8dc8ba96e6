// Ends this process by SIGKILL just before its Nth change of the disk or start of a command, and counts them.
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const at = Number(process.env['KILL_AT'] ?? '0');
const counting = process.env['COUNT_TO'];
let count = 0;
const step = () => {
  count += 1;
  if (count === at) process.kill(process.pid, 'SIGKILL');
};
// Between two of these nothing but the bytes of a file that nobody sees yet changes.
const CHANGES = ['renameSync', 'mkdirSync', 'chownSync', 'chmodSync', 'symlinkSync', 'rmSync', 'rmdirSync'];
for (const name of CHANGES) {
  const original = fs[name];
  fs[name] = (...args) => {
    step();
    return original(...args);
  };
}
const { spawnSync } = childProcess;
childProcess.spawnSync = (...args) => {
  step();
  return spawnSync(...args);
};
syncBuiltinESMExports();
if (counting !== undefined) process.on('exit', () => fs.appendFileSync(counting, `${count}\n`));
