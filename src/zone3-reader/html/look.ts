import type { Color } from './colors.ts';
import { BLACK, composite, LINK_BLUE, parseColor, parseLegacyColor, WHITE } from './colors.ts';
import type { Declaration } from './css.ts';
import { lengthOf } from './lengths.ts';
import type { Element } from './selectors.ts';
import { attribute } from './selectors.ts';

/** What an element's text looks like: everything that its children inherit. */
export interface Look {
  /** Why the whole subtree cannot be seen, or empty. */
  readonly hidden: string;
  /** `visibility`: unlike the others a child may switch it on again. */
  readonly visible: boolean;
  readonly fontPx: number;
  readonly color: Color;
  readonly background: Color;
  /** A picture or gradient lies behind: colours cannot be compared. */
  readonly picture: boolean;
  readonly opacity: number;
  readonly letterSpacingPx: number;
  readonly lineHeightPx: number;
  readonly pre: boolean;
  /** `-webkit-text-fill-color` beats `color`. */
  readonly fill: Color | null;
}

export const ROOT_LOOK: Look = {
  hidden: '',
  visible: true,
  fontPx: 16,
  color: BLACK,
  background: WHITE,
  picture: false,
  opacity: 1,
  letterSpacingPx: 0,
  lineHeightPx: 18,
  pre: false,
  fill: null,
};

type Draft = { -readonly [K in keyof Look]: Look[K] };

const FONT_SIZES: Readonly<Record<string, number>> = {
  'xx-small': 9,
  'x-small': 10,
  small: 13,
  medium: 16,
  large: 18,
  'x-large': 24,
  'xx-large': 32,
};
const LEGACY_SIZES: readonly number[] = [10, 10, 13, 16, 18, 24, 32, 48];

/** The look of `element` inside `parent`, from its attributes and declarations. Shares `parent` when nothing changes. */
export function lookOf(parent: Look, element: Element, declarations: readonly Declaration[]): Look {
  const draft: Draft = { ...parent };
  applyTag(draft, element);
  for (const { name, value } of declarations) applyDeclaration(draft, parent, name, value);
  return draft;
}

/** Tags whose look differs from their parent's without any attribute. */
export function changesLook(tag: string): boolean {
  return tag === 'a' || tag === 'pre' || tag === 'textarea' || tag === 'listing' || tag === 'mark';
}

function applyTag(draft: Draft, element: Element): void {
  const tag = element.tagName;
  if (tag === 'a' && attribute(element, 'href') !== undefined) draft.color = LINK_BLUE;
  else if (tag === 'pre' || tag === 'textarea' || tag === 'listing') draft.pre = true;
  else if (tag === 'mark') draft.background = { r: 255, g: 255, b: 0, a: 1 };
  for (const { name, value } of element.attrs) {
    if (name === 'bgcolor') setBackground(draft, parseLegacyColor(value));
    else if (name === 'background' && value !== '') draft.picture = true;
    else if ((name === 'color' && tag === 'font') || (name === 'text' && tag === 'body')) {
      draft.color = parseLegacyColor(value) ?? draft.color;
    } else if (name === 'size' && tag === 'font') {
      const size = Number.parseInt(value, 10);
      const step = value.trim().startsWith('+') || value.trim().startsWith('-') ? 3 + size : size;
      draft.fontPx = LEGACY_SIZES[Math.min(7, Math.max(1, step))] ?? draft.fontPx;
    }
  }
}

function applyDeclaration(draft: Draft, parent: Look, name: string, value: string): void {
  switch (name) {
    case 'color': {
      const color = value === 'inherit' ? parent.color : value === 'initial' ? BLACK : parseColor(value);
      if (color !== null) draft.color = color;
      return;
    }
    case '-webkit-text-fill-color':
      draft.fill = parseColor(value);
      return;
    case 'background':
    case 'background-color':
    case 'background-image':
      applyBackground(draft, value);
      return;
    case 'font':
      for (const word of value.split(/[\s/]+/).slice(0, 12)) {
        if (/^[\d.]/.test(word) && /[a-z%]$/.test(word)) {
          draft.fontPx = fontSize(word, parent.fontPx) ?? draft.fontPx;
          return;
        }
      }
      if (/^0(?:\s|\/)|\s0(?:\s|\/)/.test(value)) draft.fontPx = 0;
      return;
    case 'font-size':
      draft.fontPx = fontSize(value, parent.fontPx) ?? draft.fontPx;
      return;
    case 'visibility':
      draft.visible = value === 'hidden' || value === 'collapse' ? false : value === 'inherit' ? parent.visible : true;
      return;
    case 'opacity': {
      const opacity = Number.parseFloat(value) / (value.endsWith('%') ? 100 : 1);
      if (Number.isFinite(opacity)) draft.opacity = parent.opacity * Math.min(1, Math.max(0, opacity));
      return;
    }
    case 'letter-spacing':
      draft.letterSpacingPx = lengthOf(value, draft.fontPx) ?? 0;
      return;
    case 'line-height':
      draft.lineHeightPx = /^[\d.]+$/.test(value)
        ? Number(value) * draft.fontPx
        : (lengthOf(value, draft.fontPx) ?? draft.fontPx * 1.2);
      return;
    case 'white-space':
      draft.pre = value.startsWith('pre') || value === 'break-spaces';
      return;
    default:
  }
}

function applyBackground(draft: Draft, value: string): void {
  if (/url\(|gradient\(|image\(|image-set\(/.test(value)) draft.picture = true;
  else if (value === 'none') draft.picture = false;
  const whole = parseColor(value);
  if (whole !== null) {
    setBackground(draft, whole);
    return;
  }
  for (const match of value.matchAll(/#[0-9a-f]{3,8}\b|(?:rgb|hsl)a?\([^()]{1,60}\)|\b[a-z]{3,20}\b/g)) {
    const color = parseColor(match[0]);
    if (color !== null) {
      setBackground(draft, color);
      return;
    }
  }
}

function setBackground(draft: Draft, color: Color | null): void {
  if (color === null || color.a === 0) return;
  draft.background = composite(color, draft.background);
  // A colour under a picture is what is seen until the picture loads, and what authors choose to be readable on.
  if (color.a > 0.5) draft.picture = false;
}

function fontSize(value: string, parentPx: number): number | null {
  const named = FONT_SIZES[value];
  if (named !== undefined) return named;
  if (value === 'smaller') return parentPx / 1.2;
  if (value === 'larger') return parentPx * 1.2;
  if (value === 'inherit' || value === 'unset') return parentPx;
  if (value === 'initial') return 16;
  return lengthOf(value, parentPx);
}
