import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectFrames } from '../../bridge/index.ts';
import { parseConfig, readConfigText } from '../../config/index.ts';
import { CONTROL_ANSWERS, HardshellError } from '../../contracts/index.ts';
import { readEpochs, simulateKillSwitch } from '../../control/index.ts';
import {
  inspectZone,
  openMachine,
  VERIFY_POINTS,
  verifyInstance,
  type PointCheck,
  type PointResult,
  type PointVerdict,
  type VerifyPorts,
  type VerifyResult,
} from '../../host/index.ts';
import { readArmed, readRecordedLog } from '../../state/index.ts';
import { homeFile, tell, type Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { paint, type Paint } from '../output.ts';
import { subjectOf } from './baseline.ts';
import { findRemaining, latchOf, leversOf } from './kill-levers.ts';
import { askStatus, reachSupervisor } from './supervisor-client.ts';
import { tryFirewall } from './verify-firewall.ts';
import { proveZones } from './verify-ports.ts';

const ANSWER_MS_MAX = 5_000;

export interface VerifyCommand {
  /** Without the attacks from inside the zones: points 4 and 5 then count as not passed. */
  readonly quick: boolean;
}

/** `hardshell verify`: ten points, each by an executed test. 0 all pass, 3 some do not, 1 some could not be tested. */
export async function verify(command: VerifyCommand, context: Context): Promise<number> {
  const { home } = context.paths();
  if (!existsSync(home))
    throw new Failure(
      `there is no instance in \`${home}\`; start one with \`hardshell up\`, or name it with \`--home\``,
    );
  const result = await verifyInstance(
    { points: VERIFY_POINTS, ports: openPorts(command, context) },
    ({ title }, number) => context.io.progress(`${number}/${VERIFY_POINTS.length} ${title}`),
  );
  context.io.progress('');
  const { points, passed, exitCode } = result;
  tell(context, { ok: exitCode === 0, passed, total: points.length, points }, () => describe(result, context));
  return exitCode;
}

function openPorts({ quick }: VerifyCommand, context: Context): VerifyPorts {
  const paths = context.paths();
  return {
    machine: openMachine(),
    subject: subjectOf(context),
    auditDir: homeFile(context, 'audit'),
    modelWanted: wantsModel(context),
    askSupervisor: async () => {
      const client = await reachSupervisor(paths);
      try {
        return client === undefined ? null : ((await askStatus(client, ANSWER_MS_MAX)) ?? null);
      } finally {
        client?.destroy();
      }
    },
    askExecutor: () => askExecutor(paths.controlSocket),
    pingZone,
    inspectZone,
    readArmed: () => readArmed(paths.home),
    killedEpoch: () => readEpochs(homeFile(context, 'audit'), { inMain: true }).killed,
    tryStop: async () => {
      const remaining = findRemaining(paths).map(({ pid }) => pid);
      const report = await simulateKillSwitch({
        latch: latchOf(paths),
        levers: leversOf(paths),
        remaining: () => remaining.length,
        record: () => Promise.resolve(),
        nowMs: () => performance.now(),
        pause: (ms) => sleep(ms),
      });
      return { levers: report.levers, reached: remaining };
    },
    recordedEntries: () => readRecordedLog(paths.home),
    proveZones: () => (quick ? Promise.resolve('left_out') : proveZones(paths, context.io)),
    tryFirewall,
    pause: (ms) => sleep(ms),
  };
}

/** A file that cannot be read is told by point 7: the executor is not ready on it. */
function wantsModel(context: Context): boolean {
  try {
    const parsed = parseConfig(readConfigText(homeFile(context, 'hardshell.json')), context.io.env);
    return parsed.kind === 'ok' && parsed.config.models.local !== null;
  } catch {
    return false;
  }
}

/** Not by the control of other commands: one that hangs has to be told within a few seconds. */
async function askExecutor(path: string): ReturnType<VerifyPorts['askExecutor']> {
  const answer = await askOnce(path, { type: 'status' });
  const parsed = CONTROL_ANSWERS.status.safeParse(answer);
  return parsed.success ? parsed.data : null;
}

async function pingZone(path: string): Promise<string | null> {
  const answer = await askOnce(path, { type: 'ping' });
  return answer?.['type'] === 'pong' && typeof answer['zone'] === 'string' ? answer['zone'] : null;
}

async function askOnce(path: string, request: object): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    const client = await connectFrames({ target: { path } });
    try {
      return await client.request(request, ANSWER_MS_MAX);
    } finally {
      client.destroy();
    }
  } catch (cause) {
    if (cause instanceof HardshellError) return null;
    throw cause;
  }
}

const WORDS: Readonly<Record<PointVerdict, readonly [Paint, string]>> = {
  pass: ['green', 'PASS'],
  fail: ['red', 'FAIL'],
  not_yet: ['yellow', 'NOT YET'],
};

function describe({ points, passed }: VerifyResult, context: Context): string[] {
  const width = Math.max(...points.map(({ title }) => title.length));
  return [
    ...points.flatMap((point) => describePoint(point, width, context)),
    '',
    passed === points.length
      ? `all ${points.length} points pass`
      : `${passed} of ${points.length} points pass; the others keep this from being a verified installation`,
  ];
}

function describePoint({ number, title, verdict, checks }: PointResult, width: number, { io }: Context): string[] {
  const [colour, word] = WORDS[verdict];
  const indent = ' '.repeat(14);
  // What holds a point back first; a point that passes says what it saw.
  const telling = checks.filter((check) => check.verdict !== 'pass');
  const lines = telling.length === 0 ? checks : [...telling, ...checks.filter((check) => check.verdict === 'pass')];
  return [
    `${String(number).padStart(2)}  ${paint(io, colour, word.padEnd(8))}  ${paint(io, 'bold', title.padEnd(width).trimEnd())}`,
    ...lines.flatMap((check) => describeCheck(check, indent)),
  ];
}

function describeCheck({ verdict, found, evidence, remedy }: PointCheck, indent: string): string[] {
  const mark = verdict === 'pass' ? 'ok ' : verdict === 'fail' ? 'NO ' : '-- ';
  return [
    `${indent}${mark}${found}`,
    ...(verdict === 'fail' ? evidence.slice(0, 6).map(({ source, said }) => `${indent}   ${source}: ${said}`) : []),
    ...(remedy === '' ? [] : [`${indent}   to do: ${remedy}`]),
  ];
}
