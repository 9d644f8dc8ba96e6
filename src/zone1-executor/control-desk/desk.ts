import type { Channel, ControlRequest, Outcome, PresenceProof, Refusal } from '../../contracts/index.ts';
import type { PresenceNonce } from '../../control/index.ts';
import type { Agents } from '../agents.ts';
import type { Confirmed } from '../confirmed.ts';
import type { Planners } from '../planners.ts';
import type { Outbox } from '../outbox.ts';
import type { ZoneDesk } from '../zone-desk.ts';

export type ProvenMethod = 'terminal' | 'passphrase' | 'passkey';

/** Checks that a person is there. A proof is bound to the whole request that carries it; nonces are single use. */
export interface PresencePort {
  readonly check: (request: ControlRequest & { readonly presence: PresenceProof }) => Outcome<ProvenMethod>;
  readonly challenge: () => PresenceNonce;
  readonly required: () => 'terminal' | 'passphrase';
  /** Puts a public key in force; from then on `terminal` is no proof. */
  readonly enrol: (publicKey: string, method: ProvenMethod) => Promise<Outcome<null>>;
}

/** What the instance knows about itself and the owner's tools want to see. */
export interface InstanceFacts {
  readonly version: string;
  readonly deployment: 'checkout' | 'installed';
  readonly mode: 'F' | 'R' | 'U' | 'L' | 'none';
  readonly minimumMode: 'F' | 'R' | 'U' | 'L';
  readonly epoch: number;
  readonly startedMs: number;
  readonly mail: {
    readonly provider: string;
    readonly address: string;
    readonly inbox: string;
    readonly outbox: string;
  };
  readonly planner: 'rules' | 'model';
  readonly questionsPerDay: number;
  readonly unproven: readonly string[];
}

export interface ZoneListing {
  readonly name: string;
  readonly session: string | null;
  readonly socket: string | null;
  readonly mode: 'F' | 'R' | 'U' | 'L' | 'none';
  readonly running: boolean;
}

/** What the supervisor said of its zones; `proof`: the attempts to get out of them at this start. */
export interface ZonesFound {
  readonly zones: readonly ZoneListing[];
  readonly warnings: readonly string[];
  readonly proof: { readonly attempts: number; readonly held: number; readonly zones: number } | null;
}

/** The log as the owner's tools see it. */
export interface LogDesk {
  readonly entries: () => number;
  /** Size and root of the tree now. */
  readonly head: () => { readonly size: number; readonly root: string };
  /** A signed checkpoint of everything that is durable. */
  readonly checkpoint: () => Promise<{ readonly size: number; readonly root: string; readonly note: string }>;
}

/** All that answering the owner's tools needs. */
export interface ControlDesk extends ZoneDesk {
  readonly confirmed: Confirmed;
  readonly planners: Planners;
  readonly agents: Agents;
  readonly outbox: Outbox;
  readonly presence: PresencePort;
  readonly log: LogDesk;
  readonly facts: InstanceFacts;
  /** Channels of which nothing is read any more, since their readers tripped a wire. */
  readonly haltedChannels: () => readonly Channel[];
  readonly zones: () => Promise<ZonesFound>;
  /** Writes `contacts.json` durably. */
  readonly writeContacts: (text: string) => void;
}

/** Thrown inside a durable step to take it back and answer with a refusal. */
export class StepRefused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** The value, or the refusal thrown so that the step it happens in is taken back. */
export function orTakeBack<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new StepRefused(outcome.refusal);
}
