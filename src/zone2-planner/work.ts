import type {
  Answered,
  ExecuteValue,
  InstructionDelivery,
  ItemDelivery,
  NewTask,
  Params,
  StoredTask,
} from '../bridge/index.ts';
import type { TaskId } from '../contracts/index.ts';

/** One thing to think about. Everything in an item is hostile text; an instruction is the owner's own. */
export type Work =
  | { readonly kind: 'item'; readonly item: ItemDelivery }
  | {
      readonly kind: 'instruction';
      readonly instruction: InstructionDelivery;
      /** Messages that the owner joined to this instruction. */
      readonly items: readonly ItemDelivery[];
    };

/** An act that the plan asks for. It happens only if Zone 1 allows it. */
export interface Proposal {
  readonly action: string;
  readonly params: Params;
  /** At most 200 characters, shown to the owner as unverified words. */
  readonly rationale: string;
}

/** What a message is, as far as its structure shows. */
export const CATEGORIES = [
  'suspicious',
  'bounce',
  'bulk',
  'automatic',
  'security',
  'invoice',
  'meeting',
  'question',
  'personal',
] as const;
export type Category = (typeof CATEGORIES)[number];

export type Engine = 'rules' | 'model';

export interface Plan {
  readonly engine: Engine;
  /** For the owner, kept as task data. May quote hostile text: whoever shows it escapes it. */
  readonly text: string;
  readonly category: Category | null;
  /** At most `PROPOSALS_MAX`; empty is the common case. */
  readonly proposals: readonly Proposal[];
}

/** Questions of one session that may stand before a person; one plan never asks more. */
export const PROPOSALS_MAX = 5;

/** The hands of a planner while it thinks: reads, drafts and its own notes. Nothing here reaches anybody outside. */
export interface Tools {
  /** Asks for and executes one read or draft. An outbound action is refused here: those are proposed. */
  readonly call: (action: string, params: Params) => Promise<Answered<ExecuteValue>>;
  readonly tasks: () => Promise<Answered<readonly StoredTask[]>>;
  readonly putTask: (task: NewTask) => Promise<Answered<TaskId>>;
  readonly deleteTask: (task: TaskId) => Promise<Answered<null>>;
  readonly nowMs: () => number;
}

/** Thinks about one piece of work. It never acts: it returns what should be asked for. */
export interface Planner {
  readonly plan: (work: Work, tools: Tools) => Promise<Plan>;
}
