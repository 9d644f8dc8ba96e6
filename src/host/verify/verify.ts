import { draw } from '../baseline/index.ts';
import { expectedZones, missingZones } from './expected-zones.ts';
import type { Bench, PointCheck, PointVerdict, SupervisorStatus, VerifyPoint, VerifyPorts } from './point.ts';

export interface PointResult {
  readonly number: number;
  readonly id: string;
  readonly title: string;
  readonly verdict: PointVerdict;
  readonly checks: readonly PointCheck[];
  /** False: its test broke, and nothing was tested. */
  readonly ran: boolean;
}

export interface VerifyResult {
  readonly points: readonly PointResult[];
  readonly passed: number;
  /** 0 all passed, 3 some did not, 1 some could not be tested. */
  readonly exitCode: 0 | 1 | 3;
}

/** Tests the points one after another. Changes nothing of the instance. */
export async function verifyInstance(
  { points, ports }: { readonly points: readonly VerifyPoint[]; readonly ports: VerifyPorts },
  onPoint: (point: VerifyPoint, number: number) => void = () => undefined,
): Promise<VerifyResult> {
  const bench = openBench(ports);
  const results: PointResult[] = [];
  for (const [i, point] of points.entries()) {
    onPoint(point, i + 1);
    results.push({ number: i + 1, id: point.id, title: point.title, ...(await testPoint(point, bench)) });
  }
  const passedCount = results.filter(({ verdict }) => verdict === 'pass').length;
  const broken = results.some(({ ran }) => !ran);
  return { points: results, passed: passedCount, exitCode: broken ? 1 : passedCount === results.length ? 0 : 3 };
}

async function testPoint(point: VerifyPoint, bench: Bench): Promise<Pick<PointResult, 'verdict' | 'checks' | 'ran'>> {
  try {
    const checks = await point.test(bench);
    return { verdict: worstOf(checks), checks, ran: true };
  } catch (cause) {
    const why = draw(cause instanceof Error ? cause.message : 'unknown', 160);
    const check = {
      verdict: 'fail',
      found: `could not be tested: ${why}`,
      evidence: [],
      remedy: 'see `hardshell doctor`',
    } as const;
    return { verdict: 'fail', checks: [check], ran: false };
  }
}

/** A point that tested nothing has not passed. */
function worstOf(checks: readonly PointCheck[]): PointVerdict {
  if (checks.length === 0 || checks.some(({ verdict }) => verdict === 'fail')) return 'fail';
  return checks.some(({ verdict }) => verdict === 'not_yet') ? 'not_yet' : 'pass';
}

function openBench(ports: VerifyPorts): Bench {
  return {
    ...ports,
    supervisor: once(() => settledStatus(ports)),
    proofs: once(ports.proveZones),
  };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}

const SETTLE_TRIES = 20;
const SETTLE_MS = 250;

/** A reader is discarded after each message and another takes its place: what is missing gets a moment to come. */
async function settledStatus(ports: VerifyPorts): Promise<SupervisorStatus | null> {
  const expected = expectedZones(ports);
  for (let tried = 1; ; tried++) {
    const status = await ports.askSupervisor();
    if (status === null || missingZones(expected, status).length === 0 || tried === SETTLE_TRIES) return status;
    await ports.pause(SETTLE_MS);
  }
}
