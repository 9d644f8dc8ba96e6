import { readFileSync } from 'node:fs';
import { HardshellError } from '../../../contracts/index.ts';
import type { Entry } from '../journal.ts';
import { placeOf, type Target } from '../paths.ts';
import type { GroupStep, UserStep } from '../plan.ts';
import type { Handler, Site, Undone } from './observed.ts';

/** No program of the system takes this for a shell, so that nobody can log in with the account. */
export const NO_SHELL = '/usr/sbin/nologin';

export const groupHandler: Handler<GroupStep> = {
  identity: ({ gid }) => String(gid),
  subject: ({ name }) => name,
  observe: (step, { target }) => {
    const groups = readTable(target, 'group');
    const own = groups.find(([name]) => name === step.name);
    if (own !== undefined && own[2] === String(step.gid)) {
      if ((own[3] ?? '') === '') return { kind: 'match' };
      throw foreign(`group \`${step.name}\` has members (${own[3]})`, 'take them out');
    }
    if (own !== undefined) throw foreign(`there is a group \`${step.name}\` with number ${own[2]}`, 'rename it');
    const other = groups.find(([, , gid]) => gid === String(step.gid));
    if (other !== undefined) throw foreign(`group number ${step.gid} belongs to \`${other[0]}\``, 'give it another');
    return { kind: 'absent' };
  },
  before: () => ({ kind: 'absent' }),
  make: (step, site) => runOrThrow(site, [...tool(site.target, 'groupadd'), '--gid', String(step.gid), step.name]),
};

export const userHandler: Handler<UserStep> = {
  identity: ({ uid }) => String(uid),
  subject: ({ name }) => name,
  observe: (step, { target }) => {
    const users = readTable(target, 'passwd');
    const own = users.find(([name]) => name === step.name);
    if (own !== undefined) {
      const wanted = [String(step.uid), String(step.gid), step.comment, step.home, NO_SHELL];
      if (own.slice(2).join(':') !== wanted.join(':'))
        throw foreign(`there is a user \`${step.name}\` that is not as ours is`, 'rename or remove it');
      const more = readTable(target, 'group').filter(([, , , members]) => members?.split(',').includes(step.name));
      if (more.length > 0)
        throw foreign(
          `\`${step.name}\` is in the groups ${more.map(([name]) => name).join(', ')}`,
          `run \`gpasswd --delete ${step.name} ${more[0]?.[0] ?? ''}\``,
        );
      return { kind: 'match' };
    }
    const other = users.find(([, , uid]) => uid === String(step.uid));
    if (other !== undefined) throw foreign(`uid ${step.uid} belongs to \`${other[0]}\``, 'give that user another');
    return { kind: 'absent' };
  },
  before: () => ({ kind: 'absent' }),
  make: (step, site) => {
    const { name, uid, gid, home, comment } = step;
    const facts = ['--uid', String(uid), '--gid', String(gid), '--home-dir', home, '--comment', comment];
    const rest = ['--system', '--no-create-home', '--shell', NO_SHELL, '--key', 'UMASK=0077', name];
    runOrThrow(site, [...tool(site.target, 'useradd'), ...facts, ...rest]);
  },
};

export function undoAccount(entry: Entry, site: Site): Undone {
  if (entry.before.kind === 'same') return 'stays';
  const [file, command] = entry.kind === 'user' ? (['passwd', 'userdel'] as const) : (['group', 'groupdel'] as const);
  const own = readTable(site.target, file).find(([name]) => name === entry.subject);
  if (own === undefined) return 'removed';
  if (own[2] !== entry.made) {
    site.tell(`${entry.kind} \`${entry.subject}\` has another number now and was left alone`);
    return 'kept';
  }
  runOrThrow(site, [...tool(site.target, command), entry.subject]);
  return 'removed';
}

function tool({ live, root }: Target, name: string): string[] {
  return live ? [`/usr/sbin/${name}`] : [`/usr/sbin/${name}`, '--prefix', root];
}

function runOrThrow(site: Site, argv: readonly string[]): void {
  const { ok, said } = site.run(argv);
  if (ok) return;
  throw new HardshellError('unavailable', `\`${argv.join(' ')}\` failed: ${said}`, { fate: 'refuse' });
}

function readTable(target: Target, name: 'passwd' | 'group'): string[][] {
  try {
    const text = readFileSync(placeOf(target, `/etc/${name}`), 'utf8');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(':'));
  } catch (cause) {
    throw new HardshellError('unavailable', `\`${placeOf(target, `/etc/${name}`)}\` cannot be read`, {
      fate: 'refuse',
      cause,
    });
  }
}

function foreign(what: string, remedy: string): HardshellError {
  return new HardshellError('home_unsafe', `${what}; ${remedy}, then install again`, { fate: 'refuse' });
}
