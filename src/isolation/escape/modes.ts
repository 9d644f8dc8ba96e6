import { ISOLATION_MODES, type IsolationMode } from '../../contracts/index.ts';
import { expectedIn, type Attempt, type Defence, type WallFacts } from './attempt.ts';
import { ESCAPE_LIST } from './list.ts';

/** Whether a wall has to hold an attempt. */
export type Claim =
  | { readonly kind: 'claimed' }
  /** The zone is meant to be able to. */
  | { readonly kind: 'on_purpose'; readonly reason: string }
  /** The wall in force cannot hold it: degraded, and said. */
  | { readonly kind: 'lost'; readonly reason: string };

/** What a mode lacks, in the words that `status` and `doctor` show. What is not named it has. */
export const DEFENCES_LOST: Readonly<Record<IsolationMode, Readonly<Partial<Record<Defence, string>>>>> = {
  F: {},
  R: {},
  U: {},
  L: {
    'network namespace': 'without namespaces only the filter keeps a zone from the network',
    'process namespace': 'without namespaces the numbers of the host’s processes are in sight',
    'ipc namespace': 'without namespaces only the filter keeps a zone from shared memory',
    'host name': 'without namespaces the host’s name is known',
    'tmp bound': 'without namespaces there is no `/tmp` of a zone’s own, and no bound on it',
  },
};

/** Whether this wall claims to hold an attempt. */
export function claimOf(attempt: Attempt, wall: WallFacts): Claim {
  const allowed = wall.profile === 'agent' && typeof attempt.agent === 'object' ? attempt.agent.allowed : undefined;
  const purpose = allowed ?? attempt.onPurpose?.(wall);
  if (purpose !== undefined) return { kind: 'on_purpose', reason: purpose };
  const reason = attempt.lost?.(wall);
  if (reason !== undefined) return { kind: 'lost', reason };
  const lost = attempt.heldBy.map((defence) => defenceLost(defence, wall));
  const reasons = lost.filter((one) => one !== undefined);
  // One defence that stands is enough.
  if (reasons.length < lost.length) return { kind: 'claimed' };
  return { kind: 'lost', reason: [...new Set(reasons)].join('; ') };
}

function defenceLost(defence: Defence, wall: WallFacts): string | undefined {
  if (defence === 'scopes') return wall.scopes === true ? undefined : 'Landlock holds it from Linux 6.12 on';
  const limit = LIMITED_BY[defence];
  if (limit !== undefined && !wall.limitsHeld.includes(limit)) return `no cgroup holds the ${limit} limit of a zone`;
  return DEFENCES_LOST[wall.mode][defence];
}

const LIMITED_BY: Readonly<Partial<Record<Defence, 'memory' | 'pids' | 'cpu'>>> = {
  'memory limit': 'memory',
  'task limit': 'pids',
  'cpu limit': 'cpu',
};

export interface ClaimRow {
  readonly attempt: Attempt;
  /** By mode, for a zone of that profile without a network whose limits are held. */
  readonly builtin: Readonly<Record<IsolationMode, Claim>>;
  readonly agent: Readonly<Record<IsolationMode, Claim>>;
}

/** The table of attempts and modes: what each claims to hold, and why not. */
export function claimTable(): readonly ClaimRow[] {
  return ESCAPE_LIST.map((attempt) => ({
    attempt,
    builtin: claimsOf(attempt, 'builtin'),
    agent: claimsOf(attempt, 'agent'),
  }));
}

function claimsOf(attempt: Attempt, profile: WallFacts['profile']): Record<IsolationMode, Claim> {
  const [f, r, u, l] = ISOLATION_MODES.map((mode) => claimOf(attempt, typicalWall(mode, profile)));
  const none: Claim = { kind: 'lost', reason: 'no such mode' };
  return { F: f ?? none, R: r ?? none, U: u ?? none, L: l ?? none };
}

function typicalWall(mode: IsolationMode, profile: WallFacts['profile']): WallFacts {
  return {
    driver: mode === 'L' ? 'landlock' : 'bubblewrap',
    scopes: mode === 'L',
    mode,
    profile,
    network: 'none',
    sockets: mode === 'L' ? 'none' : 'connect',
    watch: false,
    limitsHeld: ['memory', 'pids', 'cpu'],
  };
}

/** True where a wall that stands ends the zone for the attempt. */
export function endsZone(attempt: Attempt, profile: WallFacts['profile']): boolean {
  return expectedIn(attempt, profile) === 'killed';
}
