import { cannotTell, fail, pass, type Judgement, named } from '../evidence.ts';
import { sawRun } from '../item.ts';
import type { Machine, Ran, Subject } from '../machine.ts';

/** Owner and mode of the home: nobody else may look in. */
export async function lookAtHomeFolder(machine: Machine, { home, user }: Subject): Promise<Judgement> {
  return judgeFolder(machine, home, user.uid);
}

/** A folder that is one uid's alone. */
export async function judgeFolder(machine: Machine, path: string, uid: number): Promise<Judgement> {
  const { args, ran } = await stat(machine, path);
  const evidence = [sawRun('stat', args, ran)];
  const [mode, owner] = ran.kind === 'ran' && ran.code === 0 ? ran.out.trim().split(' ') : [];
  if (mode === undefined || owner === undefined || !/^[0-7]{3,4}$/.test(mode))
    return cannotTell({
      found: `${named(path)} cannot be looked at`,
      evidence,
      remedy: 'start it once with `hardshell up`',
    });
  if (Number(owner) !== uid)
    return fail({
      found: `${named(path)} belongs to uid ${owner}, not to uid ${uid}`,
      evidence,
      remedy: 'give it back with chown',
    });
  if (Number.parseInt(mode, 8) % 0o100 !== 0)
    return fail({
      found: `${named(path)} has mode ${mode}, and others can look in`,
      evidence,
      remedy: `run ${named(`chmod 700 ${path}`)}`,
    });
  return pass(`${named(path)} is for its owner alone`, evidence);
}

async function stat(machine: Machine, path: string): Promise<{ args: readonly string[]; ran: Ran }> {
  const args = machine.system === 'darwin' ? ['-L', '-f', '%Lp %u', path] : ['-L', '-c', '%a %u', '--', path];
  return { args, ran: await machine.run('stat', args) };
}
