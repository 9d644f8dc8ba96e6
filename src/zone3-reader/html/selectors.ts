import type { DefaultTreeAdapterTypes } from 'parse5';
import { splitOutside } from './css.ts';

export type Element = DefaultTreeAdapterTypes.Element;

interface Compound {
  readonly tag: string;
  readonly id: string;
  readonly classes: readonly string[];
  readonly attributes: readonly AttributeTest[];
  readonly pseudos: readonly string[];
}

interface AttributeTest {
  readonly name: string;
  readonly operator: string;
  readonly value: string;
}

export interface Selector {
  /** Right to left: the subject first. */
  readonly compounds: readonly Compound[];
  /** `combinators[i]` stands between `compounds[i + 1]` and `compounds[i]`. */
  readonly combinators: readonly string[];
  readonly specificity: number;
}

const COMPOUNDS_MAX = 12;
const ANCESTORS_MAX = 512;

/** Parses a selector list. Selectors that no mail program can match at rest (`:hover`, `::before`) are dropped. */
export function parseSelectors(list: string): Selector[] {
  return splitOutside(list, ',')
    .slice(0, 200)
    .map(parseSelector)
    .filter((selector) => selector !== null);
}

const TOKEN =
  /\s*([>+~])\s*|(\s+)|([a-z*][\w-]*|\*)|#([\w-]+)|\.([\w-]+)|\[\s*([\w-]+)\s*(?:([~|^$*]?=)\s*("[^"]*"|'[^']*'|[^\]\s]*)\s*[is]?\s*)?\]|:(:?[\w-]+)(\([^()]*\))?|(.)/giu;

