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

/** Which declarations hold for an element: style sheets by specificity and order, then the `style` attribute. */
export class Cascade {
  readonly #byKey = new Map<string, Entry[]>();
  readonly #inline = new Map<string, readonly Declaration[]>();
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

  /** In the order in which they override one another: the last one of a name wins. */
  declarationsOf(element: Element): readonly Declaration[] {
    const style = attribute(element, 'style');
    const inline = style === undefined ? NONE : this.#parseInline(style);
    const found = this.#count === 0 ? NO_ENTRIES : this.#matching(element);
    if (found.length === 0) return this.#resolve(byImportance(inline));
    const sorted = [...found].sort((x, y) => x.selector.specificity - y.selector.specificity || x.order - y.order);
    return this.#resolve(byImportance([...sorted.flatMap((entry) => entry.declarations), ...inline]));
  }

  #matching(element: Element): readonly Entry[] {
    const classes = attribute(element, 'class');
    const id = attribute(element, 'id');
    const keys = ['*', element.tagName];
    if (id !== undefined) keys.push(`#${id}`);
    if (classes !== undefined)
      for (const name of classes.split(/\s+/).slice(0, 50)) if (name !== '') keys.push(`.${name}`);
    let found: Entry[] | null = null;
    for (const key of keys) {
      for (const entry of this.#byKey.get(key) ?? NO_ENTRIES) {
        if (!this.#context.spend()) return found ?? NO_ENTRIES;
        if (matches(entry.selector, element, this.#context)) (found ??= []).push(entry);
      }
    }
    return found ?? NO_ENTRIES;
  }

  /**
   * Puts custom properties in. One table for the whole message, the last value wins: enough to see what a mail hides
   * behind `var()`, not a model of inheritance.
   */
  #resolve(list: readonly Declaration[]): readonly Declaration[] {
    if (!list.some((item) => item.name.startsWith('--') || item.value.includes('var('))) return list;
    for (const item of list)
      if (item.name.startsWith('--') && this.#variables.size < 500) this.#variables.set(item.name, item.value);
    return list.map((item) => ({
      ...item,
      value: item.value.replace(VARIABLE, (_, name: string, fallback: string | undefined) =>
        (this.#variables.get(name) ?? fallback ?? '').trim().slice(0, 200),
      ),
    }));
  }

  #parseInline(style: string): readonly Declaration[] {
    const known = this.#inline.get(style);
    if (known !== undefined) return known;
    const parsed = parseDeclarations(style);
    if (this.#inline.size < 20_000) this.#inline.set(style, parsed);
    return parsed;
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

function byImportance(list: readonly Declaration[]): readonly Declaration[] {
  if (!list.some((item) => item.important)) return list;
  return [...list.filter((item) => !item.important), ...list.filter((item) => item.important)];
}
