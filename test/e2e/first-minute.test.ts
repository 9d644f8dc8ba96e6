import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Instance, until } from './instance.ts';

interface Summary {
  readonly id: string;
  readonly state: string;
  readonly destination: string;
  readonly outbox: { readonly state: string } | null;
}

const instance = new Instance();

function questions(all = false): Summary[] {
  const answer = instance.run('approvals', 'list', '--json', ...(all ? ['--all'] : []));
  return answer.json()['approvals'] as Summary[];
}

function stateOf(id: string): Summary | undefined {
  return questions(true).find((question) => question.id === id);
}

async function questionTo(destination: string): Promise<Summary> {
  await until(
    () => questions().some((question) => question.destination === destination && question.state === 'pending'),
    30_000,
  );
  const found = questions().find((question) => question.destination === destination);
  if (found === undefined) throw new Error('the question is gone');
  return found;
}

beforeAll(async () => {
  await instance.up();
  instance.run('config', 'validate');
});
afterAll(() => instance.remove());

describe('the first minute', () => {
  test('the samples are read, and the hostile one is flagged and proposes nothing', async () => {
    await until(() => {
      const inbox = instance.run('status', '--json').json()['inbox'] as { items: number; unhandled: number };
      return inbox.items >= 7 && inbox.unhandled === 0;
    }, 30_000);
    await until(() => questions().length >= 3, 30_000);
    const items = instance.run('inbox', 'list', '--json').json()['items'] as { from: string; warned: boolean }[];
    expect(items.length).toBeGreaterThanOrEqual(6);
    expect(items.filter((item) => item.warned).map((item) => item.from)).toEqual(['notice@attacker.example']);
    expect(questions().map((question) => question.destination)).not.toContain('notice@attacker.example');
  });

  test('a mail that is dropped in leads to a proposal that shows exactly what would be sent', async () => {
    writeFileSync(
      join(instance.home, 'mail', 'in', 'lunch.eml'),
      'From: Ann Example <ann@example.org>\nTo: owner@localhost\nSubject: Lunch on Friday?\nMessage-ID: <lunch@example.org>\n\nHi,\n\nwould you have time for lunch on Friday at noon?\n\nAnn\n',
    );
    const question = await questionTo('ann@example.org');
    const shown = instance.run('approvals', 'show', question.id);
    for (const part of ['ann@example.org', 'Re:', 'Lunch on Friday?', 'Hashes', 'nobody you know'])
      expect(shown.out).toContain(part);
    expect(instance.outbox()).toEqual([]);
    expect(instance.run('approvals', 'approve', question.id, '--yes').code).toBe(0);
    await until(() => stateOf(question.id)?.outbox?.state === 'intended', 10_000);
    expect(instance.run('approvals', 'list').out).toMatch(/leaves in \d+ s, deny still wins/);
    expect(instance.outbox()).toEqual([]);
    await until(() => instance.outbox().length === 1, 30_000);
    const sent = readFileSync(join(instance.home, 'mail', 'out', 'new', instance.outbox()[0] ?? ''), 'utf8');
    expect(sent).toContain('To: ann@example.org');
    expect(sent).toContain('In-Reply-To: <lunch@example.org>');
    await until(() => stateOf(question.id)?.outbox?.state === 'succeeded', 10_000);
  });

  test('a denial wins while the mail waits in the outbox', async () => {
    const [question] = questions().filter(({ state }) => state === 'pending');
    if (question === undefined) throw new Error('no question left');
    const before = instance.outbox().length;
    expect(instance.run('approvals', 'approve', question.id, '--yes').code).toBe(0);
    await until(() => stateOf(question.id)?.outbox?.state === 'intended', 10_000);
    expect(instance.run('approvals', 'deny', question.id).code).toBe(0);
    await until(() => stateOf(question.id)?.outbox?.state === 'failed', 10_000);
    expect(stateOf(question.id)?.state).toBe('denied');
    expect(instance.outbox()).toHaveLength(before);
  });

  test('a second start is harmless, and the log is valid', () => {
    const again = instance.run('up');
    expect(again).toMatchObject({ code: 0 });
    expect(again.out).toMatch(/runs already/);
    expect(instance.run('audit-log', 'verify').out).toMatch(
      /Chain integrity: VALID \(\d+ entries\)\nCheckpoint: NOT VERIFIED \(no outside checkpoint\)/,
    );
  });

  test('no file of the home is open to others', () => {
    for (const name of [
      '.',
      'state.db',
      'state.db-wal',
      'audit/audit.jsonl',
      'contacts.json',
      'hardshell.json',
      'keys/armed.key',
      'armed',
    ]) {
      expect([name, statSync(join(instance.home, name)).mode & 0o077]).toEqual([name, 0]);
    }
    expect(instance.run('doctor').code).toBe(0);
  });

  test('after Ctrl-C nothing is left running, and a new start goes on', async () => {
    const stopped = await instance.interrupt();
    expect(stopped.code).toBe(0);
    await until(() => instance.left().length === 0, 5_000);
    const status = instance.run('status');
    expect(status).toMatchObject({ code: 1 });
    expect(status.err).toMatch(/not running; start it with/);
    await instance.up();
    const inbox = instance.run('inbox', 'list', '--json').json()['items'] as unknown[];
    expect(inbox.length).toBeGreaterThanOrEqual(7);
    copyFileSync(
      join(import.meta.dirname, '..', '..', 'samples', '02-meeting.eml'),
      join(instance.home, 'mail', 'in', 'again.eml'),
    );
    await until(
      () => (instance.run('inbox', 'list', '--json').json()['items'] as unknown[]).length > inbox.length,
      30_000,
    );
  });

  test('a stop is final until somebody revives it', async () => {
    const killed = instance.run('kill');
    expect(killed.code).toBe(0);
    await until(() => instance.left().length === 0, 5_000);
    const up = instance.run('up');
    expect(up.code).toBe(1);
    expect(up.err).toMatch(/revive/);
  });
});
