import type { Declaration } from './css.ts';
import { boxHidden, isUndrawn, textHidden } from './hidden.ts';
import type { Look } from './look.ts';
import { changesLook, lookOf } from './look.ts';
import type { Element } from './selectors.ts';

/**
 * Looks of one page. A page repeats itself: the same tag with the same styles inside the same look is worked out once.
 * INVARIANT: only what `lookOf` and `boxHidden` read stands in the key, and all of it.
 */
export class LookCache {
  readonly #known = new Map<Look, Map<readonly Declaration[], Map<string, Look>>>();
  readonly #reasons = new Map<Look, string>();

  /** The look of `element` inside `parent`, which can be seen; `hidden` says when its box cannot. */
  lookIn(parent: Look, element: Element, declarations: readonly Declaration[]): Look {
    const tag = element.tagName;
    if (declarations.length === 0 && element.attrs.length === 0 && !changesLook(tag) && !isUndrawn(tag)) return parent;
    let inside = this.#known.get(parent);
    if (inside === undefined) this.#known.set(parent, (inside = new Map()));
    let styled = inside.get(declarations);
    if (styled === undefined) inside.set(declarations, (styled = new Map()));
    const key = keyOf(element);
    let look = styled.get(key);
    if (look === undefined) {
      look = workOut(parent, element, declarations);
      styled.set(key, look);
    }
    return look;
  }

  /** Why text with this look cannot be read, or empty. */
  reasonOf(look: Look): string {
    let reason = this.#reasons.get(look);
    if (reason === undefined) this.#reasons.set(look, (reason = textHidden(look)));
    return reason;
  }
}

function workOut(parent: Look, element: Element, declarations: readonly Declaration[]): Look {
  const look =
    declarations.length > 0 || element.attrs.length > 0 || changesLook(element.tagName)
      ? lookOf(parent, element, declarations)
      : parent;
  const hidden = boxHidden(element, declarations, look);
  return hidden === '' ? look : { ...look, hidden };
}

function keyOf(element: Element): string {
  let key = element.tagName;
  for (const { name, value } of element.attrs) {
    switch (name) {
      case 'bgcolor':
      case 'background':
      case 'color':
      case 'text':
      case 'size':
        // The length keeps a hostile value from passing for another attribute.
        key += `\n${name}=${value.length}:${value}`;
        break;
      case 'href':
      case 'hidden':
      case 'open':
        key += `\n${name}`;
        break;
      default:
    }
  }
  return key;
}
