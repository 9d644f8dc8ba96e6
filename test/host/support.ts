import type { Listing, Machine, Ran, Reading, Subject } from '../../src/host/index.ts';

/** Said instead of a text: it is there, and may not be read. */
export const CLOSED = Symbol('closed');
type Answer = string | { readonly code?: number; readonly out?: string; readonly err?: string } | typeof CLOSED;

/** A machine as data: what its files, folders and commands say. What is not named is not there. */
export interface MachineData {
  readonly system?: Machine['system'];
  readonly files?: Readonly<Record<string, string | typeof CLOSED>>;
  /** Beside those that the files imply. */
  readonly folders?: Readonly<Record<string, readonly string[] | typeof CLOSED>>;
  /** By the whole command line. Any other line of a command that is there ends with 1 and says nothing. */
  readonly commands?: Readonly<Record<string, Answer>>;
  /** Links: where a path leads. Every other leads to itself. */
  readonly links?: Readonly<Record<string, string>>;
}

export const SUBJECT: Subject = {
  home: '/home/ann/.hardshell',
  userHome: '/home/ann',
  user: { name: 'ann', uid: 1000, own: true },
  node: '24.21.0',
};

/** Two machines as one; the second wins. */
export function merge(base: MachineData, change: MachineData): MachineData {
  return {
    ...base,
    ...change,
    files: { ...base.files, ...change.files },
    folders: { ...base.folders, ...change.folders },
    commands: { ...base.commands, ...change.commands },
    links: { ...base.links, ...change.links },
  };
}

/** `base` without the files, folders and commands whose names begin with one of `starts`. */
export function without(base: MachineData, ...starts: readonly string[]): MachineData {
  const keep = <T>(entries: Readonly<Record<string, T>> = {}): Record<string, T> =>
    Object.fromEntries(Object.entries(entries).filter(([name]) => !starts.some((start) => name.startsWith(start))));
  return { ...base, files: keep(base.files), folders: keep(base.folders), commands: keep(base.commands) };
}

export function machineOf(data: MachineData): Machine {
  const files = data.files ?? {};
  return {
    system: data.system ?? 'linux',
    readFile: async (path): Promise<Reading> => {
      const text = files[path];
      if (text === undefined) return { kind: 'absent' };
      return typeof text === 'string' ? { kind: 'text', text } : { kind: 'unreadable', why: 'EACCES' };
    },
    list: async (path): Promise<Listing> => listOf(data, path),
    run: async (command, args): Promise<Ran> => runOf(data, command, args),
  };
}

function listOf({ files = {}, folders = {} }: MachineData, path: string): Listing {
  const named = folders[path];
  if (typeof named === 'symbol') return { kind: 'unreadable', why: 'EACCES' };
  const start = path === '/' ? '/' : `${path}/`;
  const implied = [...Object.keys(files), ...Object.keys(folders)]
    .filter((name) => name.startsWith(start) && name !== path)
    .map((name) => name.slice(start.length).split('/')[0] ?? '');
  const names = [...new Set([...(named ?? []), ...implied])].toSorted();
  return named === undefined && names.length === 0 ? { kind: 'absent' } : { kind: 'names', names };
}

function runOf({ commands = {}, links = {} }: MachineData, command: string, args: readonly string[]): Ran {
  const line = [command, ...args].join(' ');
  const answer = commands[line];
  if (answer !== undefined) {
    if (typeof answer === 'symbol') return { kind: 'unreadable', why: 'no answer in time' };
    if (typeof answer === 'string') return { kind: 'ran', code: 0, out: answer, err: '' };
    return { kind: 'ran', code: answer.code ?? 0, out: answer.out ?? '', err: answer.err ?? '' };
  }
  if (command === 'readlink' && commands['readlink'] === undefined) {
    const path = args.at(-1) ?? '';
    return { kind: 'ran', code: 0, out: `${links[path] ?? path}\n`, err: '' };
  }
  const known = Object.keys(commands).some((name) => name.split(' ')[0] === command);
  return known ? { kind: 'ran', code: 1, out: '', err: '' } : { kind: 'absent' };
}
