import { cannotTell, fail, joinJudgements, pass, type Judgement, named, saw } from '../evidence.ts';
import { sawRun } from '../item.ts';
import type { Machine, Subject } from '../machine.ts';

/** Whoever is in one of these can become root, or read every disk. */
const POWERFUL = new Set(
  'root sudo wheel admin sudoers docker podman lxd lxc incus incus-admin libvirt disk kmem shadow microk8s'.split(' '),
);
const REMEDY = 'run Hardshell as a user of its own (`hardshell install`), who is in no such group and may not use sudo';

/** What the user who runs Hardshell could do if it were talked into anything. */
export function lookAtUserRights(machine: Machine, { user }: Subject): Promise<Judgement> {
  return judgeUser(machine, { ...user, own: true });
}

/** `own`: it is the user that asks. Another's sudo rights are told to root alone. */
export async function judgeUser(
  machine: Machine,
  user: { readonly name: string; readonly uid: number; readonly own: boolean },
): Promise<Judgement> {
  if (user.uid === 0)
    return fail({
      found: 'it is run by root (uid 0), who may do everything',
      evidence: [saw('process', 'uid 0')],
      remedy: REMEDY,
    });
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?$/.test(user.name))
    return cannotTell({ found: `uid ${user.uid} has no name that can be asked about`, evidence: [], remedy: REMEDY });
  return joinJudgements([await judgeGroups(machine, user.name), await judgeSudo(machine, user)]);
}

async function judgeGroups(machine: Machine, name: string): Promise<Judgement> {
  const ran = await machine.run('id', ['-Gn', name]);
  const evidence = [sawRun('id', ['-Gn', name], ran)];
  const groups = ran.kind === 'ran' && ran.code === 0 ? ran.out.trim().split(/\s+/) : [];
  if (groups.length === 0 || groups[0] === '')
    return cannotTell({
      found: `the groups of ${named(name)} cannot be read`,
      evidence,
      remedy: `run ${named(`id ${name}`)}`,
    });
  const powerful = groups.filter((group) => POWERFUL.has(group));
  if (powerful.length === 0) return pass(`${named(name)} is in no group that leads to root`, evidence);
  return fail({ found: `${named(name)} is in ${powerful.join(', ')}, which leads to root`, evidence, remedy: REMEDY });
}

async function judgeSudo(
  machine: Machine,
  { name, own }: { readonly name: string; readonly own: boolean },
): Promise<Judgement> {
  const args = ['-n', '-l', ...(own ? [] : ['-U', name])];
  const ran = await machine.run('sudo', args);
  const evidence = [sawRun('sudo', args, ran)];
  if (ran.kind === 'absent') return pass('there is no sudo', evidence);
  const said = ran.kind === 'ran' ? `${ran.out}\n${ran.err}` : '';
  if (/may run the following commands/.test(said))
    return fail({ found: `${named(name)} may use sudo`, evidence, remedy: REMEDY });
  if (/may not run sudo|is not allowed to (?:run|execute)/.test(said))
    return pass(`sudo refuses ${named(name)}`, evidence);
  return cannotTell({
    found: 'sudo does not say without a password',
    evidence,
    remedy: `as root, run ${named(`sudo -l -U ${name}`)}`,
  });
}
