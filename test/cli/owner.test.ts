import { describe, expect, it } from 'vitest';
import { againstControl, cli, control } from './support/against-control.ts';
import { inboxItem, ITEM, status } from './support/answers.ts';

againstControl();

const MESSAGE = {
  channel: 'email' as const,
  from: 'eve@evil.example',
  to: ['me@example.net'],
  subject: 'Hello',
  date: null,
  body: 'line one\np\u0430ypal',
  content_type: 'text/plain',
  injection_warning: true,
  injection_score: 0.5,
  findings: [
    {
      rule: 'mixed_script',
      severity: 'high' as const,
      span: { part: 'body' as const, start: 9, end: 15 },
      why: 'mixes scripts',
    },
  ],
  links: [{ url: 'https://evil.example/', text: 'bank' }],
  attachments: [{ name: 'a.pdf', type: 'application/pdf', bytes: 7, sha256: 'd'.repeat(64) }],
  hidden_removed: 3,
  truncated: true,
  original_length: 99,
  sanitized_length: 15,
  sanitized_at: '2026-01-01T00:00:00Z',
};

describe('status', () => {
  it('names every connector with where it takes from, and one that does not run', async () => {
    control.handlers.status = () => status();
    expect((await cli.run(['status'])).stdout).toMatch(
      /chats \(telegram, slack\) runs, takes from chats\/telegram\/in and/,
    );
    const chats = { name: 'chats', channels: ['telegram' as const], inboxes: ['chats/telegram/in'], running: false };
    control.handlers.status = () => status({ ready: false, connectors: [chats] });
    const { code, stdout } = await cli.run(['status']);
    expect(code).toBe(1);
    expect(stdout).toContain('chats (telegram) does not run');
  });
});

