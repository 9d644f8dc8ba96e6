import { describe, expect, it } from 'vitest';
import { againstControl, cli, control } from './support/against-control.ts';
import { ID, SESSION } from './support/answers.ts';

againstControl();

describe('chat', () => {
  it('waits for the answer and says what to do with a proposal', async () => {
    let looks = 0;
    control.handlers.instruct = () => ({ type: 'instruct', session: SESSION });
    control.handlers.instruct_status = () => {
      looks += 1;
      return {
        type: 'instruct_status',
        state: looks < 3 ? 'working' : 'waiting',
        answer: looks < 3 ? null : 'May I?\u001b[2J\nYours',
        approvals: looks < 3 ? [] : [ID],
      };
    };
    const { code, stdout } = await cli.run([
      'chat',
      'thank',
      'Ann',
      '--to',
      'ann@example.org',
      '--to',
      'bob@example.org',
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('says│ May I?\\u{1B}[2J\n     says│ Yours');
    expect(stdout).toContain('hardshell approvals show a_qqqqqqqq');
    expect(control.requests.find((request) => request.type === 'instruct')).toEqual({
      type: 'instruct',
      text: 'thank Ann',
      to: ['ann@example.org', 'bob@example.org'],
      presence: { method: 'terminal' },
    });
  });

  it('does not wait longer than it was told, and fails when the agent did', async () => {
    control.handlers.instruct = () => ({ type: 'instruct', session: SESSION });
    control.handlers.instruct_status = () => ({
      type: 'instruct_status',
      state: 'working',
      answer: null,
      approvals: [],
    });
    expect((await cli.run(['chat', 'x', '--wait', '0'])).stdout).toContain('still at it');
    control.handlers.instruct_status = () => ({
      type: 'instruct_status',
      state: 'failed',
      answer: null,
      approvals: [],
    });
    expect(await cli.run(['chat', 'x'])).toMatchObject({ code: 1 });
  });

  it.each([
    [`c_${'a'.repeat(26)}  Hello`, 'list inbox', /holds only within this one talk[^\n]*inbox list[^\n]*--item k_/],
    ['No such message.', `read c_${'a'.repeat(26)}`, /holds only within this one talk/],
    [`Drafted as d_${'a'.repeat(26)}`, 'draft x', /draft and send in one conversation/],
    [`Kept as t_${'a'.repeat(26)}`, 'every hour list inbox', /hardshell tasks list/],
  ])('says what becomes of the reference in `%s`', async (answer, text, hint) => {
    control.handlers.instruct = () => ({ type: 'instruct', session: SESSION });
    control.handlers.instruct_status = () => ({ type: 'instruct_status', state: 'answered', answer, approvals: [] });
    expect((await cli.run(['chat', text])).stdout).toMatch(hint);
    control.handlers.instruct_status = () => ({
      type: 'instruct_status',
      state: 'answered',
      answer: 'Done.',
      approvals: [],
    });
    expect((await cli.run(['chat', 'who am i'])).stdout).not.toMatch(/c_…|d_…|tasks list/);
  });

  it('tells a question once in a conversation, and its references without a hint', async () => {
    control.handlers.instruct = () => ({ type: 'instruct', session: SESSION });
    control.handlers.instruct_status = () => ({
      type: 'instruct_status',
      state: 'waiting',
      answer: `c_${'a'.repeat(26)} answered`,
      approvals: [ID],
    });
    const { stdout } = await cli.runAtTerminal(
      ['chat'],
      [
        [/you> $/, 'one'],
        [/approvals show[\s\S]*you> $/, 'two'],
        [/answered[\s\S]*you> $/, ''],
      ],
    );
    expect(stdout.split('approvals show')).toHaveLength(2);
    expect(stdout).not.toContain('one talk');
  });

  it('is a conversation of the standing session at a terminal', async () => {
    control.handlers.instruct = () => ({ type: 'instruct', session: SESSION });
    control.handlers.instruct_status = () => ({
      type: 'instruct_status',
      state: 'answered',
      answer: 'hello yourself',
      approvals: [],
    });
    const { code, stdout } = await cli.runAtTerminal(
      ['chat'],
      [
        [/you> $/, 'hello'],
        [/hello yourself[\s\S]*you> $/, ''],
      ],
    );
    expect(code).toBe(0);
    expect(stdout).toContain('hello yourself');
    expect(control.requests.filter((request) => request.type === 'instruct')).toEqual([
      { type: 'instruct', text: 'hello', standing: true, presence: { method: 'terminal' } },
    ]);
  });
});
