/** What came of one act: whether it ended as it had to, and what was seen, in words of ours (never hostile text). */
export interface Trial {
  readonly ok: boolean;
  readonly saw: string;
}

/** Who the attacker is, by the letters of the brief. */
export type Attacker =
  'planner' | 'zone' | 'reader' | 'mail' | 'crash' | 'disk' | 'owner’s files' | 'neighbour' | 'connector';

/** One attack and the same act done rightly. `L` is the running instance that both are tried on. */
export interface Attack<L> {
  readonly id: string;
  readonly attacker: Attacker;
  readonly title: string;
  /** What must happen. */
  readonly expect: string;
  /** `ok`: the attack was held. */
  readonly attack: (lab: L) => Promise<Trial>;
  /** The allowed twin: without it "held" might only mean "nothing works". `ok`: it worked. */
  readonly twin: string;
  readonly allowed: (lab: L) => Promise<Trial>;
  /** Milliseconds within which the attack has to end, and its twin; absent: `TRIAL_MS_MAX`. */
  readonly msMax?: number;
}

export interface Outcome {
  readonly suite: string;
  readonly id: string;
  readonly attacker: Attacker;
  readonly title: string;
  readonly expect: string;
  readonly twin: string;
  readonly held: Trial;
  readonly worked: Trial;
  readonly elapsedMs: number;
}

/** Attacks that share one instance. */
export interface Suite {
  readonly name: string;
  readonly title: string;
  readonly attacks: readonly Pick<Attack<never>, 'id' | 'attacker' | 'title' | 'expect' | 'twin'>[];
  /** Why it cannot run on this machine, or null. */
  readonly unavailable: () => string | null;
  /** Opens the instance, tries every attack that `wanted` names, and ends whatever was started. */
  readonly run: (wanted: (id: string) => boolean, tell: (outcome: Outcome) => void) => Promise<void>;
}

interface Definition<L> {
  readonly name: string;
  readonly title: string;
  readonly unavailable?: () => string | null;
  readonly open: () => Promise<L>;
  /** Before each attack and its twin. */
  readonly before?: (lab: L) => Promise<void>;
  readonly close: (lab: L) => Promise<void>;
  readonly attacks: readonly Attack<L>[];
}

const TRIAL_MS_MAX = 90_000;

/** A suite over one lab. INVARIANT: an act that throws or does not end counts as failed, for attack and twin alike. */
export function defineSuite<L>(definition: Definition<L>): Suite {
  const { name, title, open, close, attacks } = definition;
  return {
    name,
    title,
    attacks,
    unavailable: definition.unavailable ?? (() => null),
    run: async (wanted, tell) => {
      const chosen = attacks.filter(({ id }) => wanted(id));
      if (chosen.length === 0) return;
      const lab = await open();
      try {
        for (const attack of chosen) {
          const { id, attacker, title: what, expect, twin, msMax } = attack;
          await definition.before?.(lab);
          const startedAt = performance.now();
          const held = await attempt(() => attack.attack(lab), msMax);
          const worked = await attempt(() => attack.allowed(lab), msMax);
          const elapsedMs = Math.round(performance.now() - startedAt);
          tell({ suite: name, id, attacker, title: what, expect, twin, held, worked, elapsedMs });
        }
      } finally {
        await close(lab);
      }
    },
  };
}

async function attempt(act: () => Promise<Trial>, msMax = TRIAL_MS_MAX): Promise<Trial> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Trial>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, saw: `did not end in ${msMax / 1_000} s` }), msMax);
  });
  try {
    return await Promise.race([act(), late]);
  } catch (error) {
    return { ok: false, saw: `failed: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    clearTimeout(timer);
  }
}

/** A trial from a condition. */
export function trial(ok: boolean, saw: string): Trial {
  return { ok, saw };
}
