import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMail, encodeMail, payloadHash, showMail, splitPayload } from '../../src/payloads/index.ts';
import { anyMail, mail, sha256Hex } from './support.ts';

const runs = process.env['SLOW'] === '1' ? 20_000 : 400;

describe('encode and decode of a mail', () => {
  it('reads back exactly the mail that was written', () => {
    fc.assert(
      fc.property(anyMail, (sent) => {
        expect(decodeMail(encodeMail(sent))).toEqual(sent);
      }),
      { numRuns: runs },
    );
  });

  it('writes again exactly the bytes that were read', () => {
    fc.assert(
      fc.property(anyMail, (sent) => {
        const bytes = encodeMail(sent);
        expect(Buffer.from(encodeMail(decodeMail(bytes))).equals(bytes)).toBe(true);
      }),
      { numRuns: runs },
    );
  });

  it('writes pure ASCII with lines of at most 998 characters and no bare CR or LF in the MIME part', () => {
    fc.assert(
      fc.property(anyMail, (sent) => {
        const text = Buffer.from(splitPayload(encodeMail(sent)).mime).toString('latin1');
        expect(text).toMatch(/^(?:[\t -~]{0,998}\r\n)+$/);
      }),
      { numRuns: runs },
    );
  });

  it('refuses every changed byte or reads exactly the changed bytes', () => {
    let refusedCount = 0;
    fc.assert(
      fc.property(anyMail, fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, at, by) => {
        const bytes = encodeMail(sent);
        const place = at % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ by;
        const read = tryDecode(bytes);
        if (read === null) refusedCount += 1;
        else expect(Buffer.from(encodeMail(read)).equals(bytes)).toBe(true);
      }),
      { numRuns: runs * 2 },
    );
    expect(refusedCount).toBeGreaterThan(runs / 4);
  });

  it('refuses a payload with a byte added or taken away at every place', () => {
    const bytes = encodeMail(mail({ subject: 'Grüße', body: 'a\n' }));
    for (let place = 0; place <= bytes.length; place++) {
      for (const piece of [[], [32], [10], [13], [0x41]]) {
        const changed = Buffer.concat([
          bytes.subarray(0, place),
          Buffer.from(piece),
          bytes.subarray(place + (piece.length === 0 ? 1 : 0)),
        ]);
        const read = tryDecode(changed);
        if (read !== null) expect(Buffer.from(encodeMail(read)).equals(changed)).toBe(true);
      }
    }
  });
});

describe('hash and view of a payload', () => {
  it('binds purpose and bytes', () => {
    const bytes = encodeMail(mail());
    const expected = sha256Hex(Buffer.concat([Buffer.from('hardshell/payload/v1\n'), bytes]));
    expect(payloadHash(bytes, sha256Hex)).toBe(expected);
    expect(payloadHash(encodeMail(mail({ body: 'other\n' })), sha256Hex)).not.toBe(expected);
  });

  it('shows every header line that is in the bytes, decoded', () => {
    fc.assert(
      fc.property(anyMail, (sent) => {
        const bytes = encodeMail(sent);
        const shown = showMail(bytes);
        const mime = Buffer.from(splitPayload(bytes).mime).toString('latin1');
        const names = mime
          .slice(0, mime.indexOf('\r\n\r\n'))
          .split('\r\n')
          .filter((line) => !line.startsWith(' '))
          .map((line) => line.slice(0, line.indexOf(':')));
        expect(shown.headers.map(([name]) => name)).toEqual(names);
        expect(shown.body).toBe(sent.body);
        expect(shown.envelope.to).toEqual([...sent.to, ...sent.cc, ...sent.bcc].map((person) => person.text));
        expect(shown.bytes).toBe(mime.length);
      }),
      { numRuns: runs },
    );
  });
});

function tryDecode(bytes: Uint8Array): ReturnType<typeof decodeMail> | null {
  try {
    return decodeMail(bytes);
  } catch (error) {
    expect(error).toMatchObject({ code: 'malformed', fate: 'refuse' });
    return null;
  }
}
