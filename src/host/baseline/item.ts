import { saw, type Evidence, type Judgement } from './evidence.ts';
import type { Machine, Ran, Reading, Subject } from './machine.ts';

/** One thing that the baseline looks at. A new one is one line in `items.ts`. */
export interface BaselineItem {
  /** Stable word for programs and tests. */
  readonly id: string;
  readonly title: string;
  /** Where it means something. */
  readonly systems: readonly Machine['system'][];
  readonly look: (machine: Machine, subject: Subject) => Promise<Judgement>;
}

export function commandLine(command: string, args: readonly string[]): string {
  return [command, ...args].join(' ');
}

/** What a file said, or that it was not there or not to be read. */
export function sawFile(path: string, reading: Reading): Evidence {
  return saw(path, reading.kind === 'text' ? reading.text : notRead(reading));
}

/** What a command said, on whichever stream, or that it could not be asked. */
export function sawRun(command: string, args: readonly string[], ran: Ran): Evidence {
  const source = commandLine(command, args);
  if (ran.kind !== 'ran') return saw(source, ran.kind === 'absent' ? 'no such command here' : notRead(ran));
  const said = `${ran.out} ${ran.err}`.trim();
  return saw(source, said === '' ? `exit code ${ran.code}` : said);
}

function notRead(reading: { readonly kind: 'absent' } | { readonly kind: 'unreadable'; readonly why: string }): string {
  return reading.kind === 'absent' ? 'not there' : `cannot be read (${reading.why})`;
}
