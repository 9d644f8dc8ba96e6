import { describe, expect, it } from 'vitest';
import { rulesPlanner, templatesFrom, type Planner } from '../../src/zone2-planner/index.ts';
import { message } from './messages.ts';
import { crash, session, until, withScriptedZone1, zone1 } from './running.ts';
import { id } from './scripted-zone1.ts';

withScriptedZone1();

const QUESTION = message({ body: 'Could you look at page three?' });

describe('a session of which Zone 1 did not say the kind', () => {
  it('takes a message that the owner joined to an instruction as part of it, and triages nothing', async () => {
    const ref = zone1.deliver(QUESTION);
    zone1.instructions.push({ text: 'reply to it text "On Friday."' });
    const running = session('unknown');
    await until(() => zone1.acts.length === 1 && zone1.done.length === 1);
    await crash(running);
    expect(zone1.acts).toMatchObject([
      { params: { to: [{ ref: `${ref}#/from` }], body: 'On Friday.', in_reply_to: ref } },
    ]);
    expect(zone1.kept('note')).toEqual([]);
    expect(zone1.done).toEqual([ref]);
  });

  it('takes an instruction that comes while it waits for a message', async () => {
    const running = session('unknown');
    await until(() => zone1.frames > 5);
    zone1.instructions.push({ text: 'help' });
    await until(() => zone1.kept('answer').length === 1);
    await running;
  });

  it('ends when an earlier process had done its message and died before it said so', async () => {
    const ref = zone1.deliver(QUESTION);
    await session('unknown');
    expect(zone1.done).toEqual([ref]);
    await session('unknown');
    expect(zone1.asked).toHaveLength(1);
  });
});

describe('the standing session', () => {
  it('takes further instructions while a question stands before the owner', async () => {
    zone1.decide = ({ action }) => (action === 'send_email' ? 'wait' : 'allow');
    const hello = message({});
    const ref = id('c_');
    zone1.readValue = () => ({ content_refs: [ref], items: [hello] });
    zone1.instructions.push({ text: 'send to ann@example.org text "Hello"' }, { text: 'list inbox' });
    const running = session('standing');
    await until(() => zone1.kept('answer').some((answer) => String(answer['text']).includes(ref)));
    expect(zone1.acts).toEqual([]);
    zone1.answerAll('denied');
    await until(() => zone1.kept('answer').every((answer) => answer['state'] === 'done'));
    await crash(running);
    expect(zone1.acts).toEqual([]);
  });

  it('takes the same words a second time, unless Zone 1 only hands them over again after a crash', async () => {
    zone1.instructions.push({ text: 'help' });
    const first = session('standing');
    await until(() => zone1.kept('answer').length === 1);
    zone1.instructions.push({ text: 'help' });
    await until(() => zone1.kept('answer').length === 2);
    await crash(first);
    zone1.instructions.push({ text: 'help' }, { text: 'help' });
    const second = session('standing');
    await until(() => zone1.instructions.length === 0);
    zone1.instructions.push({ text: 'tasks' });
    await until(() => zone1.kept('answer').length === 3);
    zone1.instructions.push({ text: 'help' });
    await until(() => zone1.kept('answer').length === 4);
    await crash(second);
  });

  it('tells a plan that failed and goes on with the next instruction', async () => {
    const rules = rulesPlanner(templatesFrom(new Map()));
    const planner: Planner = {
      plan: (work, tools) =>
        work.kind === 'instruction' && work.instruction.text === 'fail'
          ? Promise.reject(new Error('x'))
          : rules.plan(work, tools),
    };
    zone1.instructions.push({ text: 'fail' }, { text: 'help' });
    const running = session('standing', planner);
    await until(() => zone1.kept('answer').length === 2);
    await crash(running);
    expect(zone1.kept('answer').map(({ text }) => text)).toContain('The planner failed on this; nothing was proposed.');
  });

  it('ends when Zone 1 closes the session, and fails when Zone 1 is gone', async () => {
    const running = session('standing');
    await until(() => zone1.frames > 3);
    zone1.ended = true;
    await running;
    await expect(session('standing')).rejects.toMatchObject({ code: 'not_found' });
    await zone1.close();
    await expect(session('standing')).rejects.toMatchObject({ code: 'connection_lost' });
  });
});
