import { HardshellError } from '../../contracts/index.ts';
import type { Executed, ZoneDriver, ZoneSpec } from '../driver.ts';
import {
  cannotTell,
  expectedIn,
  held,
  readAnswer,
  readAttempt,
  type Attempt,
  type Reading,
  type Staged,
  type WallFacts,
} from './attempt.ts';
import { probeSpec, withProbe, zoneView } from './probe-zone.ts';
import { attemptsFor } from './list.ts';
import { CONTROLS, type Control } from './controls.ts';
import type { Answers, Section } from './program.ts';
import { claimOf, endsZone, type Claim } from './modes.ts';
import type { Stage } from './stage.ts';
import { runTwins, type Twin } from './twins.ts';

export interface ProveOptions {
  readonly driver: ZoneDriver;
  /** Zones as they will run; their program is replaced by the probe, and nothing of theirs is written. */
  readonly specs: readonly ZoneSpec[];
  readonly stage: Stage;
  /**
   * `start`: what a filter answers is tried once for each different filter, limits once a profile, the rest in every
   * zone. `full`: everything in every zone, the slow ones too.
   */
  readonly scope: 'start' | 'full';
  /** Zones at a time. */
  readonly parallel?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, all: number) => void;
}

export interface AttemptProof {
  readonly attempt: Attempt;
  readonly reading: Reading | { readonly kind: 'not_run'; readonly raw: string };
  readonly twin: Twin;
  readonly claim: Claim;
  /** Held in the way that was expected. A surprise is shown, and is no hole. */
  readonly asExpected: boolean;
}

/** What one zone's wall was found to hold. */
export interface WallProof {
  readonly zone: string;
  readonly wall: WallFacts;
  readonly attempts: readonly AttemptProof[];
  /** What a zone may do, done by the probe: `open` where it worked. */
  readonly controls: readonly { readonly control: Control; readonly reading: Reading }[];
}

/** One throw-away zone: these attempts, in place of that zone's program. The readings count for all of `zones`. */
interface Job {
  readonly spec: ZoneSpec;
  readonly zones: readonly string[];
  readonly attempts: readonly Attempt[];
}

const PARALLEL = 4;
const ZONE_MS_MAX = 15_000;

/** The list behind one wall. Throws only when aborted; what fails is `cannot_tell`. */
export async function proveWall(
  options: Omit<ProveOptions, 'specs'> & { readonly spec: ZoneSpec },
): Promise<WallProof> {
  const [proof] = await proveWalls({ ...options, specs: [options.spec] });
  if (proof === undefined) throw new HardshellError('invariant_broken', 'no wall was proven', { fate: 'stop' });
  return proof;
}

/** The list behind several walls, sharing what is the same for them. */
export async function proveWalls(options: ProveOptions): Promise<readonly WallProof[]> {
  const { driver, specs, stage, scope } = options;
  const attempts = attemptsFor(stage.outside.arch);
  const wanted = attempts.filter((attempt) => scope === 'full' || attempt.scope !== 'full');
  const jobs = planJobs(specs, wanted, scope);
  const readings = new Map<string, Reading>();
  let done = 0;
  const [seen] = await Promise.all([
    runTwins(stage, wanted),
    inParallel(jobs, options.parallel ?? PARALLEL, async (job) => {
      options.signal?.throwIfAborted();
      for (const [id, reading] of await runJob(driver, stage, job))
        for (const zone of job.zones) readings.set(`${zone}/${id}`, reading);
      options.onProgress?.((done += 1), jobs.length);
    }),
  ]);
  return specs.map((spec) => {
    const wall = wallOf(driver, spec);
    return {
      zone: spec.name,
      wall,
      controls: CONTROLS.flatMap((control) => {
        const reading = readings.get(`${spec.name}/${control.id}`);
        return reading === undefined ? [] : [{ control, reading }];
      }),
      attempts: attempts.map((attempt) => {
        const reading = readings.get(`${spec.name}/${attempt.id}`) ?? NOT_RUN;
        const twin = seen.get(attempt.id) ?? { kind: 'not_here', raw: NOT_RUN.raw };
        return {
          attempt,
          reading,
          twin,
          claim: claimOf(attempt, wall),
          asExpected: isExpected(attempt, wall, reading),
        };
      }),
    };
  });
}

const NOT_RUN = { kind: 'not_run', raw: 'runs on demand only' } as const;

export function wallOf(driver: ZoneDriver, spec: ZoneSpec): WallFacts {
  const { profile, network, watch } = spec;
  const sockets = driver.hostView?.socketsOf(spec) ?? spec.sockets;
  const scopes = driver.hostView?.scopes;
  return {
    driver: driver.kind,
    mode: driver.mode,
    limitsHeld: driver.limitsHeld,
    ...(scopes === undefined ? {} : { scopes }),
    profile,
    network,
    sockets,
    watch,
  };
}

