import type { Concept } from './concepts.ts';
import { BIT } from './concepts.ts';
import type { Hit } from './hits.ts';

/** A way to give an order, as concepts in order within one sentence. */
export interface Sequence {
  readonly rule: string;
  readonly weight: number;
  readonly steps: readonly Step[];
  /** Only where its first word leads the sentence: an imperative. */
  readonly leading: boolean;
  readonly why: string;
}

interface Step {
  readonly mask: number;
  /** Characters that may lie between this and the step before. */
  readonly gap: number;
}

export interface Match {
  readonly sequence: Sequence;
  readonly start: number;
  readonly end: number;
  readonly sentence: number;
}

const GAP = 24;

/** `drop 40 prior|your rules`: concepts, alternatives by `|`, a number widens the gap before the next; `^` leads. */
function sequence(rule: string, weight: number, steps: string, why: string): Sequence {
  const out: Step[] = [];
  let gap = GAP;
  const leading = steps.startsWith('^');
  for (const word of steps.replace('^', '').split(' ')) {
    if (/^\d+$/.test(word)) gap = Number(word);
    else {
      out.push({ mask: word.split('|').reduce((mask, name) => mask | bit(name), 0), gap });
      gap = GAP;
    }
  }
  return { rule, weight, steps: out, leading, why };
}

function bit(name: string): number {
  if (!Object.hasOwn(BIT, name)) throw new Error(`no concept is called \`${name}\``);
  return BIT[name as Concept];
}

const OVERRIDE = 'tells the reader to drop its instructions';
const TASK = 'sets a new task';
const ADDRESS = 'speaks to an assistant, not to a person';
const TOOL = 'orders the use of a tool';
const SECRECY = 'asks to keep something from the user';
const EXFIL = 'asks to send private things somewhere';
const PROMPT = 'asks for the hidden instructions';
const SHAPE = 'tells how to shape the answer';
const PERSONA = 'asks to play another part';
const DECODE = 'asks to decode something and do what it says';

export const SEQUENCES: readonly Sequence[] = [
  sequence('injection_override', 0.92, 'drop 30 prior|your|system|model 24 rules', OVERRIDE),
  sequence('injection_override', 0.9, 'no 20 obey 20 prior|your|system 24 rules', OVERRIDE),
  sequence('injection_override', 0.45, 'drop 30 rules', OVERRIDE),
  sequence('injection_override', 0.85, 'prior 16 rules 30 drop', OVERRIDE),
  sequence('injection_override', 0.85, 'prior 16 rules 24 no 16 obey', OVERRIDE),
  sequence('injection_override', 0.42, '^drop 14 prior', OVERRIDE),
  sequence('injection_override', 0.5, 'drop 14 prior 20 prior', OVERRIDE),
  sequence('injection_override', 0.45, '^drop 20 task', OVERRIDE),
  sequence('injection_override', 0.6, 'drop 24 prior|your 16 task|reply', OVERRIDE),
  sequence('injection_override', 0.55, '^drop 60 reveal|make|change|send', OVERRIDE),
  sequence('injection_override', 0.35, 'drop 40 reveal|send', OVERRIDE),
  sequence('injection_task', 0.85, 'you 12 must 20 obey 24 fresh 24 rules|task', TASK),
  sequence('injection_task', 0.4, 'obey 20 fresh 16 rules|task', TASK),
  sequence('injection_task', 0.65, 'your 12 fresh 20 task|rules', TASK),
  sequence('injection_task', 0.6, 'your 20 prior 16 task|rules', TASK),
  sequence('injection_task', 0.5, 'first 24 you 30 task 40 obey', TASK),
  sequence('injection_task', 0.35, 'first 24 obey 24 task', TASK),
  sequence('injection_task', 0.35, '^fresh 16 rules|task', TASK),
  sequence('injection_addressed', 0.5, 'you 6 model', ADDRESS),
  sequence('injection_addressed', 0.55, '^urgent 16 model', ADDRESS),
  sequence('injection_addressed', 0.4, 'rules|mailbox|urgent 10 model', ADDRESS),
  sequence('injection_addressed', 0.45, 'model 16 must 30 obey|send|reveal|change|make|tell|use|drop', ADDRESS),
  sequence('injection_addressed', 0.3, 'user 24 you 20 obey|send|change', ADDRESS),
  sequence('injection_tool', 0.45, 'use 60 tool 40 no 12 use 20 tool', TOOL),
  sequence('injection_tool', 0.3, 'use 40 tool', TOOL),
  sequence('injection_tool', 0.3, 'use 60 tool 40 send|reveal', TOOL),
  sequence('injection_secrecy', 0.6, 'no 12 tell 24 user', SECRECY),
  sequence('injection_secrecy', 0.5, 'no 12 tell|reveal 24 rules|system', SECRECY),
  sequence('injection_secrecy', 0.4, 'quiet 24 send|change|reveal|use|obey', SECRECY),
  sequence('injection_secrecy', 0.4, 'send|change 40 quiet', SECRECY),
  sequence('injection_exfiltration', 0.45, 'send 40 secret|mailbox 50 target', EXFIL),
  sequence('injection_exfiltration', 0.35, 'send 40 papers 50 target', EXFIL),
  sequence('injection_exfiltration', 0.55, '^send 30 prior|your|user 24 secret|mailbox 50 target', EXFIL),
  sequence('injection_exfiltration', 0.45, 'secret|mailbox 20 send 24 target', EXFIL),
  sequence('injection_exfiltration', 0.45, 'secret|mailbox 16 target 20 send', EXFIL),
  sequence('injection_exfiltration', 0.35, 'send 24 user 24 secret|mailbox|papers', EXFIL),
  sequence('injection_exfiltration', 0.4, '^reveal 30 secret 40 user|your|system', EXFIL),
  sequence('injection_prompt_theft', 0.7, 'reveal 30 your|system 20 rules', PROMPT),
  sequence('injection_prompt_theft', 0.7, 'reveal 30 prior 20 rules', PROMPT),
  sequence('injection_prompt_theft', 0.55, 'your|system 16 rules 30 reveal', PROMPT),
  sequence('injection_answer_shape', 0.55, '^change|make|reveal|act|obey 40 your 10 reply', SHAPE),
  sequence('injection_answer_shape', 0.35, 'change 30 your 10 reply', SHAPE),
  sequence('injection_answer_shape', 0.45, 'your 10 reply 16 must', SHAPE),
  sequence('injection_persona', 0.5, 'act 20 model|limits', PERSONA),
  sequence('injection_persona', 0.3, 'you 24 act', PERSONA),
  sequence('injection_persona', 0.45, 'you 8 fresh 12 act|model', PERSONA),
  sequence('injection_persona', 0.4, 'no 24 limits', PERSONA),
  sequence('injection_persona', 0.5, 'you 8 fresh 16 limits', PERSONA),
  sequence('injection_persona', 0.45, 'drop 24 limits', PERSONA),
  sequence('injection_decode', 0.6, 'decode 60 obey', DECODE),
];

