import { CAPS } from '../caps.ts';
import { Cascade } from './cascade.ts';
import { parseSheet } from './css.ts';
import { HiddenRuns } from '../hidden-runs.ts';
import type { Look } from './look.ts';
import { ROOT_LOOK } from './look.ts';
import { LookCache } from './look-cache.ts';
import type { Element } from './selectors.ts';
import { attribute } from './selectors.ts';
import { enterBlock, leaveBlock } from './blocks.ts';
import type { ListState } from './blocks.ts';
import { TextBuilder } from './text-builder.ts';
import type { Node } from './tree.ts';
import { parseHtml } from './tree.ts';
import type { RawLink } from '../links/raw-link.ts';

export interface HtmlText {
  /** What a person would read, laid out in lines. Not cleaned. */
  readonly text: string;
  readonly hidden: HiddenRuns;
  readonly links: readonly RawLink[];
  /** Names of the caps that were hit. */
  readonly cuts: readonly string[];
  readonly marks: ReadonlySet<HtmlMark>;
}

export type HtmlMark = 'form' | 'script' | 'bidi_markup' | 'meta_refresh' | 'frame' | 'picture_text' | 'image' | 'base';

interface Frame {
  readonly element: Element;
  readonly children: readonly Node[];
  index: number;
  readonly look: Look;
  readonly list: ListState | null;
  readonly linkMark: number;
}

const LINKS_MAX = 2_000;
const LINK_TEXT_MAX = 600;
/** Attributes that hold words which a person does not see in the text. */
const WORDY_ATTRIBUTES: ReadonlySet<string> = new Set([
  'alt',
  'title',
  'aria-label',
  'aria-description',
  'summary',
  'placeholder',
  'content',
]);

/** Reads HTML as a person would: `mask` answers what to write after a link whose text claims another target. */
export function htmlToText(html: string, mask: (link: RawLink) => string): HtmlText {
  const cut = html.length > CAPS.htmlCharsMax;
  const tree = parseHtml(cut ? html.slice(0, CAPS.htmlCharsMax) : html);
  const walker = new Walker(mask);
  if (cut) walker.cuts.push('html_too_long');
  if (tree.cut) walker.cuts.push('html_too_many_nodes');
  for (const style of tree.styles) walker.addStyle(style);
  walker.walk(tree.document.childNodes);
  return walker.result();
}

class Walker {
  readonly cuts: string[] = [];
  readonly #out = new TextBuilder(CAPS.visibleCharsMax);
  readonly #hidden = new HiddenRuns();
  readonly #links: RawLink[] = [];
  readonly #marks = new Set<HtmlMark>();
  readonly #cascade = new Cascade();
  readonly #looks = new LookCache();
  readonly #stack: Frame[] = [];
  readonly #mask: (link: RawLink) => string;
  #cssLeft: number = CAPS.cssCharsMax;

  constructor(mask: (link: RawLink) => string) {
    this.#mask = mask;
  }

