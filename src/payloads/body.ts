import { base64Decode, base64Encode } from './base64.ts';
import { quotedPrintableDecode, quotedPrintableEncode } from './quoted-printable.ts';
import { asciiBytes, utf8Decode, utf8Encode } from './utf8.ts';

export type BodyEncoding = '7bit' | 'quoted-printable' | 'base64';

const BASE64_LINE = 76;
const PLAIN_LINE_MAX = 78;

/** The body as it stands in the message (ASCII, CRLF line ends, one at the end) and the encoding chosen for it. */
export function encodeBody(body: string): { readonly encoding: BodyEncoding; readonly text: string } {
  const lines = body.split('\n');
  if (lines.every(isPlainLine)) return { encoding: '7bit', text: `${lines.join('\r\n')}\r\n` };
  const quoted = `${quotedPrintableEncode(lines.map(utf8Encode))}\r\n`;
  const base64 = wrap(base64Encode(utf8Encode(lines.join('\r\n'))));
  // What a person can read in the raw message, unless it costs more than a quarter on top.
  const readable = quoted.length * 4 <= base64.length * 5;
  return readable ? { encoding: 'quoted-printable', text: quoted } : { encoding: 'base64', text: base64 };
}

/** Inverse of `encodeBody`, or null where it cannot be ours. */
export function decodeBody(encoding: string, text: string): string | null {
  const ended = text.endsWith('\r\n') ? text.slice(0, -2) : null;
  const bytes = ended === null ? null : decodeBytes(encoding, ended);
  const decoded = bytes === null ? null : utf8Decode(bytes);
  return decoded === null ? null : decoded.replaceAll('\r\n', '\n');
}

function decodeBytes(encoding: string, text: string): Uint8Array | null {
  switch (encoding) {
    case '7bit':
      return asciiBytes(text);
    case 'quoted-printable':
      return quotedPrintableDecode(text);
    case 'base64':
      return base64Decode(text.replaceAll('\r\n', ''));
    default:
      return null;
  }
}

/** Short printable ASCII that no mail station rewrites: no outer space at the end, no `From `, no dot at the start. */
function isPlainLine(line: string): boolean {
  return (
    line.length <= PLAIN_LINE_MAX &&
    /^(?:[\t -~]*[!-~])?$/.test(line) &&
    !line.startsWith('From ') &&
    !line.startsWith('.')
  );
}

function wrap(text: string): string {
  const rows: string[] = [];
  for (let i = 0; i < text.length; i += BASE64_LINE) rows.push(text.slice(i, i + BASE64_LINE));
  return rows.map((row) => `${row}\r\n`).join('');
}
