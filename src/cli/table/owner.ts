import type { CommandSpec } from './spec.ts';
import { passphraseFd, PASSPHRASE_FD, YES } from './spec.ts';

const ID = 'any unique beginning of an id will do';

/** What the owner does every day: read, ask, answer. */
export const OWNER_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'inbox list',
    what: 'what came in, newest first, and what was found in it',
    options: [{ flags: '--limit <n>', what: 'how many (20)' }],
    examples: [
      ['hardshell inbox list', 'the newest 20'],
      ['hardshell inbox list --limit 200', 'more of them'],
    ],
    run: async (input, context) =>
      (await import('../commands/inbox.ts')).inboxList(
        { limit: input.whole('limit', { min: 1, max: 10_000 }) ?? 20 },
        context,
      ),
  },
  {
    name: 'inbox show',
    args: '<id>',
    what: 'one message as it was read, with findings, links and attachments',
    examples: [['hardshell inbox show k_ab3', ID]],
    run: async (input, context) =>
      (await import('../commands/inbox.ts')).inboxShow({ id: input.args[0] ?? '' }, context),
  },
  {
    name: 'chat',
    args: '[text...]',
    what: 'tell the agent what to do, and see what it says or wants to send',
    options: [
      { flags: '--to <address>', what: 'an address you name; may be given several times', many: true },
      { flags: '--item <id>', what: 'a message it may read for this' },
      { flags: '--wait <seconds>', what: 'how long to wait for it (120)' },
      PASSPHRASE_FD,
    ],
    examples: [
      ['hardshell chat \'reply text "Yes, gladly."\' --item k_ab3', 'about one message of `hardshell inbox list`'],
      [
        'hardshell chat \'send to ann@example.org subject "Slides" text "May I?"\' --to ann@example.org',
        'you name the address, so it is yours',
      ],
      ["hardshell chat 'every day at 9:00 list inbox'", 'again and again; see `hardshell tasks list`'],
      ['hardshell chat', 'a conversation; references such as c_… and d_… hold only within it'],
    ],
    run: async (input, context) => {
      const { chat } = await import('../commands/chat.ts');
      const waitMs = (input.whole('wait', { min: 0, max: 3_600 }) ?? 120) * 1_000;
      const text = input.args.length === 0 ? undefined : input.args.join(' ');
      return chat(
        { text, to: input.list('to'), item: input.text('item'), waitMs, passphraseFd: passphraseFd(input) },
        context,
      );
    },
  },
  {
    name: 'approvals list',
    what: 'what waits for your answer, and what is approved and on its way',
    options: [{ flags: '--all', what: 'answered and expired ones too' }],
    examples: [
      ['hardshell approvals list', 'what waits'],
      ['hardshell approvals list --all', 'what was'],
    ],
    run: async (input, context) =>
      (await import('../commands/approvals-list.ts')).approvalsList({ all: input.on('all') }, context),
  },
  {
    name: 'approvals show',
    args: '<id>',
    what: 'exactly what would be sent, and what it was influenced by',
    examples: [['hardshell approvals show a_7qk', ID]],
    run: async (input, context) =>
      (await import('../commands/approvals.ts')).approvalsShow({ id: input.args[0] ?? '' }, context),
  },
  {
    name: 'approvals approve',
    args: '<id>',
    what: 'show it in full, ask, and let exactly these bytes go',
    options: [
      YES,
      { flags: '--typed <address>', what: 'a marked address of a red act; once for each', many: true },
      PASSPHRASE_FD,
    ],
    examples: [
      ['hardshell approvals approve a_7qk', 'shows, asks, and sends after the outbox wait'],
      ['hardshell approvals approve a_7qk --passphrase-fd 3 3<file', 'from a program, once a passphrase is enrolled'],
    ],
    run: async (input, context) => {
      const { approvalsApprove } = await import('../commands/approvals.ts');
      return approvalsApprove(
        {
          id: input.args[0] ?? '',
          yes: input.on('yes'),
          typed: input.list('typed'),
          passphraseFd: passphraseFd(input),
        },
        context,
      );
    },
  },
  {
    name: 'approvals deny',
    args: '<id>',
    what: 'say no; wins over a yes until the act has left',
    examples: [['hardshell approvals deny a_7qk', 'never needs a passphrase']],
    run: async (input, context) =>
      (await import('../commands/approvals.ts')).approvalsDeny({ id: input.args[0] ?? '' }, context),
  },
  {
    name: 'approvals reopen',
    args: '<id>',
    what: 'ask an expired question again',
    options: [PASSPHRASE_FD],
    examples: [['hardshell approvals reopen a_7qk', 'five more minutes to answer']],
    run: async (input, context) => {
      const { approvalsReopen } = await import('../commands/approvals.ts');
      return approvalsReopen({ id: input.args[0] ?? '', yes: false, passphraseFd: passphraseFd(input) }, context);
    },
  },
  {
    name: 'approvals watch',
    what: 'show new questions as they come, until Ctrl-C',
    options: [
      { flags: '--interval <seconds>', what: 'how often to look (2)' },
      { flags: '--for <seconds>', what: 'end after this time' },
    ],
    examples: [
      ['hardshell approvals watch', 'keep it open in a second terminal'],
      ['hardshell approvals watch --json', 'one object a line for each change'],
    ],
    run: async (input, context) => {
      const { approvalsWatch } = await import('../commands/approvals-list.ts');
      const forSeconds = input.whole('for', { min: 0, max: 604_800 });
      const intervalMs = (input.whole('interval', { min: 1, max: 3_600 }) ?? 2) * 1_000;
      return approvalsWatch({ intervalMs, forMs: forSeconds === undefined ? null : forSeconds * 1_000 }, context);
    },
  },
  {
    name: 'approvals enrol',
    what: 'choose a passphrase that every yes needs from then on',
    options: [
      { flags: '--yes', what: 'the yes, said here' },
      { flags: '--new-passphrase-fd <n>', what: 'read the new passphrase from this open descriptor' },
      { flags: '--passphrase-fd <n>', what: 'read the one in force from this descriptor, when it is to be replaced' },
    ],
    examples: [['hardshell approvals enrol', 'asks for it twice; a terminal alone is never enough again']],
    run: async (input, context) => {
      const { approvalsEnrol } = await import('../commands/approvals-enrol.ts');
      return approvalsEnrol(
        {
          yes: input.on('yes'),
          passphraseFd: passphraseFd(input),
          newPassphraseFd: passphraseFd(input, 'newPassphraseFd'),
        },
        context,
      );
    },
  },
];
