const LINE_MAX = 76;
const HEX = '0123456789ABCDEF';

/**
 * Quoted-printable (RFC 2045, section 6.7) of text lines: line ends stay, each encoded line has at most 76 characters.
 * A space or tab before a line end, `From ` and a dot at a line's start are encoded, so that no station on the way has
 * a reason to touch them.
 */
export function quotedPrintableEncode(lines: readonly Uint8Array[]): string {
  return lines.map(encodeLine).join('\r\n');
}

function encodeLine(line: Uint8Array): string {
  const rows: string[] = [];
  let row = '';
  for (let i = 0; i < line.length; i++) {
    const byte = line[i] ?? 0;
    const token = isPlain(line, i) ? String.fromCharCode(byte) : escape(byte);
    // The soft line break itself takes one character.
    const room = i === line.length - 1 ? LINE_MAX : LINE_MAX - 1;
    if (row.length + token.length > room) {
      rows.push(`${row}=`);
      row = '';
    }
    row += row === '' && (token === '.' || token === 'F') ? escape(byte) : token;
  }
  return [...rows, row].join('\r\n');
}

function isPlain(line: Uint8Array, index: number): boolean {
  const byte = line[index] ?? 0;
  if (byte === 0x3d) return false;
  if (byte === 0x20 || byte === 0x09) return index < line.length - 1;
  return byte > 0x20 && byte < 0x7f;
}

function escape(byte: number): string {
  return `=${HEX.charAt(byte >> 4)}${HEX.charAt(byte & 15)}`;
}

/** Bytes with CRLF line ends, or null where the text is not quoted-printable. */
export function quotedPrintableDecode(text: string): Uint8Array | null {
  const joined = text.replaceAll('=\r\n', '');
  const out = new Uint8Array(joined.length);
  let at = 0;
  for (let i = 0; i < joined.length; i++) {
    const char = joined.charAt(i);
    if (char !== '=') {
      out[at++] = char.charCodeAt(0);
      continue;
    }
    const pair = joined.slice(i + 1, i + 3);
    if (!/^[0-9A-F]{2}$/.test(pair)) return null;
    out[at++] = Number.parseInt(pair, 16);
    i += 2;
  }
  return out.slice(0, at);
}
