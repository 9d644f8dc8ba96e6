import { fail, judgeFolder, judgeUser, named, pass, saw, type Judgement, type Machine } from '../../baseline/index.ts';
import { failed, fromJudgement, passed, type Bench, type PointCheck } from '../point.ts';

/** Account that an installation makes for the executor. */
const SERVICE_USER = 'hardshell';
const PASSWD = '/etc/passwd';

/** The user that Hardshell runs as can do nothing else: Z1.1. */
export async function testUser(bench: Bench): Promise<readonly PointCheck[]> {
  const { machine, subject } = bench;
  const status = await bench.supervisor();
  const account = machine.system === 'linux' && status?.deployment !== 'checkout' ? await findAccount(machine) : null;
  if (account !== null) return [...(await testAccount(bench, account)), await testUmask(bench)];
  const honest = `there is no service user here: judged for ${subject.user.name === '' ? 'the user' : named(subject.user.name)} (uid ${subject.user.uid}), who runs it`;
  const rights = await judgeUser(machine, subject.user);
  return [
    { ...fromJudgement(rights), found: `${honest}: ${rights.found}` },
    fromJudgement(await judgeFolder(machine, subject.home, subject.user.uid)),
    await testUmask(bench),
  ];
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  readonly shell: string;
}

async function findAccount(machine: Machine): Promise<Account | null> {
  const reading = await machine.readFile(PASSWD);
  const lines = reading.kind === 'text' ? reading.text.split('\n').map((line) => line.split(':')) : [];
  const [name, , uid, , , home, shell] = lines.find(([found]) => found === SERVICE_USER) ?? [];
  if (name === undefined || uid === undefined || home === undefined) return null;
  return { name, uid: Number(uid), home, shell: shell ?? '' };
}

async function testAccount({ machine, subject }: Bench, account: Account): Promise<readonly PointCheck[]> {
  const own = subject.user.uid === account.uid;
  return [
    judgeLogin(account),
    await judgeUser(machine, { ...account, own }),
    await judgeFolder(machine, account.home, account.uid),
  ].map(fromJudgement);
}

function judgeLogin({ name, shell }: Account): Judgement {
  const evidence = [saw(PASSWD, `${name} has the shell ${shell === '' ? '(none: /bin/sh)' : shell}`)];
  if (/\/(?:nologin|false)$/.test(shell)) return pass(`${named(name)} cannot log in`, evidence);
  return fail({
    found: `${named(name)} can log in`,
    evidence,
    remedy: `run ${named(`usermod -s /usr/sbin/nologin ${name}`)}`,
  });
}

/** What the executor writes is for its user alone. Read from the running program. */
async function testUmask(bench: Bench): Promise<PointCheck> {
  const status = await bench.supervisor();
  const pid = status?.zones.find(({ name }) => name === 'zone1-executor')?.pid ?? null;
  const found = pid === null ? null : bench.inspectZone(pid);
  if (found === null)
    return failed({
      found: 'cannot tell: the executor does not run, and its umask cannot be read',
      evidence: [],
      remedy: 'start it with `hardshell up`',
    });
  const evidence = [saw(`/proc/${found.pid}/status`, `Umask ${found.umask}`)];
  if (/^0?077$/.test(found.umask)) return passed('its files are for itself alone (umask 077)', evidence);
  return failed({
    found: `the executor runs with umask ${found.umask}`,
    evidence,
    remedy: 'restart it with `hardshell down` and `hardshell up`',
  });
}
