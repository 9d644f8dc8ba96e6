import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { verifyLog } from '../../audit/index.ts';
import { describeProblem, parseConfig, readConfigText } from '../../config/index.ts';
import {
  HOME_FILES,
  isOwnersFile,
  readArmed,
  readRecordedLog,
  type HomeFile,
  type RecordedLog,
} from '../../state/index.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { bad, good, note, type Check } from './doctor.ts';
import { openPolicy } from './policy-file.ts';

/** What the home holds, and whether it is still what it should be. Reads only. */
export async function checkInstance(context: Context): Promise<Check[]> {
  const { home } = context.paths();
  if (!existsSync(home)) return [note('home', `${home} is not there yet`, 'start it with `hardshell up`')];
  return [
    checkModes(home),
    checkKeys(home),
    checkConfig(home, context),
    checkPolicy(home),
    await checkLog(home),
    checkArmed(home),
    await checkRunning(context),
  ];
}

function checkModes(home: string): Check {
  const wrong = [describeWrong(home, '.', { kind: 'directory', mode: 0o700 })];
  for (const file of HOME_FILES)
    for (const name of expand(home, file.path)) wrong.push(describeWrong(home, name, file));
  const found = wrong.filter((text) => text !== null);
  if (found.length === 0) return good('home', `${home}: owners and modes as they should be`);
  return bad(
    'home',
    found.slice(0, 5).join('; '),
    '`hardshell up` narrows modes; give files of another owner back with chown',
  );
}

/** Made once by a first start, and needed by every other. (`armed.key` may be gone: a stop destroys it.) */
const KEYS = ['keys/instance.id', 'keys/subject.key', 'keys/checkpoint.key'];

function checkKeys(home: string): Check {
  const missing = KEYS.filter((name) => !existsSync(join(home, name)));
  if (missing.length === 0) return good('keys', 'the keys of the instance are there');
  return bad('keys', `missing: ${missing.join(', ')}`, 'put `keys/` back from a backup; nothing starts without them');
}

function describeWrong(home: string, name: string, expected: Pick<HomeFile, 'kind' | 'mode'>): string | null {
  const stat = lstatSync(join(home, name), { throwIfNoEntry: false });
  if (stat === undefined) return null;
  if (!isOwnersFile(home, stat.uid)) return `${name} belongs to uid ${stat.uid}`;
  if (expected.kind === 'directory' ? !stat.isDirectory() : !stat.isFile())
    return `${name} is not a plain ${expected.kind}`;
  const mode = stat.mode & 0o7777;
  return (mode & ~expected.mode) === 0
    ? null
    : `${name} has mode ${mode.toString(8)}, not ${expected.mode.toString(8)}`;
}

function expand(home: string, pattern: string): string[] {
  if (!pattern.endsWith('/*')) return [pattern];
  const folder = pattern.slice(0, -2);
  try {
    return readdirSync(join(home, folder)).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

function checkConfig(home: string, context: Context): Check {
  const remedy = 'see `hardshell config validate`';
  try {
    const parsed = parseConfig(readConfigText(join(home, 'hardshell.json')), context.io.env);
    return parsed.kind === 'ok'
      ? good('config', 'hardshell.json is valid')
      : bad('config', describeProblem(parsed.problems[0]), remedy);
  } catch (cause) {
    return bad('config', cause instanceof Error ? cause.message : 'cannot be read', remedy);
  }
}

function checkPolicy(home: string): Check {
  const opened = openPolicy(join(home, 'policy.cedar'));
  if (opened.kind === 'ok') return good('policy', `policy.cedar has ${opened.policy.rules.length} rules`);
  return bad('policy', opened.problems[0]?.message ?? 'policy.cedar is refused', 'see `hardshell policy check`');
}

async function checkLog(home: string): Promise<Check> {
  const remedy = 'see `hardshell audit-log verify`; keep a copy of `audit/` before you change anything';
  try {
    // Before and after: the log may grow while it is read.
    const before = readRecordedLog(home);
    const report = await verifyLog(join(home, 'audit'), { threads: 1 });
    if (report.kind === 'missing') return bad('log', 'there is none', remedy);
    const chains = [report.chain, ...report.others.map(({ chain }) => chain)];
    if (chains.some(({ kind }) => kind === 'broken')) return bad('log', 'the chain is broken', remedy);
    const after = before === null ? null : readRecordedLog(home);
    const recorded = before === null || after === null ? null : { least: before.least, most: after.most };
    return compareLog(report.chain.kind === 'valid' ? report.chain.entries : 0, recorded);
  } catch {
    return bad('log', 'cannot be read', remedy);
  }
}

/** A chain of which the end was cut is whole in itself: only what was recorded elsewhere tells. */
function compareLog(entries: number, recorded: RecordedLog | null): Check {
  const whole = entries === 0 ? 'empty' : `the chain is whole, ${entries} ${entries === 1 ? 'entry' : 'entries'}`;
  if (recorded === null) return good('log', `${whole} as far as it goes; \`up\` compares it with the database`);
  const remedy = 'nothing starts on such a record; restore `audit/` and `state.db` from the same backup';
  if (entries < recorded.least)
    return bad('log', `ends at entry ${entries}, but ${recorded.most} were recorded: lines were removed`, remedy);
  if (entries > recorded.most)
    return bad(
      'log',
      `has ${entries} entries, but the database knows ${recorded.most}: an older one was put back`,
      remedy,
    );
  const kept = recorded.most - entries;
  return good('log', kept === 0 ? `${whole}, as recorded` : `${whole}; \`up\` adds ${kept} that the database keeps`);
}

function checkArmed(home: string): Check {
  const armed = readArmed(home);
  if (armed.kind === 'armed') return good('armed', `may run (epoch ${armed.epoch})`);
  return bad(
    'armed',
    `stopped: the record is ${armed.reason.replaceAll('_', ' ')}`,
    'find out why, then run `hardshell revive`',
  );
}

async function checkRunning(context: Context): Promise<Check> {
  try {
    const { ready, mode, warnings, connectors } = await context.control().ask({ type: 'status' });
    const names = connectors.map(({ name }) => name).join(', ');
    if (ready) return good('running', `ready, isolation mode ${mode}, connectors ${names}`);
    return bad('running', warnings[0] ?? 'it runs and sends nothing', 'see `hardshell status`');
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'not_running')
      return note('running', 'not running', 'start it with `hardshell up`');
    return bad(
      'running',
      thrown instanceof Error ? thrown.message : 'does not answer',
      'restart it with `hardshell down` and `hardshell up`',
    );
  }
}
