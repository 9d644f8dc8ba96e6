import { cannotTell, fail, joinJudgements, pass, type Evidence, type Judgement, named, saw } from '../evidence.ts';
import { sawFile, sawRun } from '../item.ts';
import type { Machine, Subject, SubjectUser } from '../machine.ts';

/** Whoever is in one of these can become root, or read every disk. */
const POWERFUL = new Set(
  'root sudo wheel admin sudoers docker podman lxd lxc incus incus-admin libvirt disk kmem shadow microk8s'.split(' '),
);
const REMEDY = 'run Hardshell as a user of its own (`hardshell install`), who is in no such group and may not use sudo';

/** What the user who runs Hardshell could do if it were talked into anything. */
export function lookAtUserRights(machine: Machine, { user }: Subject): Promise<Judgement> {
  return judgeUser(machine, user);
}

/** Another's rights in sudo are told to root alone. */
export async function judgeUser(machine: Machine, user: SubjectUser): Promise<Judgement> {
  if (user.uid === 0)
    return fail({
      found: 'it is run by root (uid 0), who may do everything',
      evidence: [saw('process', 'uid 0')],
      remedy: REMEDY,
    });
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?$/.test(user.name))
    return cannotTell({ found: `uid ${user.uid} has no name that can be asked about`, evidence: [], remedy: REMEDY });
  return joinJudgements([
    await judgeGroups(machine, user),
    await judgeSudo(machine, user),
    await judgeDoas(machine, user.name),
  ]);
}

/** By the accounts, and for whoever asks also of the running process: a group that was taken away stays until a new login. */
async function judgeGroups(machine: Machine, { name, own }: SubjectUser): Promise<Judgement> {
  const evidence: Evidence[] = [];
  const groups: string[] = [];
  for (const args of [['-Gn', name], ...(own ? [['-Gn']] : [])]) {
    const ran = await machine.run('id', args);
    evidence.push(sawRun('id', args, ran));
    const found = ran.kind === 'ran' && ran.code === 0 ? ran.out.trim().split(/\s+/) : [''];
    if (found[0] === '')
      return cannotTell({
        found: `the groups of ${named(name)} cannot be read`,
        evidence,
        remedy: `run ${named(`id ${name}`)}`,
      });
    groups.push(...found);
  }
  const powerful = [...new Set(groups.filter((group) => POWERFUL.has(group)))];
  if (powerful.length === 0) return pass(`${named(name)} is in no group that leads to root`, evidence);
  return fail({ found: `${named(name)} is in ${powerful.join(', ')}, which leads to root`, evidence, remedy: REMEDY });
}

async function judgeSudo(machine: Machine, { name, own }: SubjectUser): Promise<Judgement> {
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

const DOAS = '/etc/doas.conf';

/** The smaller sister of sudo. Its file is often for root alone. */
async function judgeDoas(machine: Machine, name: string): Promise<Judgement> {
  const reading = await machine.readFile(DOAS);
  if (reading.kind === 'absent') return pass('', [sawFile(DOAS, reading)]);
  const evidence = [sawFile(DOAS, reading)];
  const remedy = `as root, look for a line of ${named(DOAS)} that permits ${named(name)} or a group of it`;
  if (reading.kind !== 'text') return cannotTell({ found: 'whom doas permits cannot be read', evidence, remedy });
  const permits = reading.text.split('\n').filter((line) => /^\s*permit\b/.test(line));
  if (permits.length === 0) return pass('', evidence);
  if (permits.some((line) => line.split(/\s+/).includes(name)))
    return fail({ found: `doas permits ${named(name)}`, evidence, remedy: REMEDY });
  // A group of another name may be its own, too.
  if (permits.some((line) => /\s:/.test(line)))
    return cannotTell({ found: 'doas permits groups, and which are its own is not judged here', evidence, remedy });
  return pass('', evidence);
}
