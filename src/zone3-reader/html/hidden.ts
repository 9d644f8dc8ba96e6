import { composite, contrast } from './colors.ts';
import type { Declaration } from './css.ts';
import { lengthOf } from './lengths.ts';
import type { Look } from './look.ts';
import type { Element } from './selectors.ts';
import { attribute } from './selectors.ts';

/** Below this no person reads the text. */
const FONT_PX_MIN = 3.5;
const OPACITY_MIN = 0.12;
/** WCAG asks for 4.5; 1.25 is grey on slightly different grey. */
const CONTRAST_MIN = 1.25;
const FAR_PX = 500;
/** Tags whose text no mail program draws. */
const UNDRAWN: ReadonlySet<string> = new Set(
  'head title template datalist dialog iframe noembed noframes object applet audio video canvas defs desc metadata rp annotation annotation-xml'.split(
    ' ',
  ),
);

/** Declarations that `Look` deals with and that move or clip no box. */
const TEXT_ONLY: ReadonlySet<string> = new Set(
  'color background background-color background-image font font-size visibility opacity letter-spacing line-height white-space -webkit-text-fill-color float z-index'.split(
    ' ',
  ),
);

/** Is the text of this tag drawn nowhere, whatever its style? */
export function isUndrawn(tag: string): boolean {
  return UNDRAWN.has(tag);
}

/** Why the box of `element` and all in it cannot be seen, or empty. */
export function boxHidden(element: Element, declarations: readonly Declaration[], look: Look): string {
  const tag = element.tagName;
  if (UNDRAWN.has(tag) && !(tag === 'dialog' && attribute(element, 'open') !== undefined)) return `element <${tag}>`;
  if (declarations.length === 0 && element.attrs.length === 0) return '';
  let display = '';
  let box: Record<string, string> | null = null;
  for (const { name, value } of declarations) {
    if (name === 'display') display = value;
    else if (!TEXT_ONLY.has(name)) (box ??= {})[name] = value;
  }
  if (display === 'none') return 'display:none';
  if (attribute(element, 'hidden') !== undefined && display === '') return 'attribute hidden';
  if (box === null) return '';
  if (box['content-visibility'] === 'hidden') return 'content-visibility:hidden';
  return clipped(box, look) || offScreen(box, look) || transformed(box) || filtered(box);
}

/** Why text with this look cannot be read, or empty. */
export function textHidden(look: Look): string {
  if (look.hidden !== '') return look.hidden;
  if (!look.visible) return 'visibility:hidden';
  if (look.fontPx < FONT_PX_MIN) return `font-size ${round(look.fontPx)}px`;
  if (look.opacity < OPACITY_MIN) return `opacity ${round(look.opacity)}`;
  if (look.letterSpacingPx < -0.45 * look.fontPx) return 'letter-spacing pulls letters over one another';
  const color = look.fill ?? look.color;
  if (color.a * look.opacity < OPACITY_MIN) return 'transparent colour';
  if (look.picture) return '';
  const shown = composite(color, look.background);
  if (contrast(shown, look.background) < CONTRAST_MIN) return 'colour on nearly the same colour';
  return '';
}