const MATCHES_MAX = 400;

/** Every place where a sequence stands. Each start looks at a bounded stretch of hits, so the cost is linear. */
export function matchSequences(hits: readonly Hit[]): Match[] {
  const matches: Match[] = [];
  const byMask = new Map<number, readonly Sequence[]>();
  for (let i = 0; i < hits.length && matches.length < MATCHES_MAX; i++) {
    const first = hits[i];
    if (first === undefined) continue;
    let begun = byMask.get(first.mask);
    if (begun === undefined) byMask.set(first.mask, (begun = begunBy(first.mask)));
    for (const candidate of begun) {
      if (candidate.leading && !first.leads) continue;
      if (candidate.steps[0]?.mask === BIT.drop && isNegated(hits, i)) continue;
      const last = follow(hits, i, candidate.steps);
      if (last !== null)
        matches.push({ sequence: candidate, start: first.start, end: last.end, sentence: first.sentence });
    }
  }
  return matches;
}

function begunBy(mask: number): Sequence[] {
  return SEQUENCES.filter((candidate) => ((candidate.steps[0]?.mask ?? 0) & mask) !== 0);
}

/** `Do not forget`, `vergessen Sie nicht`: the opposite of an order to drop something. */
function isNegated(hits: readonly Hit[], at: number): boolean {
  const own = hits[at];
  if (own === undefined) return false;
  const near = (other: Hit | undefined, gap: number): boolean =>
    other !== undefined && (other.mask & BIT.no) !== 0 && other.sentence === own.sentence && gap <= 12;
  const before = hits[at - 1];
  const next = hits[at + 1];
  const afterNext = hits[at + 2];
  return (
    near(before, own.start - (before?.end ?? 0)) ||
    near(next, (next?.start ?? 0) - own.end) ||
    near(afterNext, (afterNext?.start ?? 0) - own.end)
  );
}

/** The hit that ends the sequence begun at `from`, or null. Greedy: the nearest hit that fits is taken. */
function follow(hits: readonly Hit[], from: number, steps: readonly Step[]): Hit | null {
  let at = from;
  for (let i = 1; i < steps.length; i++) {
    const step = steps[i];
    at = step === undefined ? -1 : nextHit(hits, at, step);
    if (at < 0) return null;
  }
  return hits[at] ?? null;
}

/** Index of the nearest hit of the same sentence that `step` takes, or -1. */
function nextHit(hits: readonly Hit[], from: number, step: Step): number {
  const current = hits[from];
  if (current === undefined) return -1;
  for (let i = from + 1; i < hits.length; i++) {
    const hit = hits[i];
    if (hit === undefined || hit.sentence !== current.sentence || hit.start - current.end > step.gap) return -1;
    if ((hit.mask & step.mask) !== 0) return i;
  }
  return -1;
}
