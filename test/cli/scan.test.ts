import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildOnce, hostileMail, linesOf, mailText, makeMaildir, mboxOf, runScan, tempFolder } from './scan-support.ts';

beforeAll(buildOnce, 120_000);

const subjects = (lines: readonly Readonly<Record<string, unknown>>[]): unknown[] =>
  lines.map((line) => line['subject']);

describe('hardshell scan', () => {
  it('reads .eml files, mbox, Maildir and folders of them, and finds what is hidden', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a', 'one.eml'), mailText('one'));
    writeFileSync(join(folder, 'a', 'notes.txt'), 'no mail');
    writeFileSync(join(folder, 'b.mbox'), mboxOf([mailText('two'), hostileMail('three')]));
    makeMaildir(join(folder, 'c', '.Sent'), [mailText('four'), mailText('five')]);
    const run = await runScan({ paths: [folder], json: true });
    const messages = linesOf(run, 'message');
    expect(new Set(subjects(messages))).toEqual(new Set(['five', 'four', 'one', 'three', 'two']));
    const hostile = messages.find((line) => line['subject'] === 'three');
    expect(hostile).toMatchObject({ level: 'high', status: 'read', number: 2 });
    expect(JSON.stringify(hostile)).toContain('hidden_text');
    expect(messages.find((line) => line['subject'] === 'one')).toMatchObject({ level: 'none', number: null });
    expect(linesOf(run, 'summary')).toMatchObject([{ messages: 5 }]);
    expect(run.code).toBe(3);
  });

  it('answers 0 without findings, 3 with findings at the threshold, 0 below it', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'good.eml'), mailText('good'));
    writeFileSync(join(folder, 'bad.eml'), hostileMail());
    expect((await runScan({ paths: [join(folder, 'good.eml')] })).code).toBe(0);
    expect((await runScan({ paths: [join(folder, 'bad.eml')] })).code).toBe(3);
    writeFileSync(join(folder, 'low.eml'), mailText('low').replace(/^From.*\n/, ''));
    expect((await runScan({ paths: [join(folder, 'low.eml')] })).code).toBe(0);
    expect((await runScan({ paths: [join(folder, 'low.eml')], threshold: 'low' })).code).toBe(3);
  });

  it('reads standard input, as an mbox or as one message', async () => {
    const mbox = await runScan(
      { paths: ['-'], json: true },
      { stdin: Buffer.from(mboxOf([mailText('a'), mailText('b')])) },
    );
    expect(subjects(linesOf(mbox, 'message'))).toEqual(['a', 'b']);
    const single = await runScan({ paths: ['-'], json: true }, { stdin: Buffer.from(mailText('alone')) });
    expect(subjects(linesOf(single, 'message'))).toEqual(['alone']);
    const nothing = await runScan({ paths: ['-'] }, { stdin: Buffer.alloc(0) });
    expect(nothing).toMatchObject({ code: 1 });
  });

  it('gives results in the order of the messages, over many batches', async () => {
    const folder = tempFolder();
    const names = Array.from({ length: 1_100 }, (_, i) => `m${i}`);
    writeFileSync(join(folder, 'all.mbox'), mboxOf(names.map((name) => mailText(name))));
    const run = await runScan({ paths: [join(folder, 'all.mbox')], json: true });
    expect(subjects(linesOf(run, 'message'))).toEqual(names);
    expect(run.code).toBe(0);
  });

  it('refuses wrong use with a sentence', async () => {
    for (const options of [
      { paths: [] },
      { paths: ['-', 'x'] },
      { paths: ['x'], threshold: 'all' },
      { paths: ['x'], json: true, html: 'y' },
      { paths: ['x'], top: -1 },
    ]) {
      const run = await runScan(options);
      expect(run.code).toBe(2);
      if ('json' in options) expect(JSON.parse(run.stdout)).toMatchObject({ ok: false, error: 'wrong_use' });
      else expect(run.stderr).toMatch(/^hardshell: .+\n$/);
    }
  });
});

