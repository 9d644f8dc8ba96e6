import { CAPS } from '../caps.ts';
import type { CssRule, Declaration } from './css.ts';
import { parseDeclarations } from './css.ts';
import type { Element, Selector } from './selectors.ts';
import { attribute, MatchContext, matches, parseSelectors } from './selectors.ts';

interface Entry {
  readonly selector: Selector;
  readonly order: number;
  readonly declarations: readonly Declaration[];
}

const VARIABLE = /var\(\s*(--[\w-]{1,80})\s*(?:,([^()]{0,120}))?\)/g;
const NONE: readonly Declaration[] = [];
const NO_ENTRIES: readonly Entry[] = [];
/** Different styles of one page that are remembered. */
const JOINED_MAX = 20_000;

/** Which declarations hold for an element: style sheets by specificity and order, then the `style` attribute. */
export class Cascade {
  readonly #byKey = new Map<string, Entry[]>();
  /** By the numbers of the rules that hold, then by the `style` attribute. */
  readonly #joined = new Map<string, Map<string, readonly Declaration[]>>();
  readonly #classes = new Map<string, readonly string[]>();
  readonly #context = new MatchContext(CAPS.cssStepsMax);
  readonly #variables = new Map<string, string>();
  #count = 0;

  get exhausted(): boolean {
    return this.#context.exhausted;
  }

  addRules(rules: readonly CssRule[]): void {
    for (const rule of rules) {
      for (const selector of parseSelectors(rule.selectors)) {
        if (this.#count >= CAPS.cssRulesMax) return;
        this.#count += 1;
        this.#resolve(rule.declarations);
        const key = keyOf(selector);
        const entry: Entry = { selector, order: this.#count, declarations: rule.declarations };
        const list = this.#byKey.get(key);
        if (list === undefined) this.#byKey.set(key, [entry]);
        else list.push(entry);
      }
    }
  }

  /**
   * In the order in which they override one another: the last one of a name wins. The same styles give the same list,
   * so that what is worked out from it can be kept.
   */
  declarationsOf(element: Element): readonly Declaration[] {
    const style = attribute(element, 'style') ?? '';
    const found = this.#count === 0 ? NO_ENTRIES : this.#matching(element);
    if (found.length === 0 && style === '') return NONE;
    let rules = '';
    for (const entry of found) rules += `${entry.order},`;
    let joined = this.#joined.get(rules);
    if (joined === undefined) this.#joined.set(rules, (joined = new Map()));
    const known = joined.get(style);
    if (known !== undefined) return known;
    const list = byImportance(found.length === 0 ? parseDeclarations(style) : this.#join(found, style));
    if (hasVariables(list)) return this.#resolve(list);
    if (joined.size < JOINED_MAX) joined.set(style, list);
    return list;
  }

  #join(found: readonly Entry[], style: string): Declaration[] {
    const sorted = [...found].sort((x, y) => x.selector.specificity - y.selector.specificity || x.order - y.order);
    return [...sorted.flatMap((entry) => entry.declarations), ...parseDeclarations(style)];
  }

  #matching(element: Element): readonly Entry[] {
    const classes = attribute(element, 'class');
    const id = attribute(element, 'id');
    let found = this.#search('*', element, null);
    found = this.#search(element.tagName, element, found);
    if (id !== undefined) found = this.#search(`#${id}`, element, found);
    if (classes !== undefined) for (const key of this.#classKeys(classes)) found = this.#search(key, element, found);
    return found ?? NO_ENTRIES;
  }

  #search(key: string, element: Element, before: Entry[] | null): Entry[] | null {
    let found = before;
    const entries = this.#byKey.get(key);
    if (entries === undefined || this.#context.exhausted) return found;
    for (const entry of entries) {
      if (!this.#context.spend()) return found;
      if (matches(entry.selector, element, this.#context)) (found ??= []).push(entry);
    }
    return found;
  }

  #classKeys(classes: string): readonly string[] {
    let keys = this.#classes.get(classes);
    if (keys === undefined) {
      keys = classes
        .split(/\s+/)
        .slice(0, 50)
        .filter((name) => name !== '')
        .map((name) => `.${name}`);
      if (this.#classes.size < JOINED_MAX) this.#classes.set(classes, keys);
    }
    return keys;
  }

  /**
   * Puts custom properties in. One table for the whole message, the last value wins: enough to see what a mail hides
   * behind `var()`, not a model of inheritance.
   */
  #resolve(list: readonly Declaration[]): readonly Declaration[] {
    if (!hasVariables(list)) return list;
    for (const item of list)
      if (item.name.startsWith('--') && this.#variables.size < 500) this.#variables.set(item.name, item.value);
    return list.map((item) => ({
      ...item,
      value: item.value.replace(VARIABLE, (_, name: string, fallback: string | undefined) =>
        (this.#variables.get(name) ?? fallback ?? '').trim().slice(0, 200),
      ),
    }));
  }
}

/** The bucket of a selector: the most telling simple selector of its subject. */
function keyOf(selector: Selector): string {
  const subject = selector.compounds[0];
  if (subject === undefined) return '*';
  if (subject.id !== '') return `#${subject.id}`;
  const name = subject.classes[0];
  if (name !== undefined) return `.${name}`;
  return subject.tag === '' ? '*' : subject.tag;
}

function hasVariables(list: readonly Declaration[]): boolean {
  return list.some((item) => item.name.startsWith('--') || item.value.includes('var('));
}

function byImportance(list: readonly Declaration[]): readonly Declaration[] {
  if (!list.some((item) => item.important)) return list;
  return [...list.filter((item) => !item.important), ...list.filter((item) => item.important)];
}
