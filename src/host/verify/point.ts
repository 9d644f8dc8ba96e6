import type * as z from 'zod';
import type { ControlAnswers, SUPERVISOR_ANSWERS } from '../../contracts/index.ts';
import { draw, type Evidence, type Judgement, type Machine, type Subject } from '../baseline/index.ts';
import type { ZoneProcess } from './inspect.ts';

export type SupervisorStatus = z.infer<typeof SUPERVISOR_ANSWERS.status>;
export type ControlStatus = ControlAnswers['status'];

/** `not_yet`: its feature lands with a later part. It counts as not passed. */
export type PointVerdict = 'pass' | 'fail' | 'not_yet';

/** One thing that a point tested. */
export interface PointCheck {
  readonly verdict: PointVerdict;
  readonly found: string;
  readonly evidence: readonly Evidence[];
  readonly remedy: string;
}

/** What the attacks of one zone came to, run inside a zone like the real one: those that the mode in force claims to hold. */
export interface ZoneProof {
  /** Name of the zone, such as `zone3-email-reader`. */
  readonly zone: string;
  readonly attempts: number;
  readonly held: number;
  /** Those whose twin outside the wall worked, or at least arrived: holding them says something. */
  readonly seen: number;
  /** Ids of attempts that succeeded. */
  readonly open: readonly string[];
  /** Ids of attempts that gave no answer. */
  readonly cannotTell: readonly string[];
}

export interface StopTrial {
  readonly levers: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  /** Host pids that a stop would end. */
  readonly reached: readonly number[];
}

/** What the kernel has of the rules that we would load. */
export type FirewallState =
  | { readonly kind: 'in_force' }
  | { readonly kind: 'missing' }
  /** `what`: names of rules, sets and chains that are not ours. */
  | { readonly kind: 'changed'; readonly what: readonly string[] }
  | { readonly kind: 'cannot_tell'; readonly why: string };

export interface FirewallTrial {
  readonly state: FirewallState;
  /**
   * A datagram sent with the uid of a zone, and one with a uid that stands in no rule: `refused` and `passed` prove the
   * rules. Null: not tried, since only root can take another uid.
   */
  readonly attack: { readonly zone: AttackResult; readonly twin: AttackResult } | null;
}
export type AttackResult = 'refused' | 'passed' | 'cannot_tell';

/** Everything that verify asks; handed in by whoever holds the instance. Null: nobody answers. */
export interface VerifyPorts {
  readonly machine: Machine;
  readonly subject: Subject;
  readonly auditDir: string;
  /** Whether `hardshell.json` names a local model. */
  readonly modelWanted: boolean;
  readonly askSupervisor: () => Promise<SupervisorStatus | null>;
  readonly askExecutor: () => Promise<ControlStatus | null>;
  /** The zone's name as the executor answers a ping on that socket; null when it does not. */
  readonly pingZone: (socket: string) => Promise<string | null>;
  readonly inspectZone: (pid: number) => ZoneProcess | null;
  readonly readArmed: () =>
    { readonly kind: 'armed'; readonly epoch: number } | { readonly kind: 'killed'; readonly reason: string };
  /** The highest epoch that a log has seen killed; 0: none. */
  readonly killedEpoch: () => number;
  /** The same code as `kill --simulate`. Changes nothing. */
  readonly tryStop: () => Promise<StopTrial>;
  /** How many entries the database says that the log has. */
  readonly recordedEntries: () => { readonly least: number; readonly most: number } | null;
  /** `absent`: the attack list does not come with this build. `left_out`: whoever asked wants no attacks run. */
  readonly proveZones: () => Promise<readonly ZoneProof[] | 'absent' | 'left_out'>;
  /** Null: the firewall of our users does not come with this build. */
  readonly tryFirewall: (() => Promise<FirewallTrial>) | null;
  readonly pause: (ms: number) => Promise<void>;
}

/** What the points share within one run: each is asked once. */
export interface Bench extends VerifyPorts {
  /** After zones that are just being replaced had time to come. */
  readonly supervisor: () => Promise<SupervisorStatus | null>;
  readonly proofs: () => Promise<readonly ZoneProof[] | 'absent' | 'left_out'>;
}

/** One of the points. A further one is one line in `points.ts`. */
export interface VerifyPoint {
  readonly id: string;
  readonly title: string;
  readonly test: (bench: Bench) => Promise<readonly PointCheck[]>;
}

export function passed(found: string, evidence: readonly Evidence[]): PointCheck {
  return { verdict: 'pass', found, evidence, remedy: '' };
}

export function failed(check: Omit<PointCheck, 'verdict'>): PointCheck {
  return { verdict: 'fail', ...check };
}

/** What a later part brings. */
export function notYet(found: string): PointCheck {
  return { verdict: 'not_yet', found, evidence: [], remedy: '' };
}

/** A judgement of the baseline as a check: what cannot be told has not passed. */
export function fromJudgement({ verdict, found, ...rest }: Judgement): PointCheck {
  if (verdict === 'cannot_tell') return { verdict: 'fail', found: `cannot tell: ${found}`, ...rest };
  return { verdict, found, ...rest };
}

export const NOT_RUNNING = {
  found: 'nothing is running',
  evidence: [],
  remedy: 'start it with `hardshell up`',
} as const;

/** Ids that came from elsewhere, as a list of bounded length. */
export function listIds(ids: readonly string[]): string {
  const shown = ids.slice(0, 8).map((id) => draw(id, 40));
  return shown.join(', ') + (ids.length > shown.length ? ` and ${ids.length - shown.length} more` : '');
}
