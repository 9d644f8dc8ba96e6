import { parseMailAddress, type DecisionRequest, type RedMark } from '../contracts/index.ts';

/**
 * Why an outbound act wants an act of attention. Only outbound acts are marked: reads and drafts reach nobody.
 * Never a verdict: marks raise an approval and are shown; what is forbidden stands in the floor and in the policy.
 */
export function redMarks(request: DecisionRequest): readonly RedMark[] {
  if (request.effect !== 'outbound') return [];
  return [...flowMarks(request), ...destinationMarks(request), ...warningMarks(request)];
}

/** One destination in the form that is compared: mail addresses without case, everything else as it is. */
export function comparable(value: string): string {
  return parseMailAddress(value)?.key ?? value;
}

/** Something private goes to somebody who has not seen it. */
function flowMarks({ values, sources, payload }: DecisionRequest): readonly RedMark[] {
  const outside = new Set<string>();
  const strangers = values.filter(({ audience }) => audience !== 'self').map(({ value }) => comparable(value));
  let leaking = 0;
  for (const source of sources) {
    if (source.confidentiality === 'public') continue;
    const readers = new Set(source.readers.map(comparable));
    const unread = strangers.filter((stranger) => !readers.has(stranger));
    if (unread.length === 0) continue;
    leaking += 1;
    for (const stranger of unread) outside.add(stranger);
  }
  // A label may name a source of which nothing else is known: nobody is known to have seen it.
  const known = new Set(sources.map(({ id }) => id));
  const unknown = payload.sources.filter((id) => !known.has(id)).length;
  if (unknown > 0 && payload.confidentiality !== 'public' && strangers.length > 0) {
    leaking += unknown;
    for (const stranger of strangers) outside.add(stranger);
  }
  return leaking === 0 ? [] : [{ kind: 'flow', sources: leaking, recipients: [...outside].sort() }];
}

/** Something from outside chose a destination that is neither yours nor the claimed sender of anything taken in. */
function destinationMarks({ values, sources }: DecisionRequest): readonly RedMark[] {
  const readers = new Set(sources.flatMap((source) => source.readers.map(comparable)));
  const marks = new Map<string, RedMark>();
  for (const { role, value, label, audience } of values) {
    const known = audience === 'self' || audience === 'contact' || readers.has(comparable(value));
    if (label.integrity === 'untrusted' && !known) {
      marks.set(JSON.stringify([role, comparable(value)]), { kind: 'untrusted_destination', role, value });
    }
  }
  return [...marks].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, mark]) => mark);
}

function warningMarks({ warnedSources }: DecisionRequest): readonly RedMark[] {
  return warnedSources === 0 ? [] : [{ kind: 'injection_warning', sources: warnedSources }];
}
