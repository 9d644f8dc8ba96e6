import { DEFAULT_TEMPLATES } from './default-templates.ts';

/** Categories of mail that a template answers. */
export const TEMPLATE_NAMES = ['question', 'meeting', 'invoice', 'personal'] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/** Largest template in bytes; a mail of the owner is not longer. */
export const TEMPLATE_BYTES_MAX = 16_384;

const HOLES = ['name', 'subject', 'summary'] as const;
type Hole = (typeof HOLES)[number];

/** `off`: the owner emptied the file, so nothing is proposed. `refused`: it cannot be used, and why. */
export type Template =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'off' }
  | { readonly kind: 'refused'; readonly reason: string };

export type Templates = Readonly<Record<TemplateName, Template>>;

/** A template from the text of a file: plain text with `{{name}}`, `{{subject}}` and `{{summary}}`. */
export function parseTemplate(text: string): Template {
  if (Buffer.byteLength(text) > TEMPLATE_BYTES_MAX) return refused(`it is larger than ${TEMPLATE_BYTES_MAX} bytes`);
  const lines = text.replaceAll('\r\n', '\n').trim();
  if (lines === '') return { kind: 'off' };
  // eslint-disable-next-line no-control-regex -- these are the characters that must not occur
  if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(lines)) return refused('it holds control characters');
  if (!lines.isWellFormed()) return refused('it is not well-formed text');
  const rest = lines.replaceAll(HOLE, (whole, name: string) => (isHole(name) ? '' : whole));
  const strange = /\{\{[^{}]{0,40}\}?\}?|\}\}/.exec(rest);
  if (strange !== null)
    return refused(`it holds \`${strange[0]}\`; the holes are {{name}}, {{subject}} and {{summary}}`);
  return { kind: 'text', text: lines };
}

/** The text with its holes filled, each once: what a value holds is never read as a hole. */
export function fillTemplate(text: string, values: Readonly<Record<Hole, string>>): string {
  return text.replaceAll(HOLE, (whole, name: string) => (isHole(name) ? oneLine(values[name]) : whole));
}

/** All templates: the owner's where there is a file, ours elsewhere. */
export function templatesFrom(files: ReadonlyMap<string, string>): Templates {
  const of = (name: TemplateName): Template => parseTemplate(files.get(name) ?? DEFAULT_TEMPLATES[name]);
  return { question: of('question'), meeting: of('meeting'), invoice: of('invoice'), personal: of('personal') };
}

const HOLE = /\{\{\s*([a-z]+)\s*\}\}/g;

function isHole(name: string): name is Hole {
  return HOLES.some((hole) => hole === name);
}

function oneLine(value: string): string {
  return value.replaceAll(/\s+/g, ' ').trim();
}

function refused(reason: string): Template {
  return { kind: 'refused', reason };
}
