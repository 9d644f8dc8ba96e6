const UNITS: Readonly<Record<string, number>> = {
  px: 1,
  pt: 4 / 3,
  pc: 16,
  in: 96,
  cm: 37.8,
  mm: 3.78,
  q: 0.945,
  rem: 16,
  vw: 10.24,
  vh: 7.68,
  vmin: 7.68,
  vmax: 10.24,
  dvh: 7.68,
  svh: 7.68,
  lvh: 7.68,
};

/** Pixels of a CSS length; `relativePx` is what `em` and `%` are measured by. Null when it is no length. */
export function lengthOf(value: string, relativePx: number): number | null {
  const text = value.startsWith('calc(') && value.endsWith(')') ? value.slice(5, -1).trim() : value;
  const match = /^([+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(?:e[+-]?\d{1,2})?)\s*([a-z%]*)$/.exec(text);
  if (match === null) return clampedLength(text, relativePx);
  const number = Number(match[1]);
  const unit = match[2] ?? '';
  if (unit === '') return number;
  if (unit === '%') return (number / 100) * relativePx;
  if (unit === 'em' || unit === 'lh') return number * relativePx;
  if (unit === 'ex' || unit === 'ch') return number * relativePx * 0.5;
  const factor = UNITS[unit];
  return factor === undefined ? null : number * factor;
}

/** `min(…)`, `max(…)` and `clamp(…)` of plain lengths: what a desktop would get, roughly. */
function clampedLength(text: string, relativePx: number): number | null {
  const call = /^(min|max|clamp)\(([^()]{1,120})\)$/.exec(text);
  if (call === null) return null;
  const parts = (call[2] ?? '').split(',').map((part) => plainLength(part.trim(), relativePx));
  const known = parts.filter((part) => part !== null);
  if (known.length === 0) return null;
  if (call[1] === 'min') return Math.min(...known);
  if (call[1] === 'max') return Math.max(...known);
  return known[known.length - 1] ?? null;
}

function plainLength(text: string, relativePx: number): number | null {
  return text.includes('(') ? null : lengthOf(text, relativePx);
}
