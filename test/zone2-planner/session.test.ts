import { describe, expect, it } from 'vitest';
import { message } from './messages.ts';
import { crash, session, until, withScriptedZone1, zone1 } from './running.ts';
import { id } from './scripted-zone1.ts';

withScriptedZone1();

const QUESTION = message({ body: 'Could you look at page three?' });

describe.each(['item', 'unknown'] as const)('a session of a message (%s)', (origin) => {
  it('proposes, waits for the person, executes once, says done and ends', async () => {
    const ref = zone1.deliver(QUESTION);
    await session(origin);
    expect(zone1.acts).toHaveLength(1);
    expect(zone1.acts[0]?.params).toMatchObject({ to: [{ ref: `${ref}#/from` }], in_reply_to: ref });
    expect(zone1.done).toEqual([ref]);
    expect(zone1.kept('note')).toMatchObject([{ category: 'question', state: 'done', steps: [{ state: 'done' }] }]);
  });

  it('takes a chat up like a mail: notes what it is, asks for nothing, says done and ends', async () => {
    const ref = zone1.deliver(
      message({ channel: 'slack', from: 'slack:user:U1 ann@example.org', body: 'Are you there?' }),
    );
    await session(origin);
    expect([zone1.asked, zone1.acts]).toEqual([[], []]);
    expect(zone1.done).toEqual([ref]);
    expect(zone1.kept('note')).toMatchObject([
      { category: 'question', state: 'done', text: expect.stringContaining('this version sends nothing to slack') },
    ]);
  });

  it('follows an act through the outbox', async () => {
    zone1.decide = () => 'queue';
    zone1.deliver(QUESTION);
    await session(origin);
    expect(zone1.kept('note')).toMatchObject([{ state: 'done', steps: [{ state: 'done' }] }]);
    expect(zone1.acts).toHaveLength(1);
  });

  it('records a denial and asks no second time, not even after a restart', async () => {
    zone1.decide = () => 'deny';
    const ref = zone1.deliver(QUESTION);
    await session(origin);
    expect(zone1.acts).toEqual([]);
    expect(zone1.kept('note')).toMatchObject([{ state: 'done', steps: [{ state: 'denied' }] }]);
    zone1.items.push({ ref, message: QUESTION });
    await session(origin);
    expect(zone1.asked).toHaveLength(1);
    expect(zone1.acts).toEqual([]);
  });

  it('goes on when the owner puts a question again that went without an answer', async () => {
    zone1.decide = () => 'wait';
    const ref = zone1.deliver(QUESTION);
    const first = session(origin);
    await until(() => zone1.asked.length === 1 && JSON.stringify(zone1.kept('note')).includes('"pending"'));
    zone1.answerAll('expired');
    await first;
    expect(zone1.kept('note')).toMatchObject([{ state: 'done', text: expect.stringContaining('approvals reopen') }]);
    zone1.reopenAll();
    zone1.items.push({ ref, message: QUESTION });
    const before = zone1.frames;
    const second = session(origin);
    await until(() => zone1.frames > before + 3);
    zone1.answerAll('approved');
    await second;
    expect(zone1.asked).toHaveLength(1);
    expect(zone1.acts).toHaveLength(1);
    expect(zone1.kept('note')).toMatchObject([{ state: 'done', text: expect.stringContaining('The mail was sent.') }]);
  });

  it('tells the owner in the note why policy refused', async () => {
    zone1.decide = () => ({ refuse: 'not to this audience' });
    zone1.deliver(QUESTION);
    await session(origin);
    expect(zone1.kept('note')).toMatchObject([
      { steps: [{ state: 'refused', reason: 'policy_denied: not to this audience' }] },
    ]);
  });

  it('goes on after a crash while a person thinks, with one question and one act', async () => {
    zone1.decide = () => 'wait';
    const ref = zone1.deliver(QUESTION);
    const first = session(origin);
    await until(() => zone1.kept('note').some((note) => JSON.stringify(note).includes('"pending"')));
    await crash(first);
    expect(zone1.done).toEqual([]);
    const second = session(origin);
    zone1.answerAll('approved');
    await second;
    expect(zone1.asked).toHaveLength(1);
    expect(zone1.acts).toHaveLength(1);
    expect(zone1.done).toEqual([ref]);
    expect(zone1.kept('note')).toHaveLength(1);
  });

  it.each(['before', 'after'] as const)('acts once when the connection goes %s the act', async (when) => {
    zone1.deliver(QUESTION);
    zone1.loseExecute = when;
    // The process may end with its connection; the next one goes on with what Zone 1 keeps.
    for (let tries = 0; tries < 3 && zone1.done.length === 0; tries += 1) {
      const running = session(origin).catch(() => undefined);
      await until(() => zone1.done.length > 0 || zone1.lost);
      if (zone1.lost) {
        zone1.lost = false;
        await zone1.listen();
      }
      await running;
    }
    expect(zone1.done).toHaveLength(1);
    expect(zone1.acts).toHaveLength(1);
    expect(zone1.asked).toHaveLength(1);
    expect(zone1.kept('note')).toMatchObject([{ state: 'done', steps: [{ state: 'done' }] }]);
  });

  it('proposes nothing for a flagged message and still notes it', async () => {
    zone1.deliver(message({ body: 'Could you look?', injection_warning: true }));
    await session(origin);
    expect(zone1.asked).toEqual([]);
    expect(zone1.kept('note')).toMatchObject([{ category: 'suspicious', state: 'done', steps: [] }]);
  });
});

