import { describe, expect, it } from 'vitest';
import type { ScheduledTask } from '../../src/contracts/index.ts';
import { againstControl, cli, control } from './support/against-control.ts';
import { ID, SESSION } from './support/answers.ts';

againstControl();

const TASK = `t_${'a'.repeat(26)}`;
const OTHER = `t_ab${'c'.repeat(24)}`;

function scheduled(change: Partial<ScheduledTask> = {}): ScheduledTask {
  return {
    task: TASK,
    session: SESSION,
    next_ms: Date.now() + 3_600_000,
    cron: '0 * * * *',
    priority: 3,
    text: 'list inbox',
    integrity: 'trusted',
    last: null,
    ...change,
  };
}

describe('tasks', () => {
  it('lists what is scheduled, foreign words drawn as what they are, with what came of the last run', async () => {
    control.handlers.tasks_list = () => ({
      type: 'tasks_list',
      tasks: [
        scheduled({ task: OTHER, next_ms: null, cron: null, text: 'x\u001b[2J', integrity: 'untrusted' }),
        scheduled({
          last: {
            session: SESSION,
            at_ms: Date.now() - 60_000,
            state: 'waiting',
            answer: 'May I?\u202e',
            approvals: [ID],
          },
        }),
      ],
      next: null,
    });
    const { code, stdout } = await cli.run(['tasks', 'list']);
    expect(code).toBe(0);
    for (const part of [
      'does│ x\\u{1B}[2J',
      'under the influence of messages',
      'never again',
      'has not run yet',
      'next in 60 min',
      'again and again: 0 * * * *',
      'last run 60 s ago: waits for your answer',
      'says│ May I?\\u{202E}',
      'hardshell approvals show a_qqqqqqqq',
    ])
      expect(stdout).toContain(part);
    expect(stdout.indexOf('next in')).toBeLessThan(stdout.indexOf('never again'));
    const json = JSON.parse((await cli.run(['tasks', 'list', '--json'])).stdout) as { tasks: unknown[] };
    expect(json.tasks).toMatchObject([{ task: TASK }, { task: OTHER }]);
  });

  it('says how to schedule something where nothing is', async () => {
    control.handlers.tasks_list = () => ({ type: 'tasks_list', tasks: [], next: null });
    expect((await cli.run(['tasks', 'list'])).stdout).toContain('hardshell chat "every day at 9:00 list inbox"');
  });

  it('deletes the one that is meant, found on any page, after a yes', async () => {
    control.handlers.tasks_list = ({ after }) =>
      after === undefined
        ? { type: 'tasks_list', tasks: [scheduled()], next: TASK }
        : { type: 'tasks_list', tasks: [scheduled({ task: OTHER })], next: null };
    control.handlers.tasks_delete = ({ task }) => ({ type: 'tasks_delete', task });
    expect((await cli.run(['tasks', 'delete', 'ab', '--yes', '--json'])).stdout).toBe(
      `{"ok":true,"task":"${OTHER}"}\n`,
    );
    expect(control.requests.at(-1)).toEqual({ type: 'tasks_delete', task: OTHER, presence: { method: 'terminal' } });
  });

  it('deletes nothing without a yes, for a beginning of several, or for what is no id', async () => {
    control.handlers.tasks_list = () => ({
      type: 'tasks_list',
      tasks: [scheduled(), scheduled({ task: OTHER })],
      next: null,
    });
    expect((await cli.run(['tasks', 'delete', 't_a', '--yes'])).stderr).toContain('2 tasks begin with `t_a`');
    expect((await cli.run(['tasks', 'delete', 't_z', '--yes'])).stderr).toContain('no task begins with `t_z`');
    expect((await cli.run(['tasks', 'delete', '../x', '--yes'])).stderr).toContain('is not the id of a task');
    expect(await cli.run(['tasks', 'delete', 'ab'])).toMatchObject({ code: 1 });
    expect(control.asked).not.toContain('tasks_delete');
  });
});