describe('inbox', () => {
  it('lists what came in, hostile senders and subjects drawn as what they are', async () => {
    control.handlers.inbox_list = () => ({
      type: 'inbox_list',
      items: [
        inboxItem({ from: 'x\u001b[2J', subject: 'a\u202eb' }),
        inboxItem({ item: `k_${'d'.repeat(26)}`, channel: 'slack', warned: false, findings: 0, handled: true }),
      ],
      next: null,
    });
    const { code, stdout } = await cli.run(['inbox', 'list']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/k_cccccccc +60 s +email +read +x\\u\{1B\}\[2J +a\\u\{202E\}b +WARNED \(1\)\n/);
    expect(stdout).toMatch(/k_dddddddd +60 s +slack +taken up +eve@evil\.example +Hello\n/);
  });

  it('shows a message with findings, links and attachments, each foreign line behind a bar', async () => {
    control.handlers.inbox_list = () => ({ type: 'inbox_list', items: [inboxItem()], next: null });
    control.handlers.inbox_show = () => ({
      type: 'inbox_show',
      item: inboxItem({ summary: 'Findings\nall fine' }),
      message: MESSAGE,
    });
    const { code, stdout } = await cli.run(['inbox', 'show', 'ccc']);
    expect(code).toBe(0);
    for (const part of [
      'body│ line one\n',
      'body│ p\\u{430}ypal',
      'high mixed_script, body 9 to 15',
      'link│ bank',
      'leads to│ https://evil.example/',
      'attached│ a.pdf',
      'd'.repeat(64),
      '3 characters',
      '15 of 99',
      'claims│ Findings',
    ]) {
      expect(stdout).toContain(part);
    }
    expect(JSON.parse((await cli.run(['inbox', 'show', ITEM, '--json'])).stdout)).toMatchObject({
      message: { body: MESSAGE.body },
    });
  });

  it('asks in pages that fit a frame whatever stands in them', async () => {
    const limits: number[] = [];
    control.handlers.inbox_list = ({ limit, before }) => {
      limits.push(limit);
      const letter = before === undefined ? 'e' : 'f';
      const items = Array.from({ length: limit }, (_, i) =>
        inboxItem({ item: `k_${letter.repeat(24)}${String.fromCharCode(97 + Math.floor(i / 20), 97 + (i % 20))}` }),
      );
      return { type: 'inbox_list', items, next: items.at(-1)?.item ?? null };
    };
    const { stdout } = await cli.run(['inbox', 'list', '--limit', '50', '--json']);
    expect(limits).toEqual([40, 10]);
    expect((JSON.parse(stdout) as { items: unknown[] }).items).toHaveLength(50);
  });

  it('looks through all pages for an id', async () => {
    control.handlers.inbox_list = ({ before }) =>
      before === undefined
        ? { type: 'inbox_list', items: [inboxItem({ item: `k_${'e'.repeat(26)}` })], next: `k_${'e'.repeat(26)}` }
        : { type: 'inbox_list', items: [inboxItem()], next: null };
    control.handlers.inbox_show = () => ({ type: 'inbox_show', item: inboxItem({ state: 'failed' }), message: null });
    expect((await cli.run(['inbox', 'show', 'k_cc'])).stdout).toContain('no reader could read it');
    expect((await cli.run(['inbox', 'show', 'k_zz'])).stderr).toContain('no message begins with `k_zz`');
  });
});

describe('contacts and confirmations', () => {
  it('adds after a yes, with the address in its one spelling', async () => {
    control.handlers.contacts_put = ({ contact }) => ({ type: 'contacts_put', contacts: [contact], confirmed: true });
    const { code } = await cli.runAtTerminal(
      ['contacts', 'add', 'Ann@Example.ORG', 'Ann', 'Lee'],
      [[/contact Ann Lee\? \[y\/N\] $/, 'y']],
    );
    expect(code).toBe(0);
    expect(control.requests.at(-1)).toMatchObject({ contact: { address: 'Ann@example.org', name: 'Ann Lee' } });
  });

  it('adds nothing without a yes, nor a name that hides something', async () => {
    expect(await cli.run(['contacts', 'add', 'ann@example.org', 'Ann'])).toMatchObject({ code: 1 });
    expect(await cli.run(['contacts', 'add', 'ann@example.org', 'An\u200bn', '--yes'])).toMatchObject({ code: 2 });
    expect(control.asked).not.toContain('contacts_put');
  });

  it('removes one, and lists them', async () => {
    control.handlers.contacts_remove = () => ({ type: 'contacts_remove', contacts: [], confirmed: true });
    control.handlers.contacts_list = () => ({
      type: 'contacts_list',
      contacts: [{ address: 'a@x.example', name: 'A\u202e' }],
      confirmed: false,
    });
    expect(await cli.run(['contacts', 'remove', 'a@x.example', '--yes'])).toMatchObject({ code: 0 });
    const { stdout } = await cli.run(['contacts', 'list']);
    expect(stdout).toContain('a@x.example  A\\u{202E}');
    expect(stdout).toContain('hardshell contacts confirm');
  });

  it('confirms the digest whose difference was shown', async () => {
    const digest = 'e'.repeat(64);
    control.handlers.confirm_show = ({ name }) => ({
      type: 'confirm_show',
      name,
      digest,
      changed: true,
      words: ['setting `x` is added'],
      problems: [],
    });
    control.handlers.confirm = ({ name }) => ({ type: 'confirm', name, digest });
    const { code, stdout } = await cli.runAtTerminal(['config', 'confirm'], [[/into force\? \[y\/N\] $/, 'y']]);
    expect(code).toBe(0);
    expect(stdout.indexOf('setting `x` is added')).toBeLessThan(stdout.indexOf('[y/N]'));
    expect(control.requests.at(-1)).toEqual({
      type: 'confirm',
      name: 'config',
      digest,
      presence: { method: 'terminal' },
    });
    control.handlers.confirm_show = ({ name }) => ({
      type: 'confirm_show',
      name,
      digest,
      changed: true,
      words: [],
      problems: ['line 3: bad'],
    });
    expect((await cli.run(['contacts', 'confirm', '--yes'])).stderr).toContain('line 3: bad');
  });
});

describe('a confirmed file', () => {
  const digest = 'e'.repeat(64);

  it.each(['policy', 'contacts'] as const)('is written back after a yes, although it is gone: %s', async (name) => {
    control.handlers.confirm_show = () => ({
      type: 'confirm_show',
      name,
      digest: '0'.repeat(64),
      changed: true,
      words: ['the file is gone or cannot be read'],
      problems: ['there is nothing to confirm'],
    });
    control.handlers.confirm_restore = () => ({ type: 'confirm_restore', name, digest });
    expect(await cli.run([name, 'confirm', '--restore'])).toMatchObject({ code: 1 });
    expect(control.asked).not.toContain('confirm_restore');
    const { code, stdout } = await cli.run([name, 'confirm', '--restore', '--yes']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/undone in the file:\n {2}the file is gone[\s\S]*confirmed one again/);
    expect(control.requests.at(-1)).toEqual({ type: 'confirm_restore', name, presence: { method: 'terminal' } });
  });

  it('that stands is left alone; settings cannot be written back', async () => {
    control.handlers.confirm_show = ({ name }) => ({
      type: 'confirm_show',
      name,
      digest,
      changed: false,
      words: [],
      problems: [],
    });
    expect((await cli.run(['contacts', 'confirm', '--restore', '--yes', '--json'])).stdout).toBe(
      `{"restored":false,"digest":"${digest}"}\n`,
    );
    expect(await cli.run(['config', 'confirm', '--restore'])).toMatchObject({ code: 2 });
  });
});

describe('status', () => {
  it('is a short block that tells what is unproven and who can approve', async () => {
    control.handlers.status = () => status();
    const { code, stdout } = await cli.run(['status']);
    expect(code).toBe(0);
    for (const part of [
      'Hardshell is ready',
      'mode F',
      'any program of this user can approve',
      'one thing',
      '2 wait for you',
    ])
      expect(stdout).toContain(part);
  });

  it('exits 1 and says why when nothing is sent', async () => {
    control.handlers.status = () =>
      status({ ready: false, confirmed: { policy: false, contacts: true, config: true }, warnings: ['a\u001b[2Jb'] });
    const { code, stdout } = await cli.run(['status']);
    expect(code).toBe(1);
    expect(stdout).toContain('`hardshell policy confirm`');
    expect(stdout).toContain('a\\u{1B}[2Jb');
    expect(JSON.parse((await cli.run(['status', '--json'])).stdout)).toMatchObject({
      running: true,
      ready: false,
      mode: 'F',
      presence: 'terminal',
    });
  });
});

it('passes on a refusal, in JSON for programs', async () => {
  control.handlers.contacts_list = () => ({ type: 'error', error: 'overloaded', message: 'try again in a minute' });
  expect(await cli.run(['contacts', 'list', '--json'])).toMatchObject({
    code: 1,
    stdout: '{"ok":false,"error":"overloaded","message":"try again in a minute"}\n',
  });
});