describe.each(['instruction', 'task', 'unknown'] as const)('a session of an instruction (%s)', (origin) => {
  it('sends what the owner asked for, after approval, and answers under the task it was given', async () => {
    const task = id('t_');
    zone1.tasks.set(task, { task, priority: 5, data: {} });
    zone1.instructions.push({ text: 'send to ann@example.org subject "Hi" text "Hello"', task });
    const running = session(origin);
    await until(() => zone1.kept('answer').some((answer) => answer['state'] === 'done'));
    await running;
    expect(zone1.acts).toMatchObject([
      { action: 'send_email', params: { to: ['ann@example.org'], subject: 'Hi', body: 'Hello' } },
    ]);
    expect(zone1.tasks.get(task)?.data).toMatchObject({ kind: 'answer', state: 'done' });
  });

  it('keeps its answer under a task of its own when the given one belongs to another session', async () => {
    zone1.instructions.push({ text: 'help', task: id('t_') });
    const running = session(origin);
    await until(() => zone1.kept('answer').length === 1);
    await running;
    expect(String(zone1.kept('answer')[0]?.['text'])).toContain('list inbox');
  });

  it('does not lose an instruction that it had taken when it died', async () => {
    zone1.decide = ({ action }) => (action === 'send_email' ? 'wait' : 'allow');
    zone1.instructions.push({ text: 'send to ann@example.org text "Hello"' });
    const first = session(origin);
    await until(() => zone1.asked.length === 1);
    await crash(first);
    const second = session(origin);
    await until(() => zone1.kept('answer').length === 1);
    zone1.answerAll('approved');
    await until(() => zone1.acts.length === 1);
    await second;
    expect(zone1.asked).toHaveLength(1);
  });

  it('knows an instruction that Zone 1 hands over again after a crash', async () => {
    zone1.decide = ({ action }) => (action === 'send_email' ? 'wait' : 'allow');
    const instruction = { text: 'send to ann@example.org text "Hello"' };
    zone1.instructions.push(instruction);
    const first = session(origin);
    await until(() => zone1.kept('answer').length === 1);
    await crash(first);
    zone1.instructions.push(instruction);
    const second = session(origin);
    await until(() => zone1.instructions.length === 0);
    zone1.answerAll('approved');
    await second;
    expect(zone1.asked).toHaveLength(1);
    expect(zone1.acts).toHaveLength(1);
    expect(zone1.kept('answer')).toHaveLength(1);
  });

  it('schedules without asking anybody, and lists what is scheduled', async () => {
    zone1.instructions.push({ text: 'every day at 9:00 list inbox' });
    const running = session(origin);
    await until(() => zone1.kept('answer').length === 1);
    await running;
    expect([...zone1.tasks.values()]).toContainEqual(
      expect.objectContaining({ cron: '0 9 * * *', data: { kind: 'scheduled', text: 'list inbox' } }),
    );
    expect(zone1.asked).toEqual([]);
  });
});
