import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openMaildir } from '../../src/connectors/index.ts';
import { connect, tempFolder, type TestExecutor } from './support.ts';

async function start(path = tempFolder()): Promise<{ path: string; inbox: string; executor: TestExecutor }> {
  const { executor } = await connect(await openMaildir({ path }));
  return { path, inbox: join(path, 'in'), executor };
}

/** A file that has long been complete. */
function drop(path: string, content: string | Buffer = 'Subject: x\r\n\r\nhello\r\n', secondsAgo = 60): void {
  writeFileSync(path, content);
  const at = Date.now() / 1_000 - secondsAgo;
  utimesSync(path, at, at);
}

const texts = (messages: readonly { bytes: Buffer }[]): string[] => messages.map((message) => message.bytes.toString());

describe('taking mail in', () => {
  it('delivers what lies in new, in cur without the seen flag, and loose .eml files', async () => {
    const { inbox, executor } = await start();
    drop(join(inbox, 'new', '100.a.host'), 'one');
    drop(join(inbox, 'cur', '101.b.host:2,R'), 'two');
    drop(join(inbox, 'cur', '102.c.host:2,S'), 'seen before');
    drop(join(inbox, 'A mail – from somebody.EML'), 'three');
    drop(join(inbox, 'notes.txt'), 'not a mail');
    const { messages, skipped } = await executor.fetch();
    expect(texts(messages).sort()).toEqual(['one', 'three', 'two']);
    expect(skipped).toEqual([]);
    expect(readdirSync(inbox)).toContain('notes.txt');
  });

  it('delivers in order of arrival', async () => {
    const { inbox, executor } = await start();
    drop(join(inbox, 'new', '200.M2P1.host'), 'third');
    drop(join(inbox, 'new', '99.M7P1.host'), 'first');
    drop(join(inbox, 'new', '200.M1P1.host'), 'second');
    drop(join(inbox, 'newer.eml'), 'fifth', 10);
    drop(join(inbox, 'older.eml'), 'fourth', 20);
    expect(texts((await executor.fetch()).messages)).toEqual(['first', 'second', 'third', 'fourth', 'fifth']);
  });

  it('moves a message to cur only when it was acknowledged, and delivers the others again after a restart', async () => {
    const { path, inbox, executor } = await start();
    drop(join(inbox, 'new', '1.stored'), 'a');
    drop(join(inbox, 'new', '2.not-stored'), 'b');
    drop(join(inbox, 'cur', '3.flagged:2,F'), 'c');
    expect((await executor.fetch()).messages).toHaveLength(3);
    expect(readdirSync(join(inbox, 'new'))).toHaveLength(2);
    expect((await executor.fetch({ acknowledged: ['1.stored', '3.flagged'] })).messages).toEqual([]);
    expect(readdirSync(join(inbox, 'cur')).sort()).toEqual(['1.stored:2,S', '3.flagged:2,FS']);
    executor.connection.destroy();
    const again = await start(path);
    expect((await again.executor.fetch()).messages.map((message) => message.key)).toEqual(['2.not-stored']);
  });

  it('waits for a file that is still being written and delivers it whole', async () => {
    const { inbox, executor } = await start();
    writeFileSync(join(inbox, 'slow.eml'), 'first half, ');
    expect((await executor.fetch()).messages).toEqual([]);
    writeFileSync(join(inbox, 'slow.eml'), 'first half, second half');
    expect(texts((await executor.fetch({ wait_ms: 10_000 })).messages)).toEqual(['first half, second half']);
  });

  it('wakes a waiting fetch when a mail is moved in', async () => {
    const { path, inbox, executor } = await start();
    drop(join(path, 'ready'), 'now');
    const waiting = executor.fetch({ wait_ms: 20_000 });
    renameSync(join(path, 'ready'), join(inbox, 'new', '5.x'));
    expect(texts((await waiting).messages)).toEqual(['now']);
  });

  it('gives a message of 50 MiB whole and moves a larger one aside, once', async () => {
    const { inbox, executor } = await start();
    drop(join(inbox, 'new', '1.large'), Buffer.alloc(52_428_800, 0x61));
    drop(join(inbox, 'new', '2.too-large'), 'x');
    truncateSync(join(inbox, 'new', '2.too-large'), 52_428_801);
    utimesSync(join(inbox, 'new', '2.too-large'), 1, 1);
    const { messages, skipped } = await executor.fetch();
    expect(messages.map((message) => message.bytes.length)).toEqual([52_428_800]);
    expect(skipped).toEqual([{ key: '2.too-large', reason: 'too_large' }]);
    expect(readdirSync(join(inbox, '.rejected'))).toEqual(['2.too-large']);
    expect((await executor.fetch({ acknowledged: ['1.large'] })).skipped).toEqual([]);
  });

  it('takes 3 000 messages through small fetches, each once', async () => {
    const { inbox, executor } = await start();
    for (let i = 0; i < 3_000; i++) drop(join(inbox, 'new', `${1_000 + i}.n`), String(i));
    const got: string[] = [];
    let acknowledged: string[] = [];
    for (;;) {
      const { messages } = await executor.fetch({ acknowledged });
      if (messages.length === 0) break;
      got.push(...texts(messages));
      acknowledged = messages.map((message) => message.key);
    }
    expect(got).toEqual(Array.from({ length: 3_000 }, (_, i) => String(i)));
    expect(readdirSync(join(inbox, 'new'))).toEqual([]);
  });

  it('replaces names that cannot be keys', async () => {
    const { inbox, executor } = await start();
    drop(join(inbox, 'new', 'Re: hello\n\u202e world'), 'odd');
    execFileSync('python3', [
      '-c',
      `import os,sys\nopen(os.fsencode(sys.argv[1])+b'/\\xff\\xfe','w').write('bytes')`,
      join(inbox, 'new'),
    ]);
    for (const name of readdirSync(join(inbox, 'new'), { encoding: 'buffer' }))
      utimesSync(Buffer.concat([Buffer.from(`${inbox}/new/`), name]), 1, 1);
    const { messages } = await executor.fetch();
    expect(texts(messages).sort()).toEqual(['bytes', 'odd']);
    for (const message of messages) expect(message.key).toMatch(/^[\w.]+$/);
  });
});

describe('what somebody planted in the folder', () => {
  it('does not follow a symlink, wait for a pipe or read a second name of a file outside', async () => {
    const { path, inbox, executor } = await start();
    const outside = join(path, 'secret');
    drop(outside, 'TOP SECRET');
    symlinkSync(outside, join(inbox, 'link.eml'));
    symlinkSync(outside, join(inbox, 'new', '1.link'));
    execFileSync('mkfifo', [join(inbox, 'new', '2.pipe'), join(inbox, 'pipe.eml')]);
    linkSync(outside, join(inbox, 'new', '3.hard'));
    mkdirSync(join(inbox, 'new', '4.folder'));
    drop(join(inbox, 'new', '5.good'), 'good');
    const delivered: string[] = [];
    const reasons: string[] = [];
    while (reasons.length < 6) {
      const { messages, skipped } = await executor.fetch({ wait_ms: 1_000 });
      delivered.push(...texts(messages));
      reasons.push(...skipped.map((entry) => entry.reason));
    }
    expect(delivered).toEqual(['good']);
    expect(new Set(reasons)).toEqual(new Set(['unreadable']));
    expect(readdirSync(join(inbox, '.rejected'))).toHaveLength(6);
  }, 20_000);
});
