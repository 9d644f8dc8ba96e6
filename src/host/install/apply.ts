import { HardshellError } from '../../contracts/index.ts';
import { createJournal, openJournal, type Before, type Choices, type Entry, type Journal } from './journal.ts';
import { placeOf, type Target } from './paths.ts';
import { describeStep, type Plan, type Step } from './plan.ts';
import { makeSite, type SitePorts } from './site.ts';
import { groupHandler, userHandler } from './steps/account.ts';
import { directoryHandler } from './steps/directory.ts';
import { fileHandler, keepAside, linkHandler } from './steps/file.ts';
import type { Handler, Observed, Site } from './steps/observed.ts';
import { commandHandler, unitHandler } from './steps/running.ts';
import { undoEntry } from './undo.ts';

/** One line of progress. */
export interface StepEvent {
  readonly event: 'step';
  readonly n: number;
  readonly of: number;
  readonly id: string;
  readonly outcome: 'made' | 'unchanged' | 'left' | 'removed' | 'restored' | 'stays' | 'kept';
  readonly text: string;
}
export type InstallEvent = StepEvent | { readonly event: 'told'; readonly text: string };

export interface ApplyOptions {
  readonly plan: Plan;
  readonly choices: Choices;
  readonly target: Target;
  readonly ports: SitePorts;
  readonly tell: (event: InstallEvent) => void;
}

export interface Applied {
  readonly made: number;
  readonly unchanged: number;
  /** What was left to do by hand, each a sentence or a command. */
  readonly left: readonly string[];
}

/**
 * Carries the plan out. Everything is looked at before anything is changed; each step is in the journal before it is
 * made; a second run, or one after a crash, makes what is missing. Throws `HardshellError` with what to do next.
 */
export function apply({ plan, choices, target, ports, tell }: ApplyOptions): Applied {
  const earlier = openJournal(target);
  const looking = makeSite(target, ports, earlier, tell);
  for (const step of plan.steps) observe(step, looking, earlier?.find(step.id));
  const journal = earlier ?? createJournal(target, plan.version, choices);
  journal.setPlan(plan.version, choices);
  const site = makeSite(target, ports, journal, tell);
  const stale = journal.entries.filter(({ id }) => plan.steps.every((step) => step.id !== id));
  const of = plan.steps.length + stale.length;
  const left: string[] = [];
  let made = 0;
  for (const [at, step] of plan.steps.entries()) {
    const outcome = applyStep(step, site, journal);
    if (outcome.kind === 'left') left.push(outcome.hint);
    if (outcome.kind === 'made') made += 1;
    tell({ event: 'step', n: at + 1, of, id: step.id, outcome: outcome.kind, text: describeStep(step) });
  }
  // What an earlier version or choice had made and this plan has not.
  for (const [at, entry] of stale.toReversed().entries()) {
    const outcome = undoEntry(entry, site, { keepData: true });
    journal.remove(entry.id);
    made += 1;
    const n = plan.steps.length + at + 1;
    tell({ event: 'step', n, of, id: entry.id, outcome, text: `${entry.kind} ${entry.subject} is no longer needed` });
  }
  return { made, unchanged: of - made - left.length, left };
}

type Outcome = { kind: 'made' | 'unchanged' } | { kind: 'left'; hint: string };

function applyStep(step: Step, site: Site, journal: Journal): Outcome {
  const known = journal.find(step.id);
  const found = observe(step, site, known);
  if (found.kind === 'left') return found;
  const handler = handlerOf(step);
  const made = handler.identity();
  const entry = (state: Entry['state'], before: Before): Entry => ({
    ...{ id: step.id, kind: step.kind, subject: handler.subject(), state, before, made },
    was: known === undefined || known.made === made ? (known?.was ?? null) : known.made,
    holds: step.kind === 'directory' ? step.holds : null,
    undo: step.kind === 'command' && step.undo !== null ? [...step.undo] : null,
  });
  if (found.kind === 'match') {
    if (known?.state !== 'done' || known.made !== made) journal.put(entry('done', known?.before ?? { kind: 'same' }));
    return { kind: 'unchanged' };
  }
  const before = beforeOf(known, found, () => handler.before(site));
  if (known !== undefined && found.kind === 'other') keepOwners({ step, known, found: found.identity, site });
  journal.put(entry('begun', before));
  handler.make(site);
  journal.put(entry('done', before));
  return { kind: 'made' };
}

/** What an uninstall brings back. Kept from the first time on; what was the owner's until now is looked at now. */
function beforeOf(known: Entry | undefined, found: Observed, look: () => Before): Before {
  if (known !== undefined && known.before.kind !== 'same') return known.before;
  return found.kind === 'absent' ? { kind: 'absent' } : look();
}

/** A file that is neither what we made nor what was there before us is a change of the owner's. */
function keepOwners(at: { step: Step; known: Entry; found: string; site: Site }): void {
  const { step, known, found, site } = at;
  if (step.kind !== 'file' && step.kind !== 'link' && step.kind !== 'unit') return;
  const { before } = known;
  const expected = [known.made, known.was, before.kind === 'file' ? before.sha256 : null];
  if (before.kind === 'link') expected.push(before.to);
  if (before.kind !== 'same' && !expected.includes(found)) keepAside(placeOf(site.target, step.path), site);
}

function observe(step: Step, site: Site, entry: Entry | undefined): Observed {
  if (entry !== undefined && entry.kind !== step.kind)
    throw new HardshellError('state_corrupt', `the journal knows \`${step.id}\` as another kind of step`, {
      fate: 'stop',
    });
  return handlerOf(step).observe(site, entry);
}

interface Bound {
  readonly identity: () => string;
  readonly subject: () => string;
  readonly observe: (site: Site, entry: Entry | undefined) => Observed;
  readonly before: (site: Site) => Before;
  readonly make: (site: Site) => void;
}

function bind<S>(handler: Handler<S>, step: S): Bound {
  return {
    identity: () => handler.identity(step),
    subject: () => handler.subject(step),
    observe: (site, entry) => handler.observe(step, site, entry),
    before: (site) => handler.before(step, site),
    make: (site) => handler.make(step, site),
  };
}

function handlerOf(step: Step): Bound {
  switch (step.kind) {
    case 'group':
      return bind(groupHandler, step);
    case 'user':
      return bind(userHandler, step);
    case 'directory':
      return bind(directoryHandler, step);
    case 'file':
      return bind(fileHandler, step);
    case 'link':
      return bind(linkHandler, step);
    case 'unit':
      return bind(unitHandler, step);
    case 'command':
      return bind(commandHandler, step);
    default:
      return step satisfies never;
  }
}
