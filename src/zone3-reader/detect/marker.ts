/** A pattern that has a meaning for a model or its machinery and hardly any for a person. */
export interface Marker {
  readonly rule: string;
  readonly weight: number;
  /** One of these stands in the lower-case text wherever the pattern can match: looked for first, since that is cheap. */
  readonly gate: readonly string[];
  readonly pattern: RegExp;
  readonly why: string;
}

/** `gate` holds alternatives parted by `|`. */
export function marker(rule: string, weight: number, gate: string, pattern: RegExp, why: string): Marker {
  const alternatives = gate === '<|' ? [gate] : gate.split('|');
  return { rule, weight, gate: alternatives, pattern, why };
}

export function mayMatch({ gate }: Marker, lower: string): boolean {
  return gate.some((literal) => lower.includes(literal));
}
