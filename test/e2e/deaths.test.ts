import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Instance } from '../redteam/lab/instance.ts';
import { eml, mark } from '../redteam/lab/mail.ts';
import { freeze, tryKill } from '../redteam/lab/processes.ts';
import { sleep, until } from '../redteam/lab/wait.ts';

vi.setConfig({ testTimeout: 120_000 });
let instance: Instance;
beforeAll(async () => {
  instance = await Instance.start();
});
afterAll(() => instance.close());

const READ_MS = 30_000;
/** Longer than a reader that has answered takes to go. */
const SETTLE_MS = 1_500;
const stateOf = (key: string): string =>
  instance.text('SELECT state FROM contents WHERE CAST(raw AS TEXT) LIKE ?', `%${key}%`);
const reads = (key: string, state = 'read'): Promise<true> =>
  until(`${key} to be ${state}`, () => (stateOf(key) === state ? true : undefined), READ_MS);
/** The one spare that waits for a message of this channel: alone, and still there after a while. */
async function spareOf(channel: string, not: string[] = []): Promise<string> {
  return until(
    `a spare of ${channel}`,
    async () => {
      const found = instance.zones(`zone3-${channel}-reader.`);
      const [name = ''] = found;
      if (found.length !== 1 || not.includes(name)) return undefined;
      await sleep(SETTLE_MS);
      return instance.zones(`zone3-${channel}-reader.`).join() === name ? name : undefined;
    },
    READ_MS,
  );
}
const numberOf = (name: string): number => Number(name.split('.')[1]);
const logged = (word: string): number => instance.auditText().split(word).length - 1;

function dropChat(channel: string, text: string): void {
  const folder = join(instance.home, 'chats', channel, 'in');
  writeFileSync(
    join(folder, `.${text}`),
    JSON.stringify({ type: 'message', message: { text, chat: { id: 1 } }, text, ts: '1.0' }),
  );
  renameSync(join(folder, `.${text}`), join(folder, `${text}.json`));
}
const deliver = {
  email: (key: string) => instance.deliver(key, eml({ body: key, from: `${key}@example.org` })),
  telegram: (key: string) => dropChat('telegram', key),
  slack: (key: string) => dropChat('slack', key),
} as const;

type Delivered = keyof typeof deliver;

/** A message in the hands of a reader that was frozen as a spare, and cannot answer. */
async function heldByFrozen(channel: Delivered): Promise<{ readonly spare: string; readonly key: string }> {
  return until(
    `a message in a frozen reader of ${channel}`,
    async () => {
      const spare = await spareOf(channel);
      const pids = instance.pidsOf(spare);
      // What was on its way out is no spare, and cannot be frozen or is gone meanwhile: another attempt.
      if (
        !(await freeze(pids).then(
          () => true,
          () => false,
        ))
      )
        return undefined;
      const key = mark('held');
      deliver[channel](key);
      await until(`${key} to be stored`, () => (stateOf(key) === '' ? undefined : true), READ_MS);
      await sleep(SETTLE_MS);
      return stateOf(key) === 'received' && instance.zones(spare).length === 1 ? { spare, key } : undefined;
    },
    90_000,
  );
}

describe.each(['email', 'telegram', 'slack'] as const)('readers of %s', (channel) => {
  test('that die with a message lose it nothing: it is read by another', async () => {
    // The first of a chat channel starts its readers.
    const first = mark('first');
    deliver[channel](first);
    await reads(first);
    const { spare, key } = await heldByFrozen(channel);
    for (const pid of instance.pidsOf(spare)) tryKill(pid);
    await reads(key);
  });

  test('that die as spares are replaced one by one, later each time, and the next message is read', async () => {
    let spare = await spareOf(channel);
    const begun = numberOf(spare);
    for (let i = 0; i < 3; i += 1) {
      for (const pid of instance.pidsOf(spare)) tryKill(pid);
      spare = await spareOf(channel, [spare]);
    }
    expect(numberOf(spare)).toBe(begun + 3);
    const key = mark('after');
    deliver[channel](key);
    await reads(key);
  });
});

/** Has the program of a zone make a call that no honest program makes (ptrace): the kernel ends it. */
function makeForbiddenCall(zone: string): void {
  const program = instance.pidsOf(zone).at(-1) ?? 0;
  const made = spawnSync(
    'python3',
    [join(import.meta.dirname, '..', 'support', 'make-call.py'), String(program), '101'],
    {
      encoding: 'utf8',
    },
  );
  if (made.status !== 0) throw new Error(`the call could not be made: ${made.stderr}`);
}

