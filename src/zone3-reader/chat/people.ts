import { EXTRACT_LIMITS } from '../../contracts/index.ts';
import type { Findings } from '../findings.ts';
import { excerpt } from '../findings.ts';
import type { HiddenRuns } from '../hidden-runs.ts';
import { noteInvisible } from '../invisible-report.ts';
import { cleanLine } from '../text/clean.ts';
import { isMixedScript } from '../text/confusables.ts';

/** Who is said to have written: both members are claims of the message. */
export interface Person {
  /** `telegram:user:12`, `slack:bot:B1`, …; `telegram:unknown` where there is no id in the service's own form. */
  readonly id: string;
  /** As written; may be empty. */
  readonly name: string;
}

/**
 * The `from` of a chat message: the id, one blank, the cleaned name. An id never holds a blank and always comes first,
 * so that no name can pass for one.
 */
export function describeSender(
  person: Person,
  hidden: HiddenRuns,
  findings: Findings,
): { readonly from: string; readonly name: string } {
  const span = { part: 'from', start: 0, end: 0 } as const;
  noteInvisible(person.name.slice(0, 4_000), 'from', hidden, findings);
  const name = cleanLine(person.name, EXTRACT_LIMITS.nameCharsMax);
  if (person.id.endsWith(':unknown')) findings.add('from_missing', 'low', 'the message names no sender by an id', span);
  if (name.split(/\s+/).some(isMixedScript))
    findings.add('from_name_mixed_script', 'medium', `the sender's name ${excerpt(name, 60)} mixes scripts`, span);
  return { from: cleanLine(`${person.id} ${name}`.trim(), EXTRACT_LIMITS.nameCharsMax), name };
}
