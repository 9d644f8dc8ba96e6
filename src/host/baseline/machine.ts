import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export type Reading =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string };

export type Listing =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** `absent`: there is no such command in the folders of the system. `code` is null for one that was ended. */
export type Ran =
  | { readonly kind: 'ran'; readonly code: number; readonly out: string; readonly err: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Everything that is read of a machine goes through these three: a machine in a test is a table of answers. */
export interface Machine {
  readonly system: 'linux' | 'darwin';
  /** Text of at most 1 MiB; of a longer file its beginning. */
  readonly readFile: (path: string) => Promise<Reading>;
  /** A system command by its bare name, without a shell, in the C locale, for at most ten seconds. */
  readonly run: (command: string, args: readonly string[]) => Promise<Ran>;
  readonly list: (path: string) => Promise<Listing>;
}

/** Who runs Hardshell: the owner of its home. */
export interface SubjectUser {
  /** Empty for a uid that no account has. */
  readonly name: string;
  readonly uid: number;
  /** False: root asks about somebody else, whose session and rights are not its own. */
  readonly own: boolean;
}

/** Whom and what the baseline is about. */
export interface Subject {
  /** `HARDSHELL_HOME`, absolute. */
  readonly home: string;
  /** The home of the person or service that runs it. */
  readonly userHome: string;
  readonly user: SubjectUser;
  /** Version of the Node that runs us, such as `24.21.0`. */
  readonly node: string;
}

/** Never `PATH`: who can set that could answer in the system's place. */
const FOLDERS = [
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/libexec/ApplicationFirewall',
  '/run/current-system/sw/bin',
] as const;
const FILE_BYTES_MAX = 1_048_576;
const OUTPUT_BYTES_MAX = 8_388_608;
const RUN_MS_MAX = 10_000;

/** This machine. */
export function openMachine(): Machine {
  return { system: process.platform === 'darwin' ? 'darwin' : 'linux', readFile: readText, run: runCommand, list };
}

async function readText(path: string): Promise<Reading> {
  try {
    // Not blocking: a name could have become a pipe.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const bytes = Buffer.alloc(FILE_BYTES_MAX);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, null);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return { kind: 'text', text: bytes.toString('utf8', 0, filled) };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    return missing(cause);
  }
}

async function list(path: string): Promise<Listing> {
  try {
    return { kind: 'names', names: (await readdir(path)).toSorted() };
  } catch (cause) {
    return missing(cause);
  }
}

function missing(cause: unknown): { kind: 'absent' } | { kind: 'unreadable'; why: string } {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'absent' } : { kind: 'unreadable', why: code };
}

function runCommand(command: string, args: readonly string[]): Promise<Ran> {
  const path = FOLDERS.map((folder) => join(folder, command)).find(isExecutable);
  if (path === undefined) return Promise.resolve({ kind: 'absent' });
  const env = { PATH: FOLDERS.join(':'), LC_ALL: 'C', LANG: 'C', HOME: process.env['HOME'] ?? '/' };
  const options = { env, cwd: '/', timeout: RUN_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    const child = execFile(path, [...args], options, (error, out, err) => {
      if (error === null) resolve({ kind: 'ran', code: 0, out, err });
      else if (typeof error.code === 'number') resolve({ kind: 'ran', code: error.code, out, err });
      else resolve({ kind: 'unreadable', why: error.killed === true ? 'no answer in time' : (error.code ?? 'ended') });
    });
    child.stdin?.end();
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
