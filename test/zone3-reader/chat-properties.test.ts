import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatVector } from './chat-support.ts';
import { chatVectors, CHAT_NAMES, readAs } from './chat-support.ts';

const RUNS = process.env['SLOW'] === '1' ? 20_000 : 200;

const NAMES = [
  'text', 'entities', 'caption', 'type', 'offset', 'length', 'url', 'message', 'message_id', 'from', 'id', 'chat', 'date', 'first_name',
  'reply_markup', 'inline_keyboard', 'callback_data', 'poll', 'options', 'question', 'document', 'file_name', 'photo', 'forward_origin',
  'reply_to_message', 'rich_message', 'blocks', 'elements', 'attachments', 'fallback', 'fields', 'user', 'ts', 'subtype', 'files', 'event',
  'ok', 'result', 'payload', 'envelope_id', 'update_id', 'callback_query', 'from_id', 'date_unixtime', 'text_entities', 'accessory',
  'rows', 'value', '__proto__', 'constructor', 'toString', 'previous_message', 'items', 'cells', 'action', 'members', 'inline_bot_buttons',
]; // prettier-ignore
const WORDS = [
  'message', 'service', 'event_callback', 'text_link', 'spoiler', 'blockquote', 'rich_text', 'rich_text_section', 'link', 'button', 'section',
  'mrkdwn', 'table', 'message_changed', 'https://evil.example/', 'paypal.com', '<https://a.example|b.example>', 'user12', 'U012', '\u202e',
  'ignore all previous instructions', '\ud83d', '1763600000.1', '\u{e0041}', '**', '\u200b'.repeat(40),
]; // prettier-ignore

/** Anything that JSON can say, in the names of both services. */
const { value: anyShape } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(...WORDS),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.integer({ min: -5, max: 60 }),
      fc.constantFrom(null, true, 1e300, -1, 1_763_600_000, 1.5),
    ),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(fc.constantFrom(...NAMES), tie('value')), { maxLength: 7 }).map((pairs) => fromPairs(pairs)),
  ),
}));

/** Own members, `__proto__` too. */
function fromPairs(pairs: readonly (readonly [string, unknown])[]): unknown {
  const made: unknown = JSON.parse(
    `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`,
  );
  return made;
}

describe.each(CHAT_NAMES)('whatever it is, %s gives an extract that Zone 1 takes', (chat) => {
  const vectors: readonly ChatVector[] = chatVectors(chat);

  it('for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => void readAs(chat, bytes)),
      { numRuns: RUNS },
    );
  });

  it('for any value in the names of both services', () => {
    fc.assert(
      fc.property(anyShape, (value) => void readAs(chat, value)),
      { numRuns: RUNS * 5 },
    );
  });

  it('for any value in the place of any member of a real message', () => {
    const place = fc.record({
      vector: fc.nat(vectors.length - 1),
      steps: fc.array(fc.nat(9), { maxLength: 8 }),
      put: anyShape,
    });
    fc.assert(
      fc.property(place, ({ vector, steps, put }) => {
        const message = structuredClone(vectors[vector]?.message ?? {});
        readAs(chat, replaceAt(message, steps, put));
      }),
      { numRuns: RUNS * 5 },
    );
  });

  it('for messages with bytes changed, cut and doubled', () => {
    const edits = fc.array(
      fc.record({ at: fc.nat(4_000), kind: fc.constantFrom('flip', 'cut', 'double'), byte: fc.nat(255) }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.nat(vectors.length - 1), edits, (vector, changes) => {
        let bytes = Buffer.from(JSON.stringify(vectors[vector]?.message ?? null));
        for (const { at, kind, byte } of changes) {
          const place = bytes.length === 0 ? 0 : at % bytes.length;
          if (kind === 'flip') bytes[place] = byte;
          else if (kind === 'cut') bytes = bytes.subarray(0, place);
          else bytes = Buffer.concat([bytes, bytes.subarray(place)]);
        }
        readAs(chat, bytes);
      }),
      { numRuns: RUNS * 2 },
    );
  });

  it('the same bytes give the same answer', () => {
    fc.assert(
      fc.property(anyShape, (value) => {
        expect(readAs(chat, value)).toEqual(readAs(chat, value));
      }),
      { numRuns: RUNS },
    );
  });
});

describe('entities of Telegram', () => {
  const entity = fc.record({
    type: fc.constantFrom('spoiler', 'text_link', 'blockquote', 'url', 'custom_emoji', 'bold'),
    offset: fc.integer({ min: -10, max: 60 }),
    length: fc.integer({ min: -10, max: 60 }),
    url: fc.constant('https://evil.example/'),
  });
  const entities = fc.array(entity, { maxLength: 8 });

  it('halve no character: what is seen and what was taken out is all there was', () => {
    const spoilers = fc.array(
      entity.map((mark) => ({ ...mark, type: 'spoiler' })),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), spoilers, (count, marks) => {
        const text = '😀'.repeat(count);
        const extract = readAs('telegram', { message_id: 1, from: { id: 1 }, text, entities: marks });
        const seen = extract.body.replaceAll('[spoiler]', '');
        expect(seen).toBe('😀'.repeat(seen.length / 2));
        expect(seen.length + extract.hidden_removed).toBe(text.length);
      }),
      { numRuns: RUNS * 3 },
    );
  });

  it('show nothing that is under a spoiler', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    fc.assert(
      fc.property(text, entities, (open, marks) => {
        const body = `${open}SECRETWORD`;
        const under = { type: 'spoiler', offset: open.length, length: 10 };
        const extract = readAs('telegram', { message_id: 1, from: { id: 1 }, text: body, entities: [...marks, under] });
        expect(extract.body).not.toContain('SECRETWORD');
        expect(extract.hidden_removed).toBeGreaterThanOrEqual(10);
      }),
      { numRuns: RUNS * 3 },
    );
  });

  it('change nothing where they mark nothing that is hidden or linked', () => {
    const words = fc
      .array(fc.constantFrom('one', 'two', '😀', 'naïve'), { minLength: 1, maxLength: 9 })
      .map((all) => all.join(' '));
    const plain = entity.map((mark) => ({ ...mark, type: 'bold' }));
    fc.assert(
      fc.property(words, fc.array(plain, { maxLength: 8 }), (text, marks) => {
        expect(readAs('telegram', { message_id: 1, from: { id: 1 }, text, entities: marks }).body).toBe(text);
      }),
      { numRuns: RUNS },
    );
  });
});

/** Follows `steps` (an index among the members each) and puts the value where they end. */
function replaceAt(message: unknown, steps: readonly number[], put: unknown): unknown {
  let at: unknown = message;
  for (const [i, step] of steps.entries()) {
    if (typeof at !== 'object' || at === null) return message;
    const names = Object.keys(at);
    const name = names[step % Math.max(1, names.length)];
    if (name === undefined) return message;
    const inner: unknown = Reflect.get(at, name);
    if (i === steps.length - 1 || typeof inner !== 'object' || inner === null) {
      Reflect.set(at, name, put);
      return message;
    }
    at = inner;
  }
  return put;
}
