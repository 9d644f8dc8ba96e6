import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { explainBubblewrapError, findBubblewrap, findWall } from '../../isolation/index.ts';
import type { InstancePaths } from '../../state/index.ts';
import { bad, good, note, type Check } from './doctor.ts';

const NODE_MAJOR_MIN = 24;
const FREE_MIB_MIN = 200;

/** What the machine has to offer before anything is started. */
export async function checkMachine(paths: InstancePaths): Promise<Check[]> {
  return [checkNode(), checkSystem(), ...(await checkSandbox()), checkCgroup(), checkDisk(paths.home)];
}

function checkNode(): Check {
  const major = Number.parseInt(process.versions.node, 10);
  if (major >= NODE_MAJOR_MIN) return good('node', `${process.version} at ${process.execPath}`);
  return bad('node', `${process.version} is too old`, 'run `npm ci` in the checkout and start with `bin/hardshell`');
}

function checkSystem(): Check {
  if (process.platform !== 'linux') return bad('system', process.platform, 'this version runs on Linux only');
  if (process.arch !== 'x64')
    return bad('system', `linux on ${process.arch}`, 'this version has a system call filter for x64 only');
  return good('system', `linux on ${process.arch}, ${process.getuid?.() === 0 ? 'as root' : 'as an ordinary user'}`);
}

/** Walls are tried in earnest: that bubblewrap is installed says nothing about namespaces. */
async function checkSandbox(): Promise<Check[]> {
  const bwrap = findBubblewrap();
  const found = await findWall(bwrap);
  if (found.ok && found.wall.kind === 'landlock') return [note('walls', WITHOUT_NAMESPACES, NAMESPACES)];
  if (bwrap === undefined)
    return [bad('bubblewrap', 'is not installed', 'ask an administrator to run: apt-get install bubblewrap')];
  const version = spawnSync(bwrap, ['--version'], { encoding: 'utf8', timeout: 5_000 }).stdout.trim();
  const trial = spawnSync(
    bwrap,
    ['--unshare-all', '--disable-userns', '--unshare-user', '--ro-bind', '/', '/', '--proc', '/proc', 'true'],
    {
      encoding: 'utf8',
      timeout: 10_000,
    },
  );
  if (trial.status === 0)
    return [
      good('bubblewrap', `${version} at ${bwrap}`),
      good('namespaces', 'user, network, process and the others can be made'),
    ];
  const { reason, remedy } = explainBubblewrapError(trial.stderr);
  return [good('bubblewrap', `${version} at ${bwrap}`), bad('namespaces', reason, remedy)];
}

const WITHOUT_NAMESPACES = 'no namespaces can be made here: zones are walled in by Landlock and the filter (mode L)';
const NAMESPACES =
  'a machine or container that allows user namespaces holds more; see `## Mode L` in docs/isolation.md';

/** Limits need a group we may write; without one the walls stand, and only the owner's memory is at risk. */
function checkCgroup(): Check {
  const own = (readFileSync('/proc/self/cgroup', 'utf8').match(/^0::(.*)$/m) ?? [])[1];
  if (own === undefined || !existsSync('/sys/fs/cgroup/cgroup.controllers')) {
    return isWritable('/sys/fs/cgroup/memory')
      ? good('cgroup', 'version 1, writable: limits hold')
      : note('cgroup', 'no version 2 hierarchy', 'limits of memory and tasks may not hold here');
  }
  const path = process.getuid?.() === 0 ? '/sys/fs/cgroup' : join('/sys/fs/cgroup', own);
  if (isWritable(path)) return good('cgroup', `${path} is writable: limits hold`);
  return note(
    'cgroup',
    `${path} is not writable: zones run without limits of memory and tasks`,
    'start it under `systemd-run --user --scope -p Delegate=yes`, or as root',
  );
}

function checkDisk(home: string): Check {
  let place = home;
  while (!existsSync(place) && place !== '/') place = dirname(place);
  const { bavail, bsize } = statfsSync(place);
  const freeMiB = Math.floor((bavail * bsize) / 1_048_576);
  if (freeMiB < FREE_MIB_MIN)
    return bad(
      'disk',
      `${freeMiB} MiB free at ${place}`,
      `free at least ${FREE_MIB_MIN} MiB; without space nothing is sent`,
    );
  return good('disk', `${freeMiB} MiB free at ${place}`);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
