/** Where a value came from, and who may see it (design, section 5). Labels live in Zone 1 only. */
export type Integrity = 'trusted' | 'untrusted';
export type Confidentiality = 'public' | 'private' | 'secret';

export interface Label {
  readonly integrity: Integrity;
  readonly confidentiality: Confidentiality;
  /** `ContentId`s of what flowed in, sorted, without repeats. */
  readonly sources: readonly string[];
}

const CONFIDENTIALITY_ORDER: readonly Confidentiality[] = ['public', 'private', 'secret'];

/** A label of which nothing is known: the most restricted. INVARIANT: doubt starts here. */
export const MOST_RESTRICTED: Label = { integrity: 'untrusted', confidentiality: 'secret', sources: [] };

/** The label of a session to which nothing has been delivered, and of nothing else. */
export const PRISTINE: Label = { integrity: 'trusted', confidentiality: 'public', sources: [] };

/** The more restricted of both in every part; sources are united. Commutative, associative, idempotent. */
export function join(a: Label, b: Label): Label {
  return {
    integrity: a.integrity === 'trusted' && b.integrity === 'trusted' ? 'trusted' : 'untrusted',
    confidentiality: moreConfidential(a.confidentiality, b.confidentiality),
    sources: [...new Set([...a.sources, ...b.sources])].sort(),
  };
}

export function joinAll(labels: readonly Label[]): Label {
  return labels.reduce(join, PRISTINE);
}

/** True when `a` is at least as restricted as `b` in every part. */
export function atLeastAsRestricted(a: Label, b: Label): boolean {
  const joined = join(a, b);
  return (
    joined.integrity === a.integrity &&
    joined.confidentiality === a.confidentiality &&
    b.sources.every((source) => a.sources.includes(source))
  );
}

function moreConfidential(a: Confidentiality, b: Confidentiality): Confidentiality {
  return CONFIDENTIALITY_ORDER.indexOf(a) >= CONFIDENTIALITY_ORDER.indexOf(b) ? a : b;
}