function isExpected(attempt: Attempt, { profile }: WallFacts, reading: AttemptProof['reading']): boolean {
  const expected = expectedIn(attempt, profile);
  if (expected === 'allowed') return true;
  return reading.kind === 'held' && (expected === 'killed') === (reading.raw === KILLED.raw);
}

function planJobs(specs: readonly ZoneSpec[], wanted: readonly Attempt[], scope: ProveOptions['scope']): Job[] {
  const jobs: Job[] = [];
  const shared = new Map<string, { spec: ZoneSpec; zones: string[]; attempts: readonly Attempt[] }>();
  for (const spec of specs) {
    const single = wanted.filter((attempt) => attempt.alone !== undefined || endsZone(attempt, spec.profile));
    const batch = wanted.filter((attempt) => !single.includes(attempt));
    jobs.push({ spec, zones: [spec.name], attempts: batch });
    for (const attempt of single.filter((one) => scope === 'full' || one.alone !== undefined || one.atStart === true)) {
      const key = scope === 'full' ? spec.name : attempt.alone === undefined ? filterKey(spec) : spec.profile;
      const found = shared.get(`${attempt.id}/${key}`);
      if (found === undefined) shared.set(`${attempt.id}/${key}`, { spec, zones: [spec.name], attempts: [attempt] });
      else found.zones.push(spec.name);
    }
  }
  return [...jobs, ...shared.values()];
}

/** Zones with the same answer here have the same filter. */
function filterKey({ sockets, watch, profile }: ZoneSpec): string {
  return `${sockets} ${watch} ${profile}`;
}

const KILLED = held('the zone was ended');

async function runJob(
  driver: ZoneDriver,
  stage: Stage,
  { spec, attempts }: Job,
): Promise<readonly (readonly [string, Reading])[]> {
  let ran: Executed;
  const zone = await probeSpec(stage, spec, attempts, driver);
  const at = zoneView(stage, zone, driver);
  const controls = attempts.length > 1 ? controlsOf(at, zone) : [];
  const sections = [...attempts.map((attempt) => ({ id: attempt.id, steps: attempt.steps(at) })), ...controls];
  const all = (reading: Reading): readonly (readonly [string, Reading])[] => sections.map(({ id }) => [id, reading]);
  const program = stage.write(sections);
  try {
    const limits = { timeoutMs: ZONE_MS_MAX, outputBytesMax: program.outputBytes + 1 };
    ran = await driver.exec(withProbe(zone, program.name), limits);
  } catch (error) {
    return all(cannotTell(error instanceof HardshellError ? error.message : 'the zone could not be made'));
  }
  const [only] = attempts;
  if (ran.exit.kind !== 'exited' && (attempts.length > 1 || only === undefined)) {
    // Something in it ended the zone: each is tried alone, to learn which.
    const each = await Promise.all(
      attempts.map((attempt) => runJob(driver, stage, { spec, zones: [], attempts: [attempt] })),
    );
    return each.flat();
  }
  if (only !== undefined && ran.exit.kind !== 'exited') return all(readEnd(only, ran.exit));
  const answers = program.read(ran.stdout);
  if (answers === undefined) return all(cannotTell('the probe gave no answer of the right shape'));
  return [
    ...attempts.map((attempt) => [attempt.id, readOne(attempt, answers, at)] as const),
    ...controls.map(({ id }) => [id, readControl(answers.get(id))] as const),
  ];
}

function controlsOf(at: Staged, spec: ZoneSpec): Section[] {
  return CONTROLS.flatMap(({ id, steps }) => {
    const own = steps(at, spec);
    return own === undefined ? [] : [{ id, steps: own }];
  });
}

function readControl(answers: Answers | undefined): Reading {
  return answers === undefined ? cannotTell('no answer') : readAnswer(answers);
}

function readOne(attempt: Attempt, answers: ReadonlyMap<string, Answers>, at: Staged): Reading {
  const own = answers.get(attempt.id);
  return own === undefined ? cannotTell('no answer') : readAttempt(attempt, own, at);
}

function readEnd(attempt: Attempt, exit: Exclude<Executed['exit'], { kind: 'exited' }>): Reading {
  switch (exit.kind) {
    case 'tampered':
      return KILLED;
    case 'killed':
      return attempt.builtin === 'bounded' ? held('ended at its limit') : cannotTell('it was ended from outside');
    case 'probe_failed':
      return cannotTell('another probe spoke in its place');
    default:
      return exit satisfies never;
  }
}

/** Rejects with the first failure once everything that was begun has ended. */
async function inParallel<T>(items: readonly T[], count: number, use: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await use(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(count, items.length) }, worker));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}
