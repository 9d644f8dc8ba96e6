/** What the first bytes of a file say that it is. */
export type FileKind = 'mbox' | 'mail' | 'empty' | 'compressed' | 'outlook' | 'json' | 'other';

/** As many bytes as `sniff` looks at. */
export const SNIFF_BYTES = 4_096;

const MAGIC: readonly { readonly kind: FileKind; readonly bytes: readonly number[] }[] = [
  { kind: 'compressed', bytes: [0x1f, 0x8b] },
  { kind: 'compressed', bytes: [0x42, 0x5a, 0x68] },
  { kind: 'compressed', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { kind: 'compressed', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { kind: 'compressed', bytes: [0x50, 0x4b, 0x03, 0x04] },
  { kind: 'outlook', bytes: [0x21, 0x42, 0x44, 0x4e] },
  { kind: 'outlook', bytes: [0xd0, 0xcf, 0x11, 0xe0] },
];
const HEADER_LINE = /^[!-9;-~]{1,100}[ \t]*:/;

/** Looks at bytes only to tell containers apart; what a message means is for the readers. */
export function sniff(head: Buffer): FileKind {
  if (head.length === 0) return 'empty';
  const magic = MAGIC.find(({ bytes }) => bytes.every((byte, i) => head[i] === byte));
  if (magic !== undefined) return magic.kind;
  const text = head.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '');
  if (/^[\t\n\r ]*[[{]/.test(text)) return 'json';
  const lines = text.split(/\r\n|\n|\r/);
  const first = lines.findIndex((line) => line !== '');
  const line = lines[first] ?? '';
  if (line.startsWith('From ')) return 'mbox';
  if (HEADER_LINE.test(line) || (line.startsWith('>From ') && HEADER_LINE.test(lines[first + 1] ?? ''))) return 'mail';
  return 'other';
}

/** True for a line that begins a header. */
export function isHeaderLine(line: string): boolean {
  return HEADER_LINE.test(line);
}
