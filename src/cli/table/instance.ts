import { join } from 'node:path';
import type { CommandSpec } from './spec.ts';
import { passphraseFd, PASSPHRASE_FD, YES } from './spec.ts';
import { given } from './spec.ts';

/** The instance as a whole: start, stop, state, and the scan that needs none. */
export const INSTANCE_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'up',
    what: 'start everything; stays in the foreground until Ctrl-C',
    options: [{ flags: '--detach', what: 'return as soon as it is ready, and leave it running' }],
    examples: [
      ['hardshell up', 'start, and say what to try next'],
      ['hardshell up --detach', 'start in the background'],
    ],
    run: async (input, context) =>
      (await import('../commands/up.ts')).up({ detach: input.on('detach'), json: context.json }, context.io),
  },
  {
    name: 'down',
    what: 'stop everything, tidily',
    examples: [['hardshell down', 'stop what `up` started']],
    run: async (_, context) => (await import('../commands/down.ts')).down({ json: context.json }, context.io),
  },
  {
    name: 'status',
    what: 'what runs, what waits, what is unproven here',
    examples: [
      ['hardshell status', 'a short block'],
      ['hardshell status --json', 'for programs: `ready`, mode, presence, counts'],
    ],
    run: async (_, context) => (await import('../commands/status.ts')).status(context),
  },
  {
    name: 'doctor',
    what: 'check this machine and this instance, and say what to mend',
    examples: [['hardshell doctor', 'one line a check']],
    run: async (_, context) => (await import('../commands/doctor.ts')).doctor(context),
  },
  {
    name: 'scan',
    args: '[paths...]',
    what: 'read mail and chats in a sandbox and report what hides in them; needs no running instance',
    options: [
      { flags: '--html <file>', what: 'write one self-contained page' },
      { flags: '--threshold <level>', what: 'exit 3 at or above this: low, medium (usual) or high' },
      { flags: '--top <n>', what: 'how many of the worst messages the table shows (20)' },
      { flags: '--all', what: 'show every message' },
      { flags: '--jobs <n>', what: 'readers at the same time (one a core)' },
      { flags: '--state <file>', what: 'where an interrupted scan keeps its place' },
      { flags: '--restart', what: 'begin anew instead of going on' },
    ],
    examples: [
      ['hardshell scan ~/Mail', 'a Maildir, an mbox, `.eml` files, or a folder of them'],
      ['hardshell scan old.mbox --html report.html', 'a page to look at or pass on'],
      ['hardshell scan result.json slack-export/', 'what Telegram and Slack export, as JSON and unpacked'],
      ['hardshell scan inbox --json | jq .findings', 'one object a line'],
    ],
    run: async (input, context) => {
      const { scan } = await import('../commands/scan.ts');
      const checkout = join(import.meta.dirname, '..', '..');
      const options = given({
        html: input.text('html'),
        threshold: input.text('threshold'),
        state: input.text('state'),
        top: input.whole('top', { min: 0, max: 1_000 }),
        jobs: input.whole('jobs', { min: 1, max: 64 }),
      });
      return scan(
        { paths: input.args, json: context.json, all: input.on('all'), restart: input.on('restart'), ...options },
        { home: context.paths().home, checkout, node: process.execPath, env: context.io.env },
        { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, signal: context.signal },
      );
    },
  },
  {
    name: 'kill',
    what: 'stop everything now, by every lever; nothing starts again until `revive`',
    options: [{ flags: '--simulate', what: 'try the levers and change nothing' }],
    examples: [
      ['hardshell kill', 'the big red button'],
      ['hardshell kill --simulate', 'what a stop would stop'],
    ],
    run: async (input, context) =>
      (await import('../commands/kill.ts')).kill({ simulate: input.on('simulate'), json: context.json }, context.io),
  },
  {
    name: 'revive',
    what: 'after a stop, allow `up` again; needs a person',
    options: [YES, PASSPHRASE_FD],
    examples: [['hardshell revive', 'asks, then arms the instance anew']],
    run: async (input, context) => {
      const { revive } = await import('../commands/revive.ts');
      const { revivePresence } = await import('../commands/revive-presence.ts');
      const provePresence = revivePresence({ yes: input.on('yes'), passphraseFd: passphraseFd(input) }, context);
      return revive({ json: context.json, provePresence }, context.io);
    },
  },
  {
    name: 'redteam',
    what: 'attack a fresh instance in earnest, each attack beside an allowed twin',
    options: [
      { flags: '--list', what: 'name the attacks and run none' },
      { flags: '--report <file>', what: 'write what was found' },
      { flags: '--only <prefixes>', what: 'attacks whose id begins so, separated by commas' },
      { flags: '--histories <count>', what: 'random histories after the attacks (100000; with --only none)' },
      { flags: '--markdown', what: 'with --list: as the table of docs/redteam.md' },
    ],
    examples: [
      ['hardshell redteam', 'all attacks; yours is left alone'],
      ['hardshell redteam --list', 'what it would try'],
    ],
    run: async (input, context) => {
      const { redteam } = await import('../commands/redteam.ts');
      const valued = (['report', 'only', 'histories'] as const).flatMap((name) => {
        const value = input.text(name);
        return value === undefined ? [] : [`--${name}`, value];
      });
      const given = (['list', 'markdown'] as const).flatMap((name) => (input.on(name) ? [`--${name}`] : []));
      const flags = [...given, ...(context.json ? ['--json'] : [])];
      return redteam([...flags, ...valued], context.io);
    },
  },
];
