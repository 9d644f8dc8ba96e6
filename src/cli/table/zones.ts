import { join } from 'node:path';
import type { CommandSpec } from './spec.ts';

/** The sandboxes, and programs of the owner's in them. */
export const ZONE_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'run',
    args: '[command...]',
    what: 'run any program in Zone 2: no network, no host files, the bridge and the model as its only ways out',
    options: [
      { flags: '--workspace <name>', what: 'its files and its session, kept from run to run (`default`)' },
      { flags: '--driver <name>', what: 'what builds the wall: `bubblewrap` (usual) or `docker`' },
      { flags: '--root <kind>', what: '`host-ro`: the programs of this machine, read-only (usual); or `image`' },
      {
        flags: '--image <image>',
        what: 'with `--root image`: folder of an unpacked image; for `docker` an image that the engine has',
      },
      { flags: '--read <path>', what: 'a file or folder that it may read, in `/read`; several times', many: true },
    ],
    examples: [
      ['hardshell run -- bash', 'look around in there'],
      ['hardshell run --read agent.py -- python3 /read/agent.py', 'an agent of yours'],
      ['hardshell run --workspace coder -- node /hardshell/lib/main.mjs', 'with files and a session of its own'],
    ],
    run: async (input, context) =>
      (await import('../commands/run.ts')).run(
        {
          workspace: input.text('workspace') ?? 'default',
          driver: input.text('driver') ?? 'bubblewrap',
          root: input.text('root'),
          image: input.text('image'),
          reads: input.list('read'),
          command: input.args,
        },
        context.io,
      ),
  },
  {
    name: 'zone exec',
    args: '<name> [command...]',
    what: 'run a Node script behind a wall like that of a running zone, with its socket and its uid',
    examples: [
      ['hardshell zone exec zone2-planner -- node -v', 'what it would find'],
      ['hardshell zone exec zone3-email-reader -- node probe.mjs', 'a script of yours, copied in'],
    ],
    run: async (input, context) =>
      (await import('../commands/zone.ts')).zoneExec(input.args[0] ?? '', input.args.slice(1), context.io),
  },
  {
    name: 'zone list',
    what: 'every process, its session, socket and isolation mode',
    examples: [['hardshell zone list', 'who runs behind which wall']],
    run: async (_, context) => (await import('../commands/zone.ts')).zoneList({ json: context.json }, context.io),
  },
  {
    name: 'zone plan',
    what: 'print every command that would make the machines of zones, and run none',
    options: [
      { flags: '--driver <name>', what: 'which driver: orbstack (macOS)' },
      { flags: '--dry-run', what: 'said for clearness: this command never runs anything' },
      { flags: '--removal', what: 'the commands that take the machines away again' },
      { flags: '--node <file>', what: 'Node for Linux to send in (the one of this checkout)' },
    ],
    examples: [
      ['hardshell zone plan --driver orbstack --dry-run', 'four isolated machines, command by command'],
      ['hardshell zone plan --driver orbstack --removal', 'how to be rid of them'],
    ],
    run: async (input, context) =>
      (await import('../commands/zone-plan.ts')).zonePlan(
        {
          driver: input.text('driver'),
          removal: input.on('removal'),
          node: input.text('node'),
          checkout: join(import.meta.dirname, '..', '..'),
        },
        context,
      ),
  },
];
