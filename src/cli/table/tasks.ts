import type { CommandSpec } from './spec.ts';
import { passphraseFd, PASSPHRASE_FD, YES } from './spec.ts';

/** What the owner has scheduled, whichever talk it was said in. */
export const TASK_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'tasks list',
    what: 'what runs at set times, and what came of the last run',
    examples: [
      ['hardshell tasks list', 'of all talks, the next one first'],
      ['hardshell tasks list --json', 'with whole ids, texts and answers'],
    ],
    run: async (_, context) => (await import('../commands/tasks.ts')).tasksList(context),
  },
  {
    name: 'tasks delete',
    args: '<id>',
    what: 'never run it again',
    options: [YES, PASSPHRASE_FD],
    examples: [
      ['hardshell tasks delete t_ab3', 'any unique beginning of an id will do'],
      ['hardshell tasks delete t_ab3 --yes', 'without a question'],
    ],
    run: async (input, context) =>
      (await import('../commands/tasks.ts')).tasksDelete(
        { id: input.args[0] ?? '', yes: input.on('yes'), passphraseFd: passphraseFd(input) },
        context,
      ),
  },
];
