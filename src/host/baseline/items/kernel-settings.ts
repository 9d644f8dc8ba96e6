import { cannotTell, fail, joinJudgements, pass, type Judgement, named } from '../evidence.ts';
import { sawFile, sawRun } from '../item.ts';
import type { Machine, Subject } from '../machine.ts';

interface Setting {
  readonly name: string;
  readonly least: number;
  readonly good: string;
  readonly bad: string;
}

async function judgeSetting(machine: Machine, { name, least, good, bad }: Setting): Promise<Judgement> {
  const path = `/proc/sys/${name.replaceAll('.', '/')}`;
  const reading = await machine.readFile(path);
  const evidence = [sawFile(path, reading)];
  const value = reading.kind === 'text' && /^\d+\s*$/.test(reading.text) ? Number(reading.text) : null;
  const remedy = `put \`${name} = ${least}\` into a file of /etc/sysctl.d and run \`sysctl --system\``;
  if (value === null) return cannotTell({ found: `${named(name)} is not to be read here`, evidence, remedy });
  return value >= least ? pass(good, evidence) : fail({ found: bad, evidence, remedy });
}

/** Whether a program may look into the memory of any other program of its user. */
export function lookAtPtrace(machine: Machine): Promise<Judgement> {
  return judgeSetting(machine, {
    name: 'kernel.yama.ptrace_scope',
    least: 1,
    good: 'programs may look only into those that they started',
    bad: 'every program may look into the memory of every other of its user',
  });
}

/** Where the kernel lies in memory helps whoever attacks it. */
export async function lookAtKernelMessages(machine: Machine): Promise<Judgement> {
  return joinJudgements([
    await judgeSetting(machine, {
      name: 'kernel.dmesg_restrict',
      least: 1,
      good: 'messages of the kernel are for root',
      bad: 'every user reads the messages of the kernel',
    }),
    await judgeSetting(machine, {
      name: 'kernel.kptr_restrict',
      least: 1,
      good: 'its addresses are hidden',
      bad: 'its addresses are shown',
    }),
  ]);
}

const NAMESPACE_SETTINGS = [
  '/proc/sys/user/max_user_namespaces',
  '/proc/sys/kernel/unprivileged_userns_clone',
  '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
];

/** Tried, not read: zones of an ordinary user stand on them, and several settings can forbid them. */
export async function lookAtUserNamespaces(machine: Machine, { user }: Subject): Promise<Judgement> {
  const args = ['--unshare-user', '--unshare-net', '--unshare-pid', '--ro-bind', '/', '/', '--', '/bin/true'];
  const ran = await machine.run('bwrap', args);
  const evidence = [sawRun('bwrap', args, ran)];
  for (const path of NAMESPACE_SETTINGS) {
    const reading = await machine.readFile(path);
    if (reading.kind !== 'absent') evidence.push(sawFile(path, reading));
  }
  const who = user.uid === 0 ? 'root' : 'this user';
  if (ran.kind !== 'ran')
    return cannotTell({
      found: 'bubblewrap could not be tried',
      evidence,
      remedy: 'install bubblewrap; `hardshell doctor` says more',
    });
  if (ran.code === 0) return pass(`${who} can make the namespaces that zones stand on`, evidence);
  return fail({
    found: `${who} cannot make the namespaces that zones stand on`,
    evidence,
    remedy:
      'see `hardshell doctor`; on Ubuntu bubblewrap needs an AppArmor profile, on Debian `kernel.unprivileged_userns_clone = 1`',
  });
}
