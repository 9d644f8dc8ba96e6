/** What was looked at and what it said, both drawn: printable ASCII on one line, of bounded length. */
export interface Evidence {
  /** File, folder or command line. */
  readonly source: string;
  readonly said: string;
}

export type Verdict = 'pass' | 'fail' | 'cannot_tell';

export interface Judgement {
  readonly verdict: Verdict;
  /** One sentence. */
  readonly found: string;
  readonly evidence: readonly Evidence[];
  /** What to do; empty for a pass. */
  readonly remedy: string;
}

const SAID_CHARS_MAX = 200;
const SOURCE_CHARS_MAX = 160;

export function saw(source: string, said: string): Evidence {
  return { source: draw(source, SOURCE_CHARS_MAX), said: draw(said, SAID_CHARS_MAX) };
}

/**
 * Text of the machine, safe to print and to put between backticks: blanks run together, everything that is not printable
 * ASCII becomes `\u{…}`, and so does the backtick. A backslash is doubled, so that two texts never come out alike.
 */
export function draw(text: string, charsMax: number): string {
  let drawn = '';
  for (const character of text.trim().replaceAll(/[ \t\r\n]+/g, ' ')) {
    const next = character === '\\' ? '\\\\' : /^[ -_a-~]$/.test(character) ? character : escape(character);
    if (drawn.length + next.length > charsMax) return `${drawn}...`;
    drawn += next;
  }
  return drawn;
}

/** A name of the machine within a sentence of ours. */
export function named(text: string): string {
  return `\`${draw(text, SOURCE_CHARS_MAX)}\``;
}

function escape(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** The part of a judgement that is not its verdict. */
export interface Grounds {
  readonly found: string;
  readonly evidence: readonly Evidence[];
  readonly remedy: string;
}

export function pass(found: string, evidence: readonly Evidence[]): Judgement {
  return { verdict: 'pass', found, evidence, remedy: '' };
}

export function fail(grounds: Grounds): Judgement {
  return { verdict: 'fail', ...grounds };
}

export function cannotTell(grounds: Grounds): Judgement {
  return { verdict: 'cannot_tell', ...grounds };
}

const RANK: Readonly<Record<Verdict, number>> = { pass: 0, cannot_tell: 1, fail: 2 };

/** Several judgements as one: the worst verdict, with the sentences and remedies of those that have it. */
export function joinJudgements(parts: readonly Judgement[]): Judgement {
  const worst = parts.reduce<Verdict>((at, { verdict }) => (RANK[verdict] > RANK[at] ? verdict : at), 'pass');
  const telling = parts.filter(({ verdict }) => verdict === worst);
  return {
    verdict: worst,
    found: telling
      .map(({ found }) => found)
      .filter((text) => text !== '')
      .join('; '),
    evidence: parts.flatMap(({ evidence }) => evidence),
    remedy: [...new Set(telling.map(({ remedy }) => remedy))].filter((text) => text !== '').join('; '),
  };
}
