import * as z from 'zod';
import { cannotTell, fail, pass, saw, type Evidence, type Judgement } from '../evidence.ts';
import { commandLine, sawRun } from '../item.ts';
import type { Machine, Ran } from '../machine.ts';

const REMEDY_LINUX =
  'let nothing in by default: `ufw default deny incoming` and `ufw enable`, or an nftables chain at hook input with `policy drop` for IPv4 and IPv6';
const REMEDY_MAC = 'switch the firewall on in System Settings, Network';

/** Whether the machine refuses what comes in unless a rule lets it; what Hardshell lets out is another check. */
export function lookAtFirewall(machine: Machine): Promise<Judgement> {
  return machine.system === 'darwin' ? lookAtMacFirewall(machine) : lookAtLinuxFirewall(machine);
}

/** `denies`: for both families. `open`: read, and not so. `silent`: could not be asked. */
type Answer = 'denies' | 'open' | 'silent';

async function lookAtLinuxFirewall(machine: Machine): Promise<Judgement> {
  const evidence: Evidence[] = [];
  const answers: Answer[] = [];
  for (const ask of [askNft, askUfw, askIptables]) {
    const answer = await ask(machine, evidence);
    if (answer === 'denies') return pass('what comes in is refused by default, for IPv4 and IPv6', evidence);
    answers.push(answer);
  }
  if (answers.includes('open'))
    return fail({
      found: 'what comes in is not refused by default, for IPv4, IPv6 or both',
      evidence,
      remedy: REMEDY_LINUX,
    });
  return cannotTell({
    found: 'no rules could be read',
    evidence,
    remedy: 'run it as root, with nftables, ufw or iptables installed',
  });
}

const ruleset = z.object({
  nftables: z.array(
    z.object({
      chain: z
        .object({
          family: z.string(),
          table: z.string(),
          name: z.string(),
          hook: z.string().optional(),
          policy: z.string().optional(),
        })
        .optional(),
      rule: z
        .object({
          family: z.string(),
          table: z.string(),
          chain: z.string(),
          expr: z.array(z.record(z.string(), z.unknown())),
        })
        .optional(),
    }),
  ),
});
type Ruleset = z.infer<typeof ruleset>;

async function askNft(machine: Machine, evidence: Evidence[]): Promise<Answer> {
  const args = ['-j', 'list', 'ruleset'];
  const ran = await machine.run('nft', args);
  const rules = ran.kind === 'ran' && ran.code === 0 ? parseRules(ran.out) : null;
  if (rules === null) {
    evidence.push(sawRun('nft', args, ran));
    return 'silent';
  }
  const denying = denyingFamilies(rules);
  const said =
    denying.length === 0
      ? 'no chain at hook input that denies by default'
      : `input denies by default: ${denying.join(', ')}`;
  evidence.push(saw(commandLine('nft', args), said));
  return denying.includes('inet') || (denying.includes('ip') && denying.includes('ip6')) ? 'denies' : 'open';
}

function parseRules(text: string): Ruleset | null {
  try {
    return ruleset.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Families with a chain at hook input whose first rule without condition, or else whose policy, refuses. */
function denyingFamilies({ nftables }: Ruleset): string[] {
  const rules = nftables.flatMap(({ rule }) => (rule === undefined ? [] : [rule]));
  const denies = (chain: NonNullable<Ruleset['nftables'][number]['chain']>): boolean => {
    const own = rules
      .filter(
        ({ family, table, chain: name }) => family === chain.family && table === chain.table && name === chain.name,
      )
      .map(({ expr }) =>
        expr.flatMap((part) => Object.keys(part)).filter((word) => word !== 'counter' && word !== 'log'),
      );
    // The first rule that asks for nothing decides for all that comes to it.
    const decides = own.find((words) => words.length === 1 && ['accept', 'drop', 'reject'].includes(words[0] ?? ''));
    return decides === undefined ? chain.policy === 'drop' : decides[0] !== 'accept';
  };
  const chains = nftables.flatMap(({ chain }) => (chain?.hook === 'input' && denies(chain) ? [chain.family] : []));
  return [...new Set(chains)];
}

async function askUfw(machine: Machine, evidence: Evidence[]): Promise<Answer> {
  const ran = await machine.run('ufw', ['status', 'verbose']);
  if (ran.kind === 'absent') return 'silent';
  evidence.push(sawRun('ufw', ['status', 'verbose'], ran));
  const said = ran.kind === 'ran' && ran.code === 0 ? ran.out : '';
  if (/^Status: active/m.test(said) && /^Default: (?:deny|reject) \(incoming\)/m.test(said)) return 'denies';
  return /^Status: (?:active|inactive)/m.test(said) ? 'open' : 'silent';
}

async function askIptables(machine: Machine, evidence: Evidence[]): Promise<Answer> {
  const ask = async (command: string): Promise<Ran> => {
    const ran = await machine.run(command, ['-S', 'INPUT']);
    if (ran.kind !== 'absent') evidence.push(sawRun(command, ['-S', 'INPUT'], ran));
    return ran;
  };
  const answers = [await ask('iptables'), await ask('ip6tables')].map((ran): Answer => {
    if (ran.kind !== 'ran' || ran.code !== 0 || !ran.out.startsWith('-P INPUT ')) return 'silent';
    const last = ran.out.trim().split('\n').at(-1) ?? '';
    return ran.out.startsWith('-P INPUT DROP') || /^-A INPUT -j (?:DROP|REJECT)\b/.test(last) ? 'denies' : 'open';
  });
  if (answers.every((answer) => answer === 'denies')) return 'denies';
  return answers.includes('open') ? 'open' : 'silent';
}

async function lookAtMacFirewall(machine: Machine): Promise<Judgement> {
  const application = await machine.run('socketfilterfw', ['--getglobalstate']);
  const evidence = [sawRun('socketfilterfw', ['--getglobalstate'], application)];
  const said = application.kind === 'ran' ? application.out : '';
  if (/Firewall is enabled|State = [12]/.test(said)) return pass('the application firewall is on', evidence);
  if (/Firewall is disabled|State = 0/.test(said))
    return fail({ found: 'the application firewall is off', evidence, remedy: REMEDY_MAC });
  return cannotTell({ found: 'the application firewall does not answer', evidence, remedy: REMEDY_MAC });
}
