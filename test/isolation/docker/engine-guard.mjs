// Runs one Docker engine in a folder of its own for as long as somebody holds our standard input: a test that is killed
// takes its engine with it. What the engine started and did not end is found by that folder in its command line.
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [folder, ...extra] = process.argv.slice(2);
for (const name of ['data', 'exec']) mkdirSync(join(folder, name), { recursive: true });
writeFileSync(join(folder, 'daemon.json'), '{}');
const log = createWriteStream(join(folder, 'engine.log'), { flags: 'a' });
const engine = spawn(
  'dockerd',
  [
    ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')],
    ...['--host', `unix://${join(folder, 'engine.sock')}`, '--config-file', join(folder, 'daemon.json')],
    // No change of this machine's network, and no network for anybody.
    ...['--iptables=false', '--ip6tables=false', '--bridge=none', '--ip-forward=false', '--ip-masq=false'],
    // Without CAP_SYS_RESOURCE nobody may ask for a smaller chance to be killed.
    ...['--oom-score-adjust', '0', '--shutdown-timeout', '2', '--exec-opt', 'native.cgroupdriver=cgroupfs'],
    ...extra,
  ],
  { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, stdio: ['ignore', 'pipe', 'pipe'] },
);
engine.stdout.pipe(log);
engine.stderr.pipe(log);
const ended = new Promise((resolve) => engine.once('exit', resolve));
engine.once('error', () => process.exit(1));
process.stdin.resume();
process.stdin.once('end', () => void close());
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void close());
// Killed by a test: whoever started us says what happens next.
void ended.then(() => process.stdout.write('ended\n'));

async function close() {
  engine.kill('SIGTERM');
  await Promise.race([ended, sleep(6_000)]);
  engine.kill('SIGKILL');
  for (const pid of leftovers()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone meanwhile.
    }
  }
  await sleep(50);
  // Network namespaces and file systems that it held in the folder, the inner ones first.
  for (const path of mountsBelow().sort().toReversed()) spawnSync('umount', ['-l', path]);
  for (let i = 0; i < 5; i++) {
    try {
      rmSync(folder, { recursive: true, force: true });
      break;
    } catch {
      await sleep(100);
    }
  }
  process.exit(0);
}

function mountsBelow() {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`));
}

function leftovers() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${folder}/`);
      } catch {
        return false;
      }
    })
    .map(Number);
}
