import { DISTRIBUTION, GUEST_ROOT, type Machine } from './machines.ts';

/** What goes to the standard input of a command. */
export type Input =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  /** A file of the Mac, streamed: the guest has no way to the Mac's files. */
  | { readonly kind: 'file'; readonly path: string; readonly sha256: string };

/** One call of `orb`: arguments as they are handed over, never through a shell. */
export interface OrbCommand {
  readonly arguments: readonly string[];
  readonly input: Input;
}

const NONE: Input = { kind: 'none' };

/** The only calls there are. INVARIANT: whatever acts on machines names exactly one, and one of ours. */
export const ORB = {
  version: (): OrbCommand => ({ arguments: ['version'], input: NONE }),
  list: (): OrbCommand => ({ arguments: ['list', '-f', 'json'], input: NONE }),
  info: ({ name }: Machine): OrbCommand => ({ arguments: ['info', name, '-f', 'json'], input: NONE }),
  create: ({ name, cpus, memory, disk }: Machine): OrbCommand => ({
    arguments: [
      ...['create', '--isolated', '--isolate-network'],
      ...['--cpus', String(cpus), '--memory', memory, '--disk', disk, DISTRIBUTION, name],
    ],
    input: NONE,
  }),
  start: ({ name }: Machine): OrbCommand => ({ arguments: ['start', name], input: NONE }),
  restart: ({ name }: Machine): OrbCommand => ({ arguments: ['restart', name], input: NONE }),
  stop: ({ name }: Machine): OrbCommand => ({ arguments: ['stop', name], input: NONE }),
  delete: ({ name }: Machine): OrbCommand => ({ arguments: ['delete', '--force', name], input: NONE }),
  /** A program of the guest as its root, who installs and starts; the zone itself gets the zone's uid from bubblewrap. */
  asRoot: ({ name }: Machine, command: readonly string[], input: Input = NONE): OrbCommand => ({
    arguments: ['-m', name, '-u', 'root', ...command],
    input,
  }),
} as const;

/** The guest's program for one of its three duties. */
export function guestCommand(duty: 'serve' | 'probe' | 'kill', instance: string): string[] {
  return [`${GUEST_ROOT}/node`, `${GUEST_ROOT}/guest/main.mjs`, duty, instance];
}

/**
 * What `orb` is told of our environment. OrbStack hands proxy variables of its caller into machines, and a zone is to
 * know nothing of this Mac; so it is a list of what passes, not of what does not.
 */
export function orbEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed = ['HOME', 'USER', 'LOGNAME', 'TMPDIR'].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(passed), PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LANG: 'C' };
}

/** The command as a person would type it. */
export function printCommand({ arguments: list, input }: OrbCommand): string {
  const words = ['orb', ...list].map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`,
  );
  switch (input.kind) {
    case 'none':
      return words.join(' ');
    case 'text':
      return `${words.join(' ')} < (${input.text.length} characters)`;
    case 'file':
      return `${words.join(' ')} < ${input.path}`;
    default:
      return input satisfies never;
  }
}