describe('a reader that trips a wire', () => {
  test('with a message is an incident: the message is failed and given to no other reader', async () => {
    const before = logged('"kind":"seccomp"');
    const { spare, key } = await heldByFrozen('telegram');
    const next = instance.zones('zone3-telegram-reader.').find((name) => name !== spare) ?? '';
    makeForbiddenCall(spare);
    for (const pid of instance.pidsOf(spare)) tryKill(pid, 'SIGCONT');
    await reads(key, 'failed');
    // A row is visible a moment before its lines are.
    const failed = /"event":"item_failed","zone":"zone3-telegram-reader".*"reason":"incident"/;
    await until('the failure in the log', () => (failed.test(instance.auditText()) ? true : undefined));
    expect(logged('"kind":"seccomp"')).toBe(before + 1);
    expect(await spareOf('telegram')).toBe(next);
    const other = mark('other');
    deliver.telegram(other);
    await reads(other);
  });

  test('without a message stops its channel, says so, and leaves the others alone', async () => {
    const spare = await spareOf('slack');
    makeForbiddenCall(spare);
    const status = await until('the warning', async () => {
      const answer = await instance.owner.ask({ type: 'status' });
      return answer['ready'] === false ? answer : undefined;
    });
    expect(JSON.stringify(status['warnings'])).toContain('slack is no longer read: its readers tripped a wire');
    const key = mark('waits');
    deliver.slack(key);
    deliver.telegram(`${key}t`);
    await reads(`${key}t`);
    expect(stateOf(key)).toBe('received');
    expect(instance.zones('zone3-slack-reader.')).toEqual([]);
    // A person has looked and starts it again: what waited is read.
    await instance.down();
    await instance.up();
    await reads(key);
  });
});

describe('a planner that is killed', () => {
  const pidsGone = async (name: string): Promise<void> => {
    const before = instance.pidsOf(name);
    for (const pid of before) tryKill(pid);
    await until(
      `another ${name}`,
      () =>
        instance.zones(name).includes(name) && !instance.pidsOf(name).some((pid) => before.includes(pid))
          ? true
          : undefined,
      READ_MS,
    );
  };

  test('is started again with the same session, label and question', async () => {
    const key = mark('plan');
    deliver.email(key);
    const session = await until(
      'its question',
      async () => {
        const rows = instance.texts("SELECT sid FROM approvals WHERE state = 'pending' AND sender LIKE ?", `%${key}%`);
        return rows[0];
      },
      READ_MS,
    );
    const label = instance.text('SELECT label FROM sessions WHERE sid = ?', session);
    const sessions = instance.count('SELECT count(*) FROM sessions');
    await pidsGone(`zone2-planner.${session}`);
    expect(instance.text('SELECT label FROM sessions WHERE sid = ?', session)).toBe(label);
    expect(instance.text('SELECT state FROM sessions WHERE sid = ?', session)).toBe('open');
    expect(instance.count('SELECT count(*) FROM sessions')).toBe(sessions);
    expect(instance.texts('SELECT state FROM approvals WHERE sid = ?', session)).toEqual(['pending']);
    // Not for ever: after the third restart its session is over, and its question with it.
    for (let i = 0; i < 2; i += 1) await pidsGone(`zone2-planner.${session}`);
    for (const pid of instance.pidsOf(`zone2-planner.${session}`)) tryKill(pid);
    await until(
      'the end of the session',
      () => (instance.text('SELECT state FROM sessions WHERE sid = ?', session) === 'closed' ? true : undefined),
      READ_MS,
    );
    expect(instance.texts('SELECT state FROM approvals WHERE sid = ?', session)).toEqual(['cancelled']);
  });

  test('is started again however often where it is the standing one', async () => {
    const standing = instance.text("SELECT value FROM meta WHERE key = 'standing_session'");
    for (let i = 0; i < 4; i += 1) await pidsGone('zone2-planner');
    expect(instance.text('SELECT state FROM sessions WHERE sid = ?', standing)).toBe('open');
    expect(instance.count("SELECT count(*) FROM sessions WHERE origin = 'standing'")).toBe(1);
  });
});