function clipped(box: Readonly<Record<string, string>>, look: Look): string {
  const overflow = `${box['overflow'] ?? ''} ${box['overflow-x'] ?? ''} ${box['overflow-y'] ?? ''}`;
  const cuts = /hidden|clip|scroll|auto/.test(overflow);
  if (cuts) {
    for (const name of ['max-height', 'height', 'max-width', 'width']) {
      const px = lengthOf(box[name] ?? '', 1_000);
      if (px !== null && px <= 2) return `${name} ${round(px)}px with overflow hidden`;
    }
    if (look.lineHeightPx < 1) return 'line-height 0 with overflow hidden';
  }
  const positioned = box['position'] === 'absolute' || box['position'] === 'fixed';
  const clip = box['clip'] ?? '';
  if (clip.startsWith('rect(') && positioned && emptyRect(clip)) return 'clip to nothing';
  const path = box['clip-path'] ?? '';
  if (/^inset\(\s*(?:[5-9]\d|100)(?:\.\d+)?%/.test(path) || /^(?:circle|ellipse)\(\s*0/.test(path))
    return 'clip-path to nothing';
  if (path.startsWith('polygon(') && !/[1-9]/.test(path)) return 'clip-path to nothing';
  return '';
}

/** `rect(top, right, bottom, left)` that leaves at most two pixels in one direction. */
function emptyRect(clip: string): boolean {
  const sides = clip
    .slice(5, -1)
    .split(/[\s,]+/)
    .filter((side) => side !== '')
    .map((side) => lengthOf(side, 0));
  const [top, right, bottom, left] = sides;
  if (typeof top !== 'number' || typeof right !== 'number' || typeof bottom !== 'number' || typeof left !== 'number')
    return false;
  return bottom - top <= 2 || right - left <= 2;
}

function offScreen(box: Readonly<Record<string, string>>, look: Look): string {
  const indent = lengthOf(box['text-indent'] ?? '', 1_000);
  if (indent !== null && (indent <= -200 || indent >= 3_000)) return `text-indent ${round(indent)}px`;
  if (box['position'] !== undefined && box['position'] !== 'static') {
    for (const name of ['left', 'right', 'top', 'bottom']) {
      const px = lengthOf(box[name] ?? '', 1_000);
      if (px !== null && (px <= -FAR_PX || px >= 10_000)) return `${name} ${round(px)}px`;
    }
    const inset = lengthOf((box['inset'] ?? '').split(' ', 1)[0] ?? '', 1_000);
    if (inset !== null && Math.abs(inset) >= FAR_PX) return `inset ${round(inset)}px`;
  }
  for (const name of ['margin-left', 'margin-top', 'margin-right']) {
    const px = lengthOf(box[name] ?? '', look.fontPx);
    if (px !== null && px <= -FAR_PX) return `${name} ${round(px)}px`;
  }
  for (const word of (box['margin'] ?? '').split(/\s+/).slice(0, 4)) {
    const px = lengthOf(word, look.fontPx);
    if (px !== null && px <= -FAR_PX) return `margin ${round(px)}px`;
  }
  return '';
}

function transformed(box: Readonly<Record<string, string>>): string {
  if (
    box['transform'] === undefined &&
    box['scale'] === undefined &&
    box['translate'] === undefined &&
    box['zoom'] === undefined
  ) {
    return '';
  }
  const transform = `${box['transform'] ?? ''} ${box['scale'] === undefined ? '' : `scale(${box['scale']})`} ${
    box['translate'] === undefined ? '' : `translate(${box['translate']})`
  }`;
  for (const match of transform.matchAll(
    /(scale[xyz]?|scale3d|translate[xy]?|translate3d|rotate[xy]|matrix)\(([^()]{0,120})\)/g,
  )) {
    const name = match[1] ?? '';
    const parts = (match[2] ?? '').split(/[\s,]+/).filter((part) => part !== '');
    if (name.startsWith('scale') && parts.some((part) => Math.abs(Number.parseFloat(part)) < 0.1))
      return `${name} to nothing`;
    if (name.startsWith('translate') && parts.some((part) => Math.abs(lengthOf(part, 1_000) ?? 0) >= FAR_PX * 2)) {
      return `${name} off the screen`;
    }
    if (/^rotate[xy]/.test(name) && /^-?(?:90|270)deg/.test(parts[0] ?? '')) return `${name} to an edge`;
    if (name === 'matrix' && (Math.abs(Number(parts[0])) < 0.1 || Math.abs(Number(parts[3])) < 0.1))
      return 'matrix to nothing';
  }
  const zoom = Number.parseFloat(box['zoom'] ?? '1') / ((box['zoom'] ?? '').endsWith('%') ? 100 : 1);
  return zoom < 0.2 ? 'zoom to nothing' : '';
}

function filtered(box: Readonly<Record<string, string>>): string {
  const filter = box['filter'] ?? '';
  const opacity = /opacity\(\s*([\d.]{1,6})(%?)/.exec(filter) ?? /alpha\(\s*opacity\s*=\s*([\d.]{1,6})()/.exec(filter);
  if (opacity !== null) {
    const whole = opacity[2] === '%' || filter.startsWith('alpha') || filter.includes('alpha(') ? 100 : 1;
    if (Number(opacity[1]) / whole < OPACITY_MIN) return 'filter:opacity';
  }
  const blur = /blur\(\s*([\d.]{1,6})px/.exec(filter);
  return blur !== null && Number(blur[1]) >= 6 ? 'filter:blur' : '';
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
