import { safeText } from '../../control/index.ts';
import { tell, type Context } from '../context.ts';
import { paint } from '../output.ts';
import { checkInstance } from './doctor-instance.ts';
import { checkMachine } from './doctor-machine.ts';

/** One thing that was looked at. `note`: worth knowing, nothing to mend. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'note' | 'bad';
  readonly found: string;
  /** What to do; empty where there is nothing. */
  readonly remedy: string;
}

/** `hardshell doctor`: 0 when nothing has to be mended, else 1. Changes nothing. */
export async function doctor(context: Context): Promise<number> {
  const checks = [...(await checkMachine(context.paths())), ...(await checkInstance(context))];
  const bad = checks.filter((check) => check.state === 'bad').length;
  tell(context, { ok: bad === 0, checks }, () => [
    ...checks.flatMap((check) => describe(check, context)),
    bad === 0 ? 'nothing has to be mended' : `${bad} ${bad === 1 ? 'thing has' : 'things have'} to be mended`,
  ]);
  return bad === 0 ? 0 : 1;
}

const MARKS = { ok: ['green', 'ok  '], note: ['yellow', 'note'], bad: ['red', 'BAD '] } as const;

function describe({ name, state, found, remedy }: Check, { io }: Context): string[] {
  const [colour, mark] = MARKS[state];
  const line = `${paint(io, colour, mark)} ${name.padEnd(12)} ${safeText(found)}`;
  return remedy === '' ? [line] : [line, `     ${''.padEnd(12)} ${paint(io, 'bold', safeText(remedy))}`];
}

export function good(name: string, found: string): Check {
  return { name, state: 'ok', found, remedy: '' };
}

export function note(name: string, found: string, remedy: string): Check {
  return { name, state: 'note', found, remedy };
}

export function bad(name: string, found: string, remedy: string): Check {
  return { name, state: 'bad', found, remedy };
}
