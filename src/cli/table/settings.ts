import type { CommandSpec } from './spec.ts';
import { passphraseFd, PASSPHRASE_FD, RESTORE, YES } from './spec.ts';

/** What the owner decides: contacts and configuration. */
export const SETTINGS_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'contacts list',
    what: 'addresses that you know',
    examples: [['hardshell contacts list', 'address and the name you gave it']],
    run: async (_, context) => (await import('../commands/contacts.ts')).contactsList(context),
  },
  {
    name: 'contacts add',
    args: '<address> <name...>',
    what: 'an address that you know, and what you call it',
    options: [YES, PASSPHRASE_FD],
    examples: [['hardshell contacts add ann@example.org Ann Lee', 'names beside addresses come from here only']],
    run: async (input, context) => {
      const { contactsAdd } = await import('../commands/contacts.ts');
      const [address = '', ...name] = input.args;
      return contactsAdd(
        { address, name: name.join(' '), yes: input.on('yes'), passphraseFd: passphraseFd(input) },
        context,
      );
    },
  },
  {
    name: 'contacts remove',
    args: '<address>',
    what: 'forget one',
    options: [YES, PASSPHRASE_FD],
    examples: [['hardshell contacts remove ann@example.org', 'she is nobody you know again']],
    run: async (input, context) => {
      const { contactsRemove } = await import('../commands/contacts.ts');
      return contactsRemove(
        { address: input.args[0] ?? '', yes: input.on('yes'), passphraseFd: passphraseFd(input) },
        context,
      );
    },
  },
  ...(['contacts', 'config'] as const).map((name): CommandSpec => ({
    name: `${name} confirm`,
    what: 'show what changed in the file, and take it into force',
    options: [YES, ...(name === 'contacts' ? [RESTORE] : []), PASSPHRASE_FD],
    examples: [
      [`hardshell ${name} confirm`, 'until then nothing is sent'],
      ...(name === 'contacts' ? [[`hardshell contacts confirm --restore`, 'the file is gone'] as const] : []),
    ],
    run: async (input, context) => {
      const { confirmFile, restoreFile } = await import('../commands/confirm.ts');
      const how = { yes: input.on('yes'), passphraseFd: passphraseFd(input) };
      return name === 'contacts' && input.on('restore')
        ? restoreFile({ name, ...how }, context)
        : confirmFile({ name, ...how }, context);
    },
  })),
  {
    name: 'config get',
    args: '[key]',
    what: 'what is in force: file, environment and defaults together',
    examples: [
      ['hardshell config get', 'all of it'],
      ['hardshell config get approvals.questionsPerDay', 'one value'],
    ],
    run: async (input, context) => (await import('../commands/config.ts')).configGet({ key: input.args[0] }, context),
  },
  {
    name: 'config set',
    args: '<pairs...>',
    what: 'change keys in the file; comments stay, and an invalid file is never written',
    examples: [
      ['hardshell config set mail.address ann@example.org', 'one key'],
      [
        `hardshell config set models.local '{baseUrl: "http://127.0.0.1:11434/v1", model: "qwen3:8b"}'`,
        'a model on this machine',
      ],
    ],
    run: async (input, context) => (await import('../commands/config.ts')).configSet({ pairs: input.args }, context),
  },
  {
    name: 'config validate',
    args: '[file]',
    what: 'every problem of the file with its line',
    examples: [['hardshell config validate', 'checks `hardshell.json` in the home']],
    run: async (input, context) =>
      (await import('../commands/config.ts')).configValidate({ file: input.args[0] }, context),
  },
  {
    name: 'config default',
    what: 'print the file of a first start, every key explained',
    examples: [['hardshell config default', 'to compare, or to start over']],
    run: async (_, context) => (await import('../commands/config.ts')).configDefault(context),
  },
];
