import { matchesOf } from './matches.ts';

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
  const plain = other.replace(/https?:\/\/\S+/g, ' ').slice(0, 100_000);
  const words = wordsOf(plain);
  const sentences = matchesOf(SENTENCE, plain).map(([text]) => ({ text, words: wordsOf(text) }));
  const missing = new Set(words);
  for (const sentence of sentences) for (const word of sentence.words) missing.add(word);
  // Most alternatives say the same, so that the search ends early.
  eachWord(seen, (word) => {
    missing.delete(word);
    return missing.size > 0;
  });
  const shared = words.reduce((sum, word) => sum + (missing.has(word) ? 0 : 1), 0);
  const only: string[] = [];
  for (const { text, words: own } of sentences) {
    if (own.length >= 3 && own.filter((word) => !missing.has(word)).length / own.length < 0.5) only.push(text.trim());
  }
  return {
    similarity: words.length < FEW_WORDS ? 1 : shared / words.length,
    onlyThere: only.join(' ').slice(0, 8_000),
  };
}

function wordsOf(text: string): string[] {
  const words: string[] = [];
  eachWord(text, (word) => {
    words.push(word);
    return true;
  });
  return words;
}

/**
 * Runs of three or more letters and digits, in lower case; everything beyond ASCII counts as a letter. `visit` says
 * whether to go on.
 */
function eachWord(text: string, visit: (word: string) => boolean): void {
  const lower = text.toLowerCase();
  let start = -1;
  for (let i = 0; i <= lower.length; i++) {
    const code = i < lower.length ? lower.charCodeAt(i) : 0;
    const inWord =
      (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code > 0xbf && (code < 0x2000 || code > 0x206f));
    if (inWord) {
      if (start < 0) start = i;
    } else if (start >= 0) {
      if (i - start >= 3 && !visit(lower.slice(start, i))) return;
      start = -1;
    }
  }
}
