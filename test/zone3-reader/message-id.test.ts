import { describe, expect, test } from 'vitest';
import { readMessageId } from '../../src/zone3-reader/index.ts';

const id = (text: string): string | null => readMessageId(Buffer.from(text, 'latin1'));

describe('the claimed Message-ID', () => {
  test('is found in the header, folded or not, whatever the case of its name', () => {
    expect(id('From: a@b\nMessage-ID: <x.1@host.example>\n\nbody')).toBe('<x.1@host.example>');
    expect(id('message-id:<x@y>\r\nFrom: a@b\r\n\r\nbody')).toBe('<x@y>');
    expect(id('From: a@b\r\nMessage-Id:\r\n <x@y>\r\n\r\nbody')).toBe('<x@y>');
    expect(id('Message-ID: <x@y>')).toBe('<x@y>');
  });

  test('is none when it stands in the body, or is not in the plain grammar', () => {
    for (const text of [
      'From: a@b\n\nMessage-ID: <x@y>\n',
      'Message-ID: <x@y>, <z@w>\n\n',
      'Message-ID: x@y\n\n',
      'Message-ID: <x y@z>\n\n',
      'Message-ID: <x@y\u0000>\n\n',
      'Message-ID: <x@y>\n Bcc: eve@evil.example\n\n',
      'X-Message-ID: <x@y>\n\n',
      'Message-ID: <xy>\n\n',
      '',
    ])
      expect(id(text)).toBeNull();
  });
});
