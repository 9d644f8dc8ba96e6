import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync, appendFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openChats } from '../../src/connectors/index.ts';
import { JSON_RECORDS } from '../../src/contracts/index.ts';
import { connect, defer, tempFolder, type TestExecutor } from './support.ts';

const LONG_AGO = new Date('2020-01-01T00:00:00Z');

/** Writes a file as if it had been there for long: settled, and older than every retention. */
function drop(path: string, text: string | Buffer): void {
  writeFileSync(path, text);
  utimesSync(path, LONG_AGO, LONG_AGO);
}

interface Chats {
  readonly path: string;
  readonly telegram: string;
  readonly slack: string;
  readonly executor: TestExecutor;
}

async function open(path = tempFolder()): Promise<Chats> {
  const provider = await openChats({ path });
  const { executor } = await connect(provider);
  return { path, telegram: join(path, 'telegram', 'in'), slack: join(path, 'slack', 'in'), executor };
}

const update = (id: number, text = 'hello'): string =>
  JSON.stringify({ update_id: id, message: { message_id: id, text, chat: { id: 7 } } });

describe('chats from files', () => {
  it('hands over each message of a file by itself, with its channel, in order', async () => {
    const { executor, telegram, slack } = await open();
    drop(join(telegram, 'updates.json'), `{"ok":true,"result":[${update(1)}, ${update(2)}]}`);
    drop(join(slack, '2026-11-20.json'), '[\n  {"type":"message","text":"a"},\n  {"type":"message","text":"b"}\n]');
    const { messages, skipped } = await executor.fetch({ wait_ms: 5_000 });
    const of = (channel: string): string[] =>
      messages.filter((message) => message.channel === channel).map(({ bytes }) => bytes.toString());
    expect(of('telegram')).toEqual([update(1), update(2)]);
    expect(of('slack')).toEqual(['{"type":"message","text":"a"}', '{"type":"message","text":"b"}']);
    expect(skipped).toEqual([]);
  });

  it.each([
    ['one update of the Bot API', 'one.json', update(1), 1],
    ['one message a line', 'many.jsonl', `${update(1)}\n${update(2)}\n${update(3)}\n`, 3],
    ['an export of Telegram Desktop', 'result.json', '{"name":"Ann","id":7,"messages":[{"id":1},{"id":2}]}', 2],
    ['an export without messages', 'empty.json', '{"messages":[]}', 0],
  ])('takes %s', async (_, name, text, count) => {
    const { executor, telegram } = await open();
    drop(join(telegram, name), text);
    const { messages } = await executor.fetch({ wait_ms: count === 0 ? 1_000 : 5_000 });
    expect(messages).toHaveLength(count);
    await executor.fetch({ acknowledged: messages.map(({ key }) => key) });
    expect(readdirSync(join(telegram, 'cur'))).toEqual([name]);
  });

  it('leaves a file where it is until every message of it is stored', async () => {
    const { executor, telegram } = await open();
    drop(join(telegram, 'three.jsonl'), `${update(1)}\n${update(2)}\n${update(3)}\n`);
    const { messages } = await executor.fetch({ wait_ms: 5_000 });
    const keys = messages.map(({ key }) => key);
    await executor.fetch({ acknowledged: keys.slice(0, 2) });
    expect(readdirSync(telegram)).toContain('three.jsonl');
    expect(readdirSync(join(telegram, 'cur'))).toEqual([]);
    await executor.fetch({ acknowledged: keys.slice(2) });
    expect(readdirSync(telegram).sort()).toEqual(['.rejected', 'cur']);
    expect(readdirSync(join(telegram, 'cur'))).toEqual(['three.jsonl']);
  });

  it('brings nothing twice by a later export that holds an earlier one, and keeps equal messages of one file apart', async () => {
    const { executor, telegram } = await open();
    drop(join(telegram, 'a.json'), '{"messages":[{"text":"ok"},{"text":"ok"}]}');
    const first = (await executor.fetch({ wait_ms: 5_000 })).messages.map(({ key }) => key);
    expect(new Set(first).size).toBe(2);
    await executor.fetch({ acknowledged: first });
    drop(join(telegram, 'b.json'), '{"messages":[{"text":"ok"},{"text":"ok"},{"text":"new"}]}');
    const second = (await executor.fetch({ wait_ms: 5_000 })).messages.map(({ key }) => key);
    expect(second.slice(0, 2)).toEqual(first);
    expect(second).toHaveLength(3);
  });

  it('never takes a message of one channel for the same bytes of the other', async () => {
    const { executor, telegram, slack } = await open();
    for (const folder of [telegram, slack]) drop(join(folder, 'same.json'), '[{"text":"ok"}]');
    const { messages } = await executor.fetch({ wait_ms: 5_000 });
    expect(new Set(messages.map(({ key }) => key)).size).toBe(2);
    await executor.fetch({
      acknowledged: messages.filter(({ channel }) => channel === 'slack').map(({ key }) => key),
    });
    expect(readdirSync(join(slack, 'cur'))).toEqual(['same.json']);
    expect(readdirSync(join(telegram, 'cur'))).toEqual([]);
  });

  it('dates a message by when it came in, so that no retention takes an old export away, and keeps their order', async () => {
    const before = Date.now();
    const { executor, telegram } = await open();
    drop(join(telegram, 'old.jsonl'), `${update(1)}\n${update(2)}\n${update(3)}\n`);
    const times = (await executor.fetch({ wait_ms: 5_000 })).messages.map(({ receivedAt }) => Date.parse(receivedAt));
    expect(times.every((time) => time >= before)).toBe(true);
    expect(new Set(times).size).toBe(3);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('lets the channels take turns', async () => {
    const { executor, telegram, slack } = await open();
    drop(join(telegram, 'large.jsonl'), Array.from({ length: 1_000 }, (_, i) => update(i)).join('\n'));
    drop(join(slack, 'small.json'), '[{"text":"a"}]');
    const { messages, more } = await executor.fetch({ limit: 5, wait_ms: 5_000 });
    expect(messages.map(({ channel }) => channel)).toContain('slack');
    expect(more).toBe(true);
  });

  it('hands over no more than the executor has room for, and goes on where it stopped', async () => {
    const { executor, telegram } = await open();
    drop(join(telegram, 'large.jsonl'), Array.from({ length: 450 }, (_, i) => update(i)).join('\n'));
    const seen = new Set<string>();
    let acknowledged: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      const { messages } = await executor.fetch({ acknowledged, wait_ms: i < 5 ? 5_000 : 0 });
      acknowledged = messages.map(({ key }) => key);
      for (const key of acknowledged) seen.add(key);
    }
    expect(seen.size).toBe(450);
    expect(readdirSync(join(telegram, 'cur'))).toEqual(['large.jsonl']);
  });
});

describe('files that are not what they should be', () => {
  it('lose what is no JSON or too large, with a reason, and bring the rest', async () => {
    const { executor, telegram } = await open();
    const large = `{"text":"${'x'.repeat(JSON_RECORDS.recordBytesMax)}"}`;
    drop(join(telegram, 'mixed.json'), `[${update(1)},${large},${update(2)}]`);
    drop(join(telegram, 'no.json'), 'Dear Sir or Madam');
    drop(join(telegram, 'cut.json'), `[${update(3)},{"text":"`);
    const { messages, skipped } = await executor.fetch({ wait_ms: 5_000 });
    expect(messages.map(({ bytes }) => bytes.toString()).sort()).toEqual([update(1), update(2), update(3)]);
    expect(skipped.map(({ reason }) => reason).sort()).toEqual(['too_large', 'unreadable', 'unreadable']);
    expect(JSON.stringify(skipped)).not.toContain('Dear');
    await executor.fetch({ acknowledged: [...messages, ...skipped].map(({ key }) => key) });
    expect(readdirSync(join(telegram, '.rejected')).sort()).toEqual(['cut.json', 'mixed.json', 'no.json']);
  });

  it('are not followed out of the folder, and no pipe is waited for', async () => {
    const { executor, path, telegram } = await open();
    drop(join(path, 'secret'), update(1));
    symlinkSync(join(path, 'secret'), join(telegram, 'link.json'));
    mkdirSync(join(telegram, 'folder.json'));
    execFileSync('mkfifo', [join(telegram, 'pipe.json')]);
    utimesSync(join(telegram, 'pipe.json'), LONG_AGO, LONG_AGO);
    drop(join(telegram, 'good.json'), update(2));
    const { messages, skipped } = await executor.fetch({ wait_ms: 5_000 });
    const { messages: rest, skipped: others } = await executor.fetch({ wait_ms: 500 });
    expect([...messages, ...rest].map(({ bytes }) => bytes.toString())).toEqual([update(2)]);
    expect([...skipped, ...others].map(({ reason }) => reason)).toEqual(['unreadable', 'unreadable']);
    expect(readdirSync(join(telegram, '.rejected')).sort()).toEqual(['link.json', 'pipe.json']);
  });

  it('do not overwrite one of the same name that was taken before', async () => {
    const { executor, slack } = await open();
    for (const text of ['a', 'b']) {
      drop(join(slack, '2026-11-20.json'), JSON.stringify([{ text }]));
      const { messages } = await executor.fetch({ wait_ms: 5_000 });
      await executor.fetch({ acknowledged: messages.map(({ key }) => key) });
    }
    const kept = readdirSync(join(slack, 'cur'));
    expect(kept).toHaveLength(2);
    expect(kept.every((name) => name.endsWith('2026-11-20.json'))).toBe(true);
  });

  it('may have names of any bytes, and other endings are left alone', async () => {
    const { executor, telegram } = await open();
    const strange = Buffer.concat([Buffer.from(`${telegram}/`), Buffer.from([0xff, 0xfe, 0x20]), Buffer.from('.JSON')]);
    writeFileSync(strange, update(1));
    utimesSync(strange, LONG_AGO, LONG_AGO);
    drop(join(telegram, 'notes.txt'), 'x');
    drop(join(telegram, '.hidden.json'), update(2));
    const { messages } = await executor.fetch({ wait_ms: 5_000 });
    expect(messages.map(({ bytes }) => bytes.toString())).toEqual([update(1)]);
    await executor.fetch({ acknowledged: messages.map(({ key }) => key) });
    expect(readdirSync(join(telegram, 'cur'), { encoding: 'buffer' })).toEqual([
      Buffer.from([0xff, 0xfe, 0x20, ...Buffer.from('.JSON')]),
    ]);
    expect(readdirSync(telegram).sort()).toEqual(['.hidden.json', '.rejected', 'cur', 'notes.txt']);
  });

  it('that somebody goes on writing to are read again, and what is known comes under its old name', async () => {
    const { executor, telegram } = await open();
    const path = join(telegram, 'growing.jsonl');
    drop(path, `${update(1)}\n`);
    const first = (await executor.fetch({ wait_ms: 5_000 })).messages.map(({ key }) => key);
    appendFileSync(path, `${update(2)}\n`);
    await executor.fetch({ acknowledged: first });
    const second = (await executor.fetch({ wait_ms: 5_000 })).messages.map(({ key }) => key);
    expect(second[0]).toBe(first[0]);
    expect(second).toHaveLength(2);
    await executor.fetch({ acknowledged: second });
    expect(statSync(join(telegram, 'cur', 'growing.jsonl')).size).toBe(update(1).length + update(2).length + 2);
  });
});

describe('what it is not for', () => {
  it('refuses to send, and knows that nothing was sent', async () => {
    const provider = await openChats({ path: tempFolder() });
    defer(() => provider.close());
    const act = { jti: 'g_1', wh: 'a'.repeat(64), envelope: Buffer.from('{}\n'), content: Buffer.from('x') };
    expect(await provider.perform(act)).toEqual({ state: 'failed', reason: 'refused' });
    expect(await provider.reconcile(act)).toEqual({ state: 'absent', reason: 'not_found' });
  });
});