  addStyle(style: Element): void {
    const media = attribute(style, 'media') ?? '';
    const type = attribute(style, 'type') ?? 'text/css';
    if (/print|speech|max-(?:device-)?width/i.test(media) || !/css/i.test(type)) return;
    const first = style.childNodes[0];
    const source = first !== undefined && 'value' in first ? first.value : '';
    const { rules, cut } = parseSheet(source.slice(0, this.#cssLeft));
    if (cut || source.length > this.#cssLeft) this.cuts.push('css_too_long');
    this.#cssLeft -= Math.min(source.length, this.#cssLeft);
    this.#cascade.addRules(rules);
  }

  /** Depth first with a stack of our own: nesting costs memory, never the call stack. */
  walk(roots: readonly Node[]): void {
    for (const root of roots) this.#visit(root, ROOT_LOOK, null);
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      const child = frame.children[frame.index];
      frame.index += 1;
      if (child === undefined || this.#out.full) {
        this.#stack.pop();
        this.#leave(frame);
      } else this.#visit(child, frame.look, frame);
    }
  }

  result(): HtmlText {
    if (this.#out.full) this.cuts.push('text_too_long');
    if (this.#cascade.exhausted) this.cuts.push('css_too_costly');
    return {
      text: this.#out.toString(),
      hidden: this.#hidden,
      links: this.#links,
      cuts: this.cuts,
      marks: this.#marks,
    };
  }

  #visit(node: Node, look: Look, frame: Frame | null): void {
    if ('tagName' in node) this.#enter(node, look, frame);
    else if (node.nodeName === '#text' && 'value' in node) this.#text(node.value, look, frame);
    else if (node.nodeName === '#comment' && 'data' in node) this.#hidden.addComment(node.data, this.#out.length);
  }

  #enter(element: Element, parentLook: Look, parent: Frame | null): void {
    const tag = element.tagName;
    if (tag === 'style' || tag === 'script') {
      if (tag === 'script') this.#marks.add('script');
      return;
    }
    const declarations = this.#cascade.declarationsOf(element);
    const look = parentLook.hidden === '' ? this.#looks.lookIn(parentLook, element, declarations) : parentLook;
    this.#noteAttributes(element, look);
    if (look.hidden === '' && !enterBlock(element, this.#out, parent?.list ?? null)) return;
    const children = tag === 'template' && 'content' in element ? templateChildren(element) : element.childNodes;
    this.#stack.push({
      element,
      children,
      index: 0,
      look,
      list:
        tag === 'ul' || tag === 'ol' || tag === 'menu'
          ? nextList(element, parent?.list ?? null)
          : (parent?.list ?? null),
      linkMark: this.#out.mark(),
    });
  }

  #leave(frame: Frame): void {
    const { element, look } = frame;
    if (look.hidden !== '') return;
    const tag = element.tagName;
    if ((tag === 'a' || tag === 'area') && this.#links.length < LINKS_MAX) {
      const url = attribute(element, 'href');
      if (url !== undefined && url.trim() !== '') {
        const link = { url: url.slice(0, 65_536), text: this.#out.textSince(frame.linkMark, LINK_TEXT_MAX) };
        this.#links.push(link);
        const masked = this.#mask(link);
        if (masked !== '') this.#out.text(` ${masked}`);
      }
    }
    leaveBlock(element, this.#out);
  }

  #text(value: string, look: Look, frame: Frame | null): void {
    const reason = this.#looks.reasonOf(look);
    if (reason !== '') {
      this.#hidden.addText(reason, value, this.#out.length, frame === null ? '' : rootTag(frame, this.#stack));
      return;
    }
    if (look.picture && /\S/.test(value)) this.#marks.add('picture_text');
    if (look.pre) this.#out.preformatted(value);
    else this.#out.text(value);
  }

  #noteAttributes(element: Element, look: Look): void {
    const tag = element.tagName;
    if (tag === 'form') this.#marks.add('form');
    else if (tag === 'iframe' || tag === 'frame') this.#marks.add('frame');
    else if (tag === 'img' && look.hidden === '') this.#marks.add('image');
    else if (tag === 'bdo') this.#marks.add('bidi_markup');
    else if (tag === 'base') this.#marks.add('base');
    else if (tag === 'meta' && /refresh/i.test(attribute(element, 'http-equiv') ?? '')) this.#marks.add('meta_refresh');
    for (const { name, value } of element.attrs) {
      if (name === 'style' && value.includes('bidi')) this.#marks.add('bidi_markup');
      else if (name.startsWith('on') && name.length > 3) this.#marks.add('script');
      else if (WORDY_ATTRIBUTES.has(name)) this.#hidden.addAttribute(name, value, this.#out.length);
    }
  }
}

function templateChildren(element: Element): readonly Node[] {
  const content: unknown = Reflect.get(element, 'content');
  return isFragment(content) ? content.childNodes : [];
}

function isFragment(value: unknown): value is { childNodes: Node[] } {
  return typeof value === 'object' && value !== null && 'childNodes' in value;
}

function nextList(element: Element, parent: ListState | null): ListState {
  const start = Number.parseInt(attribute(element, 'start') ?? '1', 10);
  return {
    ordered: element.tagName === 'ol',
    next: Number.isFinite(start) ? start : 1,
    depth: (parent?.depth ?? 0) + 1,
  };
}

/** The tag at which hiding began, to tell a title from a trick. */
function rootTag(frame: Frame, stack: readonly Frame[]): string {
  for (let i = stack.length - 1; i >= 0 && stack.length - i < 64; i--) {
    const tag = stack[i]?.element.tagName;
    if (tag === 'title' || tag === 'head') return tag;
  }
  return frame.element.tagName;
}
