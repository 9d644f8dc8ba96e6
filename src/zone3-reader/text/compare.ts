/** How two forms of one message differ. */
export interface Comparison {
  /** Share of the words of `other` that also stand in `seen`, 0..1; 1 when `other` has too few words to tell. */
  readonly similarity: number;
  /** Sentences of `other` with hardly a word in `seen`. */
  readonly onlyThere: string;
}

const FEW_WORDS = 8;
const SENTENCE = /[^.!?\n]+[.!?\n]*/g;

/** Compares by words, since layout and links differ between honest alternatives as well. */
export function compareAlternatives(other: string, seen: string): Comparison {
  const known: ReadonlySet<string> = new Set(wordsOf(seen));
  const plain = other.replace(/https?:\/\/\S+/g, ' ').slice(0, 100_000);
  const words = wordsOf(plain);
  const shared = words.reduce((sum, word) => sum + (known.has(word) ? 1 : 0), 0);
  const only: string[] = [];
  for (const match of plain.matchAll(SENTENCE)) {
    const own = wordsOf(match[0]);
    if (own.length >= 3 && own.filter((word) => known.has(word)).length / own.length < 0.5) only.push(match[0].trim());
  }
  return {
    similarity: words.length < FEW_WORDS ? 1 : shared / words.length,
    onlyThere: only.join(' ').slice(0, 8_000),
  };
}

/** Runs of three or more letters and digits, in lower case; everything beyond ASCII counts as a letter. */
function wordsOf(text: string): string[] {
  const lower = text.toLowerCase();
  const words: string[] = [];
  let start = -1;
  for (let i = 0; i <= lower.length; i++) {
    const code = i < lower.length ? lower.charCodeAt(i) : 0;
    const inWord =
      (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code > 0xbf && (code < 0x2000 || code > 0x206f));
    if (inWord) {
      if (start < 0) start = i;
    } else if (start >= 0) {
      if (i - start >= 3) words.push(lower.slice(start, i));
      start = -1;
    }
  }
  return words;
}
