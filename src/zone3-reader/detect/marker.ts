/** A pattern that has a meaning for a model or its machinery and hardly any for a person. */
export interface Marker {
  readonly rule: string;
  readonly weight: number;
  /** Words, one of which stands in every text that the pattern matches: looked up first, since that is cheap. */
  readonly words: readonly string[];
  /** The same for texts without such a word: a sign that every match holds. Empty when words are enough. */
  readonly sign: string;
  readonly pattern: RegExp;
  readonly why: string;
}

/** `gate` holds words parted by `|`; a gate of punctuation alone is a sign. */
export function marker(rule: string, weight: number, gate: string, pattern: RegExp, why: string): Marker {
  const isSign = !/[a-z]/.test(gate);
  return { rule, weight, words: isSign ? [] : gate.split('|'), sign: isSign ? gate : '', pattern, why };
}

export function mayMatch(candidate: Marker, text: string, words: ReadonlyMap<string, number>): boolean {
  if (candidate.sign !== '') return text.includes(candidate.sign);
  return candidate.words.some((word) => words.has(word));
}
