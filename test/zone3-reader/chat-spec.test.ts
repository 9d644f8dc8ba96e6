import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isMembers, member } from '../../src/zone3-reader/chat/members.ts';
import { readAs, type Chat } from './chat-support.ts';

const FILES: Readonly<Record<Chat, string>> = {
  telegram: fileURLToPath(new URL('../../../shared/specs/telegram-bot-api.openapi3.json', import.meta.url)),
  slack: fileURLToPath(new URL('../../../shared/specs/slack-web-api.swagger2.json', import.meta.url)),
};

/** Every example of a message in a published specification: an answer around one, or the message itself. */
function examples(value: unknown, isOne: (value: unknown) => boolean): unknown[] {
  if (isOne(value)) return [value];
  return typeof value === 'object' && value !== null
    ? Object.values(value).flatMap((inner) => examples(inner, isOne))
    : [];
}

const isText = (value: unknown): boolean => typeof value === 'string';
const IS_ONE: Readonly<Record<Chat, (value: unknown) => boolean>> = {
  telegram: (value) => Number.isInteger(member(value, 'message_id')) && isText(member(value, 'text')),
  slack: (value) =>
    isMembers(value) && isText(value['ts']) && (isText(value['text']) || isText(member(value, 'message', 'text'))),
};

describe.each(['telegram', 'slack'] as const)('messages of %s that nobody here wrote', (chat) => {
  const path = FILES[chat];
  if (!existsSync(path)) {
    const reason = `${path} is not there; its examples were not read`;
    console.warn(`SKIPPED: ${reason}`);
    it('are read', (context) => context.skip(reason));
    return;
  }
  const found = examples(JSON.parse(readFileSync(path, 'utf8')), IS_ONE[chat]);

  it('are enough to mean something', () => expect(found.length).toBeGreaterThan(5));

  it.each(found.map((message) => ({ message })))('$message.text', ({ message }) => {
    const extract = readAs(chat, message);
    const text = member(message, 'text') ?? member(message, 'message', 'text');
    expect(extract.body.startsWith(String(text))).toBe(true);
    expect(extract.from).toMatch(/^(?:telegram|slack):(?:user|bot):/);
    expect(extract.findings.filter((finding) => finding.severity !== 'info')).toEqual([]);
  });
});
