import { cannotTell, draw, type Judgement, type Verdict } from './evidence.ts';
import type { BaselineItem } from './item.ts';
import type { Machine, Subject } from './machine.ts';

export interface BaselineEntry extends Judgement {
  readonly id: string;
  readonly title: string;
}

export interface Baseline {
  readonly subject: Subject;
  readonly system: Machine['system'];
  /** What the system calls itself, drawn. */
  readonly systemName: string;
  readonly entries: readonly BaselineEntry[];
  readonly counts: Readonly<Record<Verdict, number>>;
}

/** Looks at every item that means something on this system, one after another. Changes nothing. */
export async function takeBaseline(
  { machine, subject, items }: { machine: Machine; subject: Subject; items: readonly BaselineItem[] },
  onItem: (item: BaselineItem) => void = () => undefined,
): Promise<Baseline> {
  const entries: BaselineEntry[] = [];
  for (const item of items.filter(({ systems }) => systems.includes(machine.system))) {
    onItem(item);
    entries.push({ id: item.id, title: item.title, ...(await lookAt(item, machine, subject)) });
  }
  const count = (verdict: Verdict): number => entries.filter((entry) => entry.verdict === verdict).length;
  return {
    subject,
    system: machine.system,
    systemName: await nameSystem(machine).catch(() => 'unknown'),
    entries,
    counts: { pass: count('pass'), fail: count('fail'), cannot_tell: count('cannot_tell') },
  };
}

/** An item that breaks has told nothing: doubt is never a pass. */
async function lookAt(item: BaselineItem, machine: Machine, subject: Subject): Promise<Judgement> {
  try {
    return await item.look(machine, subject);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown';
    return cannotTell({ found: `the look itself failed: ${draw(why, 120)}`, evidence: [], remedy: 'report this' });
  }
}

async function nameSystem(machine: Machine): Promise<string> {
  if (machine.system === 'darwin') {
    const ran = await machine.run('sw_vers', ['-productVersion']);
    return ran.kind === 'ran' && ran.code === 0 ? `macOS ${draw(ran.out, 40)}` : 'macOS';
  }
  const release = await machine.readFile('/etc/os-release');
  const name = release.kind === 'text' ? /^PRETTY_NAME="?([^"\n]*)/m.exec(release.text)?.[1] : undefined;
  return draw(name ?? 'Linux', 80);
}
