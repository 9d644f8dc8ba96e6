import { existsSync } from 'node:fs';
import { HardshellError, ZONE_PROFILES, type SupervisorAnswer, type ZoneProfile } from '../contracts/index.ts';
import {
  judgeWall,
  openStage,
  proveWalls,
  type WallProof,
  type ZoneDriver,
  type ZoneSpec,
} from '../isolation/index.ts';

export type ZoneProof = Extract<SupervisorAnswer, { type: 'proven' }>['zones'][number];

/** A zone like the ones that run, for the probe to attack; `done` gives back what it was lent. */
export interface ProofZone {
  readonly spec: ZoneSpec;
  readonly done: () => void;
}

export interface Proving {
  readonly driver: ZoneDriver;
  readonly make: (profile: ZoneProfile) => Promise<ProofZone>;
  readonly profiles: readonly ZoneProfile[];
  /** A directory that every zone's uid can reach. */
  readonly stageParent: string;
  readonly scope: 'start' | 'full';
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, all: number) => void;
}

export interface Proof {
  readonly zones: readonly ZoneProof[];
  /** What worked, and the mode in force does not claim to hold. */
  readonly degraded: readonly string[];
  /** Sentences; empty where every wall stands. */
  readonly refusals: readonly string[];
}

/** Runs the escape list in a zone of each kind, in the place of its program. Throws `isolation_failed` where none can be made. */
export async function proveKinds(proving: Proving): Promise<Proof> {
  // Without a file view of their own, processes that own the home see all of it, the stage too if it lay there.
  const stage = await openStage(proving.driver.hostView === undefined ? { parent: proving.stageParent } : {});
  const made: ProofZone[] = [];
  try {
    for (const profile of proving.profiles) made.push(await proving.make(profile));
    const { driver, scope, signal, onProgress } = proving;
    const proofs = await proveWalls({
      driver,
      stage,
      scope,
      specs: made.map(({ spec }) => withWhatExists(spec)),
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    return judgeAll(proofs);
  } finally {
    for (const { done } of made) done();
    await stage.close();
  }
}

/** Before the first start of a process some of its directories are not there yet. */
function withWhatExists(spec: ZoneSpec): ZoneSpec {
  return { ...spec, mounts: spec.mounts.filter((mount) => !('from' in mount) || existsSync(mount.from)) };
}

export function judgeAll(proofs: readonly WallProof[]): Proof {
  const verdicts = proofs.map((proof) => judgeWall(proof));
  return {
    zones: proofs.map(summarise),
    degraded: [...new Set(verdicts.flatMap((verdict) => (verdict.kind === 'stands' ? verdict.degraded : [])))],
    refusals: verdicts.flatMap((verdict) => (verdict.kind === 'refused' ? verdict.reasons : [])),
  };
}

function summarise({ zone, attempts }: WallProof): ZoneProof {
  const ran = attempts.filter(({ reading }) => reading.kind !== 'not_run');
  const claimed = ran.filter(({ claim }) => claim.kind === 'claimed');
  const named = (kind: 'open' | 'cannot_tell'): string[] =>
    claimed.filter(({ reading }) => reading.kind === kind).map(({ attempt }) => attempt.id);
  return {
    zone: zone.replace(/\.proof$/, ''),
    attempts: claimed.length,
    held: claimed.filter(({ reading }) => reading.kind === 'held').length,
    seen: claimed.filter(({ twin }) => twin.kind === 'seen').length,
    open: named('open'),
    cannot_tell: named('cannot_tell'),
  };
}

/** INVARIANT: no process of the instance starts behind walls of which one did not hold what its mode claims. */
export function requireProof(proof: Proof): void {
  const [first, ...more] = proof.refusals;
  if (first === undefined) return;
  const rest = more.length === 0 ? '' : `, and ${more.length} further attempts`;
  throw new HardshellError('isolation_failed', `nothing was started: ${first}${rest}`, { fate: 'refuse' });
}

/** Kinds of processes that an instance has: a model and a way out only where there is something to reach. */
export function kindsOf(has: {
  readonly model: object | undefined;
  readonly egress: object | undefined;
}): ZoneProfile[] {
  return ZONE_PROFILES.filter((profile) => (profile !== 'model' && profile !== 'egress') || has[profile] !== undefined);
}
