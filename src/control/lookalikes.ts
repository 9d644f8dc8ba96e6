/** Cyrillic, Greek, Armenian and other letters that are drawn like a Latin one. Not complete; it need not be. */
const LATIN_TWINS = new Set(
  'аАвВеЕёЁзЗіІїЇјЈкКмМнНоОрРсСтТуУхХѕЅԁһҺԛԜԝӏӀүҮԍгпи' +
    'αΑΒΕΖΗΙΚΜΝΟΡΤΥΧονυικρτϲϹϳγηχω' +
    'օՕհոսգցքյզլտԼՏ' +
    'ᎠᎡᎢᎥᎪᎫᎬᎳᎷᎻᎽᏀᏃᏎᏏᏒᏔᏕᏙᏚᏞᏟᏢᏤᏦᏧᏩᏭᏮᏯᏳᏴ',
);

/** Marks that pass for `.`, `/` or `:` and are not reached by normalization. */
const MARK_TWINS = new Set('⁄∕⧸╱∶ꓽ꞉։׃܃܄٠۰');

const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/**
 * Offsets of letters that pose as others: any non-Latin letter in a word that also has Latin ones; whole words of
 * lookalikes where the text holds fewer honest words of that script; styled alphabets (fullwidth, mathematical) and marks
 * that stand for one ASCII character.
 */
export function suspectLetters(text: string): ReadonlySet<number> {
  const suspects = new Set<number>();
  // Most lines are plain: nothing here can pose for anything.
  if (/^[\u0000-\u024f]*$/u.test(text)) return suspects; // eslint-disable-line no-control-regex -- the range starts at zero
  let at = 0;
  for (const character of text) {
    if (isStyledAscii(character) || MARK_TWINS.has(character)) suspects.add(at);
    at += character.length;
  }
  const twins: number[][] = [];
  let honest = 0;
  for (const found of text.matchAll(WORD)) {
    const letters = lettersOf(found[0], found.index);
    const foreign = letters.filter((letter) => !letter.latin);
    if (foreign.length === 0) continue;
    if (foreign.length < letters.length && mixes(found[0])) for (const { at: place } of foreign) suspects.add(place);
    else if (foreign.every((letter) => LATIN_TWINS.has(letter.text))) twins.push(foreign.map((letter) => letter.at));
    else honest += 1;
  }
  if (twins.length > honest) for (const place of twins.flat()) suspects.add(place);
  return suspects;
}

interface Letter {
  readonly text: string;
  readonly at: number;
  readonly latin: boolean;
}

function lettersOf(word: string, start: number): Letter[] {
  const letters: Letter[] = [];
  let at = start;
  for (const text of word) {
    if (/\p{L}/u.test(text)) letters.push({ text, at, latin: /\p{Script=Latin}/u.test(text) });
    at += text.length;
  }
  return letters;
}

/** Scripts whose letters are mixed with Latin to deceive. Chinese, Japanese, Korean beside Latin is everyday writing. */
function mixes(word: string): boolean {
  return /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Georgian}\p{Script=Thai}\p{Script=Devanagari}]/u.test(
    word,
  );
}

function isStyledAscii(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return false;
  const plain = character.normalize('NFKC');
  return plain.length === 1 && plain !== character && plain > ' ' && plain <= '~';
}
