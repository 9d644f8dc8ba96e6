import { join } from 'node:path';
import type { CommandSpec } from './spec.ts';

/** What stands around an instance on a machine of its own: accounts, directories, units, rules. */
export const HOST_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'install',
    what: 'make this machine run Hardshell as a service: accounts, directories, firewall, units',
    options: [
      { flags: '--dry-run', what: 'print every file and command, and change nothing; needs no root' },
      { flags: '--root <dir>', what: 'into a folder that holds a system, for images (nothing is started)' },
      { flags: '--system <name>', what: 'linux (usual) or macos; a plan for macos can be printed only' },
      { flags: '--with-ollama', what: 'also tune the `ollama.service` that is there, and look after it' },
      { flags: '--without-ollama', what: 'take that tuning back' },
      { flags: '--models <names>', what: 'models to keep loaded, separated by commas (qwen3:1.7b,qwen3:8b)' },
      { flags: '--resolvers <addresses>', what: 'name servers for the way out (those of /etc/resolv.conf)' },
      { flags: '--one-account', what: 'no root at all: one account, and one uid for all zones (weaker)' },
    ],
    examples: [
      ['hardshell install --dry-run', 'what it would do, in full'],
      ['sudo hardshell install', 'do it; again after an update or a crash'],
      ['hardshell install --dry-run --system macos', 'what a Mac would get'],
    ],
    run: async (input, context) => {
      const { install } = await import('../commands/install.ts');
      return install(
        {
          dryRun: input.on('dryRun'),
          root: input.text('root') ?? '/',
          system: input.text('system') ?? 'linux',
          ollama: input.on('withOllama') ? true : input.on('withoutOllama') ? false : undefined,
          models: input.text('models'),
          resolvers: input.text('resolvers'),
          oneAccount: input.on('oneAccount') ? true : undefined,
        },
        { checkout: CHECKOUT, node: process.execPath },
        context,
      );
    },
  },
  {
    name: 'uninstall',
    what: 'take back what `install` made, and nothing else',
    options: [
      { flags: '--dry-run', what: 'print what would go, and change nothing' },
      { flags: '--root <dir>', what: 'from a folder that holds a system' },
      { flags: '--keep-home', what: 'leave the instance and its mail where they are' },
      { flags: '--yes', what: 'the yes, said here: the instance, its keys and its mail are deleted' },
    ],
    examples: [
      ['sudo hardshell uninstall --keep-home', 'code, accounts and units go; what you have stays'],
      ['sudo hardshell uninstall --yes', 'everything goes'],
    ],
    run: async (input, context) => {
      const { uninstallCommand } = await import('../commands/uninstall.ts');
      return uninstallCommand(
        {
          dryRun: input.on('dryRun'),
          root: input.text('root') ?? '/',
          keepHome: input.on('keepHome'),
          yes: input.on('yes'),
        },
        context,
      );
    },
  },
];

/** `dist`, `policies` and `templates` lie two folders above the packed command line. */
const CHECKOUT = join(import.meta.dirname, '..', '..');