describe('inputs that cannot be scanned', () => {
  it('are named with what to do, and the others go on', async () => {
    const folder = tempFolder();
    const path = (name: string): string => join(folder, name);
    writeFileSync(path('good.eml'), mailText('good'));
    writeFileSync(path('old.mbox.gz'), gzipSync(mboxOf([mailText('x')])));
    writeFileSync(path('picture.png'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0]));
    writeFileSync(path('empty.eml'), '');
    mkdirSync(path('hollow'));
    const paths = ['good.eml', 'old.mbox.gz', 'picture.png', 'empty.eml', 'hollow', 'missing'].map(path);
    const run = await runScan({ paths, json: true });
    expect(subjects(linesOf(run, 'message'))).toEqual(['good']);
    const problems = linesOf(run, 'problem').map((line) => String(line['message']));
    expect(problems).toHaveLength(5);
    expect(problems[0]).toContain('gunzip');
    expect(problems[1]).toContain('is no mail');
    expect(problems[2]).toBe('is empty');
    expect(problems[3]).toContain('holds no mail');
    expect(problems[4]).toContain('does not exist');
    expect(run.code).toBe(1);
  });

  it('does not follow links below a folder and does not wait for pipes', async () => {
    const folder = tempFolder();
    const outside = tempFolder();
    writeFileSync(join(outside, 'secret.eml'), mailText('secret'));
    symlinkSync(join(outside, 'secret.eml'), join(folder, 'link.eml'));
    symlinkSync(outside, join(folder, 'folder'));
    writeFileSync(join(folder, 'mine.eml'), mailText('mine'));
    const run = await runScan({ paths: [folder], json: true });
    expect(subjects(linesOf(run, 'message'))).toEqual(['mine']);
    expect(linesOf(run, 'summary')).toMatchObject([{ passed_over: { links: 2, others: 0 } }]);
    spawnSync('mkfifo', [join(folder, 'pipe.eml')]);
    expect((await runScan({ paths: [folder] })).stdout).toContain(
      'Passed over: 2 links (name one to scan what it leads to) and 1 pipe, socket or device\n',
    );
    expect((await runScan({ paths: [join(folder, 'mine.eml')] })).stdout).not.toContain('Passed over');
    const named = await runScan({ paths: [join(folder, 'link.eml')], json: true });
    expect(subjects(linesOf(named, 'message'))).toEqual(['secret']);
  });

  it('passes over a message of 2 GiB without holding it, and reads the one after it', async () => {
    const folder = tempFolder();
    const path = join(folder, 'huge.mbox');
    writeFileSync(path, mboxOf([mailText('first')]));
    truncateSync(path, 2 ** 31);
    writeFileSync(path, `\n\n${mboxOf([mailText('last')])}`, { flag: 'a' });
    const run = await runScan({ paths: [path], json: true });
    const messages = linesOf(run, 'message');
    expect(messages).toMatchObject([{ status: 'failed', reason: 'too_large' }, { subject: 'last' }]);
  }, 60_000);

  const isRoot = process.getuid?.() === 0;
  if (isRoot) console.warn('NOT RUN HERE: a file that may not be read: root may read every file');
  it.skipIf(isRoot)('says that a file may not be read', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'shut.eml'), mailText('shut'));
    chmodSync(join(folder, 'shut.eml'), 0);
    expect((await runScan({ paths: [join(folder, 'shut.eml')], json: true })).stdout).toContain('may not be read');
  });

  it('reads every malformed message of our own making without a crash', async () => {
    const folder = tempFolder();
    const odd = [
      '\n',
      ':\n',
      'From',
      'Subject',
      'a'.repeat(100_000),
      'Content-Type: multipart/mixed; boundary=""\n\n--',
      '\u0000\u0001: x\n\n',
      `X: ${'y'.repeat(2_000_000)}\n\n`,
    ];
    odd.forEach((text, i) => writeFileSync(join(folder, `${i}.eml`), text));
    const run = await runScan({ paths: [folder], json: true });
    expect(linesOf(run, 'message')).toHaveLength(odd.length);
    expect(linesOf(run, 'message').filter((line) => line['status'] === 'failed')).toEqual([]);
  });
});

describe('the samples', () => {
  it('show one hostile mail and six harmless ones', async () => {
    const samples = join(import.meta.dirname, '..', '..', 'samples');
    const run = await runScan({ paths: [samples], json: true });
    const messages = linesOf(run, 'message');
    expect(messages).toHaveLength(7);
    expect(messages.filter((line) => line['level'] === 'high')).toMatchObject([{ from: 'notice@attacker.example' }]);
    for (const line of messages) expect(readFileSync(String(line['source']), 'latin1')).toMatch(/@[a-z.-]*example/);
  });
});
