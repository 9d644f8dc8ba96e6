import { cannotTell, fail, joinJudgements, named, pass, saw, type Evidence, type Judgement } from '../evidence.ts';
import { sawFile, sawRun } from '../item.ts';
import type { Machine, Subject } from '../machine.ts';

const NODE_MAJOR_MIN = 24;
/** The first with `--disable-userns`, without which a zone can open namespaces of its own. */
const BUBBLEWRAP_MIN = [0, 8] as const;
/** The first with `cgroup.kill`, and the last feature that a wall of ours relies on. */
const KERNEL_MIN = [5, 14] as const;
const RELEASE = '/proc/sys/kernel/osrelease';

/** The kernel that runs, and whether a newer one waits for a restart. */
export async function lookAtKernel(machine: Machine): Promise<Judgement> {
  if (machine.system === 'darwin') return lookAtDarwin(machine);
  const release = await machine.readFile(RELEASE);
  const evidence = [sawFile(RELEASE, release)];
  const waiting = await waitsForRestart(machine, evidence);
  const version = release.kind === 'text' ? versionOf(release.text) : null;
  const remedy = 'install the newest kernel of the distribution and restart';
  if (version === null || release.kind !== 'text')
    return cannotTell({ found: 'the version of the kernel cannot be read', evidence, remedy });
  const name = release.text.trim();
  if (!isAtLeast(version, KERNEL_MIN))
    return fail({ found: `kernel ${named(name)} is older than ${KERNEL_MIN.join('.')}`, evidence, remedy });
  if (waiting)
    return fail({
      found: `kernel ${named(name)} runs, and an update waits for a restart`,
      evidence,
      remedy: 'restart',
    });
  return pass(`kernel ${named(name)}`, evidence);
}

async function waitsForRestart(machine: Machine, evidence: Evidence[]): Promise<boolean> {
  for (const path of ['/run/reboot-required', '/var/run/reboot-required']) {
    const found = await machine.readFile(path);
    if (found.kind !== 'text') continue;
    evidence.push(sawFile(path, found));
    return true;
  }
  return false;
}

async function lookAtDarwin(machine: Machine): Promise<Judgement> {
  const ran = await machine.run('uname', ['-r']);
  const evidence = [sawRun('uname', ['-r'], ran)];
  if (ran.kind === 'ran' && /^\d+\.\d+/.test(ran.out)) return pass(`Darwin ${named(ran.out)}`, evidence);
  return cannotTell({ found: 'the version of the kernel cannot be read', evidence, remedy: 'run `uname -r`' });
}

/** What Hardshell stands on. */
export async function lookAtRuntime(machine: Machine, subject: Subject): Promise<Judgement> {
  return joinJudgements([
    judgeNode(subject),
    ...(machine.system === 'linux' ? [await judgeBubblewrap(machine), await nameOthers(machine)] : []),
  ]);
}

function judgeNode({ node }: Subject): Judgement {
  const evidence = [saw('process.versions.node', node)];
  const version = versionOf(node);
  const remedy = 'start Hardshell by `bin/hardshell`';
  if (version === null) return cannotTell({ found: 'Node does not tell its version', evidence, remedy });
  if (version[0] >= NODE_MAJOR_MIN) return pass(`Node ${version.join('.')}`, evidence);
  return fail({ found: `Node ${version.join('.')} is older than ${NODE_MAJOR_MIN}`, evidence, remedy });
}

async function judgeBubblewrap(machine: Machine): Promise<Judgement> {
  const ran = await machine.run('bwrap', ['--version']);
  const evidence = [sawRun('bwrap', ['--version'], ran)];
  const version = ran.kind === 'ran' && ran.code === 0 ? versionOf(ran.out) : null;
  const remedy = `install bubblewrap ${BUBBLEWRAP_MIN.join('.')} or newer`;
  if (version === null) return cannotTell({ found: 'bubblewrap does not tell its version', evidence, remedy });
  const name = version.join('.');
  if (isAtLeast(version, BUBBLEWRAP_MIN)) return pass(`bubblewrap ${name}`, evidence);
  return fail({ found: `bubblewrap ${name} is older than ${BUBBLEWRAP_MIN.join('.')}`, evidence, remedy });
}

/** Written down, not judged: which of their versions are good nobody here can know. */
async function nameOthers(machine: Machine): Promise<Judgement> {
  const evidence: Evidence[] = [];
  for (const [command, ...args] of [
    ['nft', '--version'],
    ['getconf', 'GNU_LIBC_VERSION'],
    ['systemctl', '--version'],
  ] as const)
    evidence.push(sawRun(command, args, await machine.run(command, args)));
  return pass('', evidence);
}

function versionOf(text: string): readonly [number, number, ...number[]] | null {
  const found = /^(?:[a-z]+ )?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (found === null) return null;
  const [, major, minor, patch] = found;
  return [Number(major), Number(minor), ...(patch === undefined ? [] : [Number(patch)])];
}

function isAtLeast(version: readonly [number, number, ...number[]], least: readonly [number, number]): boolean {
  return version[0] > least[0] || (version[0] === least[0] && version[1] >= least[1]);
}
