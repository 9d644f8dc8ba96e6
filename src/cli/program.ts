import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { openContext } from './context.ts';
import { Failure, toFailure, wrongUse } from './failure.ts';
import { makeIo, type Io } from './output.ts';
import { openPrompter } from './prompt.ts';
import { COMMANDS, GROUPS, LATER_COMMANDS } from './table/index.ts';
import { Input, type CommandSpec } from './table/spec.ts';

/** The process as the command line needs it. */
export interface Ports {
  readonly stdin: () => NodeJS.ReadStream;
  /** Standard input and standard error are terminals. */
  readonly interactive: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C; asked for only by commands that end tidily. */
  readonly interrupted: () => AbortSignal;
  readonly version: string;
}

/** Runs one command line (without program names) and gives its exit code. Never throws. */
export async function runCommandLine(argv: readonly string[], ports: Ports): Promise<number> {
  let exitCode = 0;
  // What follows `--` belongs to the program that is to be run.
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const json = own.includes('--json');
  const program = buildProgram({ ...ports, json }, async (spec, command) => {
    exitCode = await runCommand(spec, command, ports);
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    const io = makeIo({ ...ports, colour: !argv.includes('--no-color') });
    if (!(thrown instanceof CommanderError)) return tellFailure(toFailure(thrown), io, json);
    const where = nameCommand(program, argv);
    // A group alone was answered with its help.
    if (thrown.code !== 'commander.help') return tellFailure(wrongUse(sayWrongUse(thrown.message, where)), io, json);
    return json ? tellFailure(wrongUse(`name a command; see \`${where} --help\``), io, json) : 2;
  }
}

type Runner = (spec: CommandSpec, command: Command) => Promise<void>;

/** The whole tree of commands, in commander's words. */
function buildProgram(
  ports: Pick<Ports, 'stdout' | 'stderr' | 'version'> & { readonly json: boolean },
  run: Runner,
): Command {
  const program = new Command('hardshell')
    .description('The hard shell for a personal agent: it reads, thinks and proposes; it acts only through you.')
    .version(ports.version, '--version', 'print the version')
    .helpOption('-h, --help', 'show this')
    .helpCommand('help [command]', 'show the help of a command')
    .option('--json', 'answer in JSON, for programs')
    .option('--home <dir>', 'the instance (HARDSHELL_HOME, else ~/.hardshell)')
    .option('--no-color', 'no colours (also NO_COLOR)')
    .configureOutput({
      writeOut: (text) => void ports.stdout.write(text),
      // Programs get one object instead.
      writeErr: (text) => void (ports.json || ports.stderr.write(text)),
      // Told once it was thrown, when it is known where.
      outputError: () => undefined,
      getOutHelpWidth: () => ports.stdout.columns || 100,
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 refused or failed, 2 wrong use, 3 findings at or above the threshold.\nFirst steps: hardshell up, then hardshell inbox list and hardshell approvals list.\n',
    )
    .showSuggestionAfterError(true)
    .exitOverride();
  for (const spec of COMMANDS) addCommand(program, spec, run);
  for (const [name, part] of LATER_COMMANDS) addLater(program, name, part);
  return program;
}

function addCommand(program: Command, spec: CommandSpec, run: Runner): void {
  const words = spec.name.split(' ');
  const command = groupOf(program, words).command(
    `${words.at(-1) ?? ''}${spec.args === undefined ? '' : ` ${spec.args}`}`,
  );
  command.description(spec.what).allowExcessArguments(false);
  for (const { flags, what, many } of spec.options ?? []) {
    const option = new Option(flags, what);
    if (many === true)
      option.argParser((value: string, held: readonly string[] | undefined) => [...(held ?? []), value]);
    else if (option.required) option.argParser((value: string, held: unknown) => onlyOnce(flags, value, held));
    command.addOption(option);
  }
  const widest = Math.max(...spec.examples.map(([line]) => line.length));
  const examples = spec.examples.map(([line, what]) => `  ${line.padEnd(widest)}  ${what}`).join('\n');
  command.addHelpText('after', `\nExamples:\n${examples}\n`);
  command.action(() => run(spec, command));
}

/** The last of two would win silently, and the first is as likely what was meant. */
function onlyOnce(flags: string, value: string, held: unknown): string {
  if (held === undefined) return value;
  throw wrongUse(`\`${flags.split(' ')[0] ?? flags}\` is given twice; give it once`);
}

function addLater(program: Command, name: string, part: number): void {
  const words = name.split(' ');
  const command = groupOf(program, words).command(`${words.at(-1) ?? ''} [args...]`, { hidden: true });
  command.description(`comes with part ${part}`).allowUnknownOption(true);
  command.action(() => {
    throw new Failure(`\`hardshell ${name}\` comes with part ${part}`, { code: 'not_built' });
  });
}

function groupOf(program: Command, words: readonly string[]): Command {
  const [group = ''] = words;
  if (words.length === 1) return program;
  const found = program.commands.find((command) => command.name() === group);
  if (found !== undefined) return found;
  return program.command(group).description(GROUPS.get(group) ?? '');
}

async function runCommand(spec: CommandSpec, command: Command, ports: Ports): Promise<number> {
  const options: Record<string, unknown> = command.optsWithGlobals();
  const json = options['json'] === true;
  const home = options['home'];
  const env = typeof home === 'string' ? { ...ports.env, HARDSHELL_HOME: resolve(home) } : ports.env;
  const io = makeIo({ ...ports, env, colour: options['color'] !== false });
  const context = openContext({ io, json, prompt: openPrompter(ports), signal: ports.interrupted });
  try {
    return await spec.run(new Input(command.args, options), context);
  } catch (thrown) {
    return tellFailure(toFailure(thrown), io, json);
  } finally {
    io.progress('');
    context.finish();
  }
}

function tellFailure(failure: Failure, io: Io, json: boolean): number {
  if (json) io.write(JSON.stringify({ ok: false, error: failure.code, message: failure.message }));
  else io.error(`hardshell: ${failure.message}`);
  if (io.env['HARDSHELL_DEBUG'] === '1')
    io.error(String(failure.cause instanceof Error ? failure.cause.stack : failure.stack));
  return failure.exitCode;
}

/** The command that a command line names, as far as it names one: what its `--help` is asked of. */
function nameCommand(program: Command, argv: readonly string[]): string {
  const words = [program.name()];
  let at: Command | undefined = program;
  for (const word of argv) {
    at = at?.commands.find((command) => command.name() === word);
    if (at !== undefined) words.push(word);
    else if (words.length > 1) break;
    else at = program;
  }
  return words.join(' ');
}

/** Commander's sentences in our form: lower-case, no final stop, input in backticks, and what to do next. */
function sayWrongUse(text: string, where: string): string {
  const [first = '', ...hints] = text.trim().split('\n');
  const sentence = first
    .replace(/^error: /, '')
    .replace(/^(too many arguments).*?Expected (\d+) arguments? but got (\d+): .*$/s, (_, what, wanted, got) =>
      wanted === '0' ? `${what}: it takes none` : `${what}: it takes ${wanted}, not ${got}`,
    )
    .replaceAll("'", '`')
    .replace(/[^ -~]/g, '?')
    .replace(/\.$/, '');
  const hint = /^\(Did you mean (?:one of )?(.*?)\?\)$/.exec(hints.join(' '))?.[1];
  return `${sentence}; ${hint === undefined ? `see \`${where} --help\`` : `did you mean \`${hint}\`?`}`;
}