function parseSelector(text: string): Selector | null {
  const source = text.trim();
  if (source === '' || source.length > 1_000) return null;
  const compounds: Compound[] = [];
  const combinators: string[] = [];
  let specificity = 0;
  let current = emptyCompound();
  for (const match of source.matchAll(TOKEN)) {
    const combinator = match[1] ?? (match[2] === undefined ? undefined : ' ');
    if (combinator !== undefined) {
      compounds.push(current);
      combinators.push(combinator);
      current = emptyCompound();
      if (compounds.length > COMPOUNDS_MAX) return null;
    } else if (match[3] !== undefined) {
      current.tag = match[3].toLowerCase();
      if (current.tag !== '*') specificity += 1;
    } else if (match[4] !== undefined) {
      current.id = match[4];
      specificity += 10_000;
    } else if (match[5] !== undefined) {
      current.classes.push(match[5]);
      specificity += 100;
    } else if (match[6] !== undefined) {
      const value = (match[8] ?? '').replace(/^["']|["']$/g, '');
      current.attributes.push({ name: match[6].toLowerCase(), operator: match[7] ?? '', value });
      specificity += 100;
    } else if (match[9] !== undefined) {
      const pseudo = `${match[9].toLowerCase()}${match[10] ?? ''}`;
      if (!isSupported(pseudo)) return null;
      current.pseudos.push(pseudo);
      specificity += 100;
    } else return null;
  }
  compounds.push(current);
  return { compounds: compounds.toReversed(), combinators: combinators.toReversed(), specificity };
}

interface OpenCompound {
  tag: string;
  id: string;
  classes: string[];
  attributes: AttributeTest[];
  pseudos: string[];
}

function emptyCompound(): OpenCompound {
  return { tag: '', id: '', classes: [], attributes: [], pseudos: [] };
}

function isSupported(pseudo: string): boolean {
  return /^(?:root|first-child|last-child|only-child|empty|link|any-link|not\([\w.#\s*-]+\)|nth-child\((?:\d+|odd|even)\))$/.test(
    pseudo,
  );
}

/** Positions among siblings, computed once a parent, and a budget of comparisons for one message. */
export class MatchContext {
  readonly #positions = new WeakMap<object, ReadonlyMap<unknown, number>>();
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** Counts one comparison; false when the budget is gone. */
  spend(): boolean {
    this.#left -= 1;
    return this.#left > 0;
  }

  get exhausted(): boolean {
    return this.#left <= 0;
  }

  /** Place among the element siblings, from 0, and how many there are. */
  position(element: Element): { index: number; count: number } {
    const map = this.#siblings(element);
    return { index: map.get(element) ?? 0, count: map.size };
  }

  previous(element: Element): Element | null {
    const parent = element.parentNode;
    if (parent === null) return null;
    const wanted = this.position(element).index - 1;
    if (wanted < 0) return null;
    const byIndex = this.#order.get(parent)?.[wanted];
    return byIndex ?? null;
  }

  readonly #order = new WeakMap<object, readonly Element[]>();

  #siblings(element: Element): ReadonlyMap<unknown, number> {
    const parent = element.parentNode;
    if (parent === null) return new Map([[element, 0]]);
    const known = this.#positions.get(parent);
    if (known !== undefined) return known;
    const order = parent.childNodes.filter((node): node is Element => 'tagName' in node);
    const map = new Map(order.map((node, index) => [node, index]));
    this.#positions.set(parent, map);
    this.#order.set(parent, order);
    return map;
  }
}

/** Does `selector` match `element`? False as well when the budget of comparisons is gone. */
export function matches(selector: Selector, element: Element, context: MatchContext): boolean {
  const subject = selector.compounds[0];
  if (subject === undefined || !matchesCompound(subject, element, context)) return false;
  let at: Element | null = element;
  for (let i = 1; i < selector.compounds.length; i++) {
    const wanted = selector.compounds[i];
    const combinator = selector.combinators[i - 1];
    if (wanted === undefined || at === null) return false;
    const step: (from: Element) => Element | null =
      combinator === '>' || combinator === ' ' ? parentOf : (from) => context.previous(from);
    const once = combinator === '>' || combinator === '+';
    let next: Element | null = step(at);
    for (let tries = 0; next !== null; tries++) {
      if (tries >= ANCESTORS_MAX || !context.spend()) return false;
      if (matchesCompound(wanted, next, context)) break;
      next = once ? null : step(next);
    }
    at = next;
    if (at === null) return false;
  }
  return true;
}

function matchesCompound(compound: Compound, element: Element, context: MatchContext): boolean {
  if (compound.tag !== '' && compound.tag !== '*' && compound.tag !== element.tagName) return false;
  if (compound.id !== '' && attribute(element, 'id') !== compound.id) return false;
  if (compound.classes.length > 0) {
    const own = attribute(element, 'class') ?? '';
    for (const name of compound.classes) if (!hasClass(own, name)) return false;
  }
  if (compound.attributes.length === 0 && compound.pseudos.length === 0) return true;
  return (
    compound.attributes.every((test) => matchesAttribute(test, attribute(element, test.name))) &&
    compound.pseudos.every((pseudo) => matchesPseudo(pseudo, element, context))
  );
}

/** Does `name` stand in the list `own`, between blanks or at its ends? */
function hasClass(own: string, name: string): boolean {
  for (let at = own.indexOf(name); at >= 0; at = own.indexOf(name, at + 1)) {
    if (isGap(own, at - 1) && isGap(own, at + name.length)) return true;
  }
  return false;
}

function isGap(text: string, at: number): boolean {
  const code = at < 0 || at >= text.length ? 32 : text.charCodeAt(at);
  return code <= 32 ? code === 32 || (code >= 9 && code <= 13) : code > 127 && /\s/.test(text.charAt(at));
}

function matchesAttribute(test: AttributeTest, value: string | undefined): boolean {
  if (value === undefined) return false;
  const own = value.toLowerCase();
  const wanted = test.value.toLowerCase();
  switch (test.operator) {
    case '':
      return true;
    case '=':
      return own === wanted;
    case '~=':
      return own.split(/\s+/).includes(wanted);
    case '|=':
      return own === wanted || own.startsWith(`${wanted}-`);
    case '^=':
      return wanted !== '' && own.startsWith(wanted);
    case '$=':
      return wanted !== '' && own.endsWith(wanted);
    default:
      return wanted !== '' && own.includes(wanted);
  }
}

function matchesPseudo(pseudo: string, element: Element, context: MatchContext): boolean {
  if (pseudo.startsWith('not(')) {
    const inner = parseSelector(pseudo.slice(4, -1));
    return inner?.compounds[0] !== undefined && !matchesCompound(inner.compounds[0], element, context);
  }
  if (pseudo === 'root') return element.tagName === 'html';
  if (pseudo === 'empty') return element.childNodes.length === 0;
  if (pseudo.endsWith('link')) return attribute(element, 'href') !== undefined;
  const { index, count } = context.position(element);
  if (pseudo === 'first-child') return index === 0;
  if (pseudo === 'last-child') return index === count - 1;
  if (pseudo === 'only-child') return count === 1;
  const nth = pseudo.slice('nth-child('.length, -1);
  if (nth === 'odd') return index % 2 === 0;
  if (nth === 'even') return index % 2 === 1;
  return index + 1 === Number(nth);
}

export function attribute(element: Element, name: string): string | undefined {
  for (const attr of element.attrs) if (attr.name === name) return attr.value;
  return undefined;
}

function parentOf(element: Element): Element | null {
  const parent = element.parentNode;
  return parent !== null && 'tagName' in parent ? parent : null;
}
