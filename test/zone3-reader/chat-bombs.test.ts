import { describe, expect, it } from 'vitest';
import { readAs, type Chat } from './chat-support.ts';
import { rules } from './support.ts';

const MIB = 1_048_576;
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const telegram = (more: object): object => ({
  message_id: 1,
  from: { id: 1, first_name: 'A' },
  chat: { id: 2 },
  date: 1,
  ...more,
});
const slack = (more: object): object => ({ type: 'message', user: 'U1', ts: '1763600000.1', text: 'x', ...more });
const rich = (elements: unknown): object =>
  slack({ blocks: [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] }] });
const deep = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth);

/** Each must be read to its end; what one may cost is the time that the suite gives a test. */
const BOMBS: readonly (readonly [name: string, chat: Chat, message: string | object, rule?: string])[] = [
  ['a million arrays inside one another', 'telegram', deep(1_000_000, '[', ']'), 'json_too_deep'],
  ['objects inside one another, just deeper than the cap', 'slack', deep(70, '{"a":[', ']}'), 'json_too_deep'],
  ['an array of a million numbers', 'telegram', `[${'1,'.repeat(1_000_000)}1]`, 'json_too_many_values'],
  ['a million brackets that never close', 'slack', '{"a":'.repeat(400_000), 'json_too_deep'],
  ['more bytes than are read', 'slack', `{"text":"${'x'.repeat(4 * MIB)}"}`, 'json_too_large'],
  ['50 MiB of quotation marks', 'telegram', '"'.repeat(50 * MIB), 'json_too_large'],
  ['backslashes to the end', 'telegram', `"${'\\'.repeat(3 * MIB)}`],
  ['four million letters without a blank', 'telegram', telegram({ text: 'x'.repeat(4_000_000) }), 'content_truncated'],
  ['a text of zero-width characters', 'telegram', telegram({ text: '\u200b'.repeat(1_000_000) })],
  ['a text of towers of marks', 'slack', slack({ text: 'e\u0301\u0302\u0303\u0304\u0305\u0306'.repeat(200_000) })],
  [
    'fourteen thousand entities over one text',
    'telegram',
    telegram({
      text: 'word '.repeat(800),
      entities: many(14_000, (i) => ({
        type: i % 2 === 0 ? 'spoiler' : 'text_link',
        offset: i % 4_000,
        length: 4_000,
        url: 'https://evil.example/',
      })),
    }),
    'entities_truncated',
  ],
  [
    'quotations over one another, each line one',
    'telegram',
    telegram({
      text: 'a\n'.repeat(400_000),
      entities: many(1_000, (i) => ({ type: 'blockquote', offset: i, length: 800_000 })),
    }),
  ],
  [
    'offsets beyond every number',
    'telegram',
    telegram({
      text: 'abc',
      entities: many(1_000, (i) => ({ type: 'spoiler', offset: i % 2 === 0 ? -(2 ** 53) : 2 ** 53, length: 2 ** 60 })),
    }),
    'entity_astray',
  ],
  [
    'ten thousand buttons',
    'telegram',
    telegram({
      reply_markup: {
        inline_keyboard: many(100, () =>
          many(100, (i) => ({
            text: `paypal.com ${i}`,
            url: `https://evil.example/${i}`,
            callback_data: 'x'.repeat(64),
          })),
        ),
      },
    }),
  ],
  [
    'payloads without a blank',
    'telegram',
    telegram({
      reply_markup: {
        inline_keyboard: many(90, () => many(10, () => ({ text: 'a', callback_data: 'a'.repeat(4_000) }))),
      },
    }),
  ],
  [
    'ten thousand people who joined',
    'telegram',
    telegram({ new_chat_members: many(10_000, (i) => ({ id: i, first_name: `n${i}` })) }),
  ],
  [
    'ten thousand options of a poll',
    'telegram',
    telegram({ poll: { question: 'q', options: many(10_000, (i) => ({ text: `option ${i}` })) } }),
  ],
  [
    'rich text nested to the cap, a link at each level',
    'telegram',
    telegram({
      rich_message: {
        blocks: [
          many(28, (i) => i).reduce<unknown>(
            (text, i) => ({ type: 'url', text, url: `https://e${i}.example/` }),
            'x'.repeat(100_000),
          ),
        ],
      },
    }),
  ],
  ['a file name of a megabyte', 'telegram', telegram({ document: { file_name: `${'a '.repeat(500_000)}.exe` } })],
  [
    'a hundred thousand strings that nobody reads',
    'telegram',
    telegram({ odd: many(90_000, (i) => `some words ${i}`) }),
  ],
  ['a million opening brackets of links', 'slack', slack({ text: '<'.repeat(1_000_000) })],
  ['links that never end', 'slack', slack({ text: `<${'a'.repeat(19_999)}`.repeat(190) })],
  [
    'fifty thousand links',
    'slack',
    slack({ text: '<https://evil.example/|paypal.com> '.repeat(50_000) }),
    'content_truncated',
  ],
  ['a million escapes', 'slack', slack({ text: '&amp;'.repeat(700_000) })],
  [
    'brackets of Markdown links',
    'slack',
    slack({ blocks: [{ type: 'markdown', text: '[a'.repeat(400_000) + ']('.repeat(400_000) }] }),
  ],
  [
    'thirty thousand elements of rich text',
    'slack',
    rich(many(33_000, (i) => ({ type: 'text', text: `w${i} ` }))),
    'too_many_parts',
  ],
  [
    'rich links with long addresses',
    'slack',
    rich(
      many(1_000, () => ({ type: 'link', url: `https://evil.example/?u=${'%25'.repeat(1_000)}`, text: 'paypal.com' })),
    ),
  ],
  [
    'blocks nested to the cap',
    'slack',
    `{"type":"message","ts":"1.0","blocks":${deep(30, '[{"elements":', '}]').replace(':}', ':[]}')}}`,
  ],
  [
    'two hundred fallbacks of twenty kilobytes',
    'slack',
    slack({
      attachments: many(200, (i) => ({ text: `word${i} `.repeat(10), fallback: 'ignore this and that. '.repeat(900) })),
    }),
  ],
  [
    'a table of a thousand rows',
    'slack',
    slack({
      blocks: [{ type: 'table', rows: many(1_000, () => many(20, (i) => ({ type: 'raw_text', text: `${i}` }))) }],
    }),
  ],
  [
    'a table of ninety thousand cells',
    'slack',
    slack({ blocks: [{ type: 'table', rows: many(300, () => many(300, () => 'x')) }] }),
  ],
  ['an array of ninety-nine thousand blocks', 'slack', slack({ blocks: [many(99_000, () => 1)] })],
  [
    'rich text of ninety-nine thousand strings',
    'telegram',
    telegram({ rich_message: { blocks: [many(99_000, () => 'w ')] } }),
  ],
  [
    'an export of forty thousand parts of text',
    'telegram',
    { id: 1, type: 'message', from_id: 'user1', text: many(40_000, () => ({ type: 'bold', text: 'x' })) },
  ],
  [
    'ten thousand files',
    'slack',
    slack({ files: many(10_000, (i) => ({ name: `a${i}.exe`, size: i })) }),
    'attachments_truncated',
  ],
  [
    'ten thousand names that stand twice',
    'slack',
    `{"type":"message","ts":"1.0",${many(10_000, () => '"text":"x"').join(',')}}`,
    'json_repeated_name',
  ],
];

describe('bombs are read, cut and told', () => {
  const bombs = BOMBS.map(([name, chat, message, rule]) => ({ name, chat, message, rule }));

  it.each(bombs)('$name', ({ chat, message, rule }) => {
    const extract = readAs(chat, message);
    if (rule !== undefined) expect(rules(extract)).toContain(rule);
    expect(extract.body.length).toBeLessThanOrEqual(10_000);
  });
});
