import type { Dirent } from 'node:fs';
import { lstat, opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Channel } from '../launch.ts';
import { readHead } from './head.ts';
import { SNIFF_CHAT_BYTES, sniffChat } from './sniff-chat.ts';
import { sniff, type FileKind } from './sniff.ts';

/** A file with messages in it. */
export interface MailFile {
  readonly kind: 'file';
  readonly path: string;
  readonly format: 'mbox' | 'mail' | 'json';
  readonly channel: Channel;
  readonly bytes: number;
  readonly mtimeMs: number;
}

/** An input that cannot be read; the others go on. The sentence says what to do. */
export interface Problem {
  readonly kind: 'problem';
  readonly path: string;
  readonly sentence: string;
}

export type Walked = MailFile | Problem;

/** What lies below the paths and is no file and no folder: counted, never opened. */
export interface PassedOver {
  links: number;
  /** Pipes, sockets and devices. */
  others: number;
}

const DEPTH_MAX = 64;

/**
 * Every file with messages below the paths, in an order that does not change between runs. Links below a path are not
 * followed; a path itself may be one. `passed` is counted anew.
 */
export async function* walk(
  paths: readonly string[],
  passed: PassedOver = { links: 0, others: 0 },
): AsyncGenerator<Walked> {
  passed.links = 0;
  passed.others = 0;
  for (const path of paths) yield* walkOne(path, passed);
}

async function* walkOne(path: string, passed: PassedOver): AsyncGenerator<Walked> {
  let found;
  try {
    found = await stat(path);
  } catch (error) {
    yield problem(path, reasonOf(error));
    return;
  }
  if (found.isDirectory()) {
    let any = false;
    for await (const walked of walkFolder(path, 0, passed)) {
      any = true;
      yield walked;
    }
    if (!any)
      yield problem(
        path,
        'holds no mail and no chat: no .eml file, mbox, Maildir or chat export (.json) was found in it',
      );
    return;
  }
  if (!found.isFile()) {
    yield problem(path, 'is neither a file nor a folder');
    return;
  }
  yield await look(path, { named: true });
}

async function* walkFolder(path: string, depth: number, passed: PassedOver): AsyncGenerator<Walked> {
  let entries: Dirent[];
  try {
    entries = await list(path);
  } catch (error) {
    yield problem(path, reasonOf(error));
    return;
  }
  if (depth > DEPTH_MAX) {
    yield problem(path, `is nested deeper than ${DEPTH_MAX} folders; give it by itself`);
    return;
  }
  const isMaildir = ['cur', 'new'].every((name) => entries.some((entry) => entry.name === name && entry.isDirectory()));
  const inMaildir = ['cur', 'new'].includes(basename(path));
  for (const entry of entries) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) {
      if (!(isMaildir && entry.name === 'tmp')) yield* walkFolder(child, depth + 1, passed);
      continue;
    }
    if (!entry.isFile()) {
      passed[entry.isSymbolicLink() ? 'links' : 'others'] += 1;
      continue;
    }
    const walked = await look(child, { named: false, isMessage: inMaildir && !entry.name.startsWith('.') });
    if (walked !== null) yield walked;
  }
}

/** Entries by name, the bytes of the names deciding. */
async function list(path: string): Promise<Dirent[]> {
  const entries: Dirent[] = [];
  for await (const entry of await opendir(path, { bufferSize: 1_024 })) entries.push(entry);
  return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

interface Look {
  /** The person named this very file: say what is wrong with it. */
  readonly named: boolean;
  /** A file of a Maildir is a message whatever its name. */
  readonly isMessage?: boolean;
}

async function look(path: string, how: { readonly named: true }): Promise<Walked>;
async function look(path: string, how: Look): Promise<Walked | null>;
async function look(path: string, how: Look): Promise<Walked | null> {
  const name = basename(path).toLowerCase();
  const byName = /\.(?:eml|mbox|mbx)$/.test(name);
  const packed = /\.(?:eml|mbox|mbx|jsonl?)\.(?:gz|bz2|xz|zst|zip)$/.test(name);
  const isJson = /\.(?:jsonl?|ndjson)$/.test(name);
  const mayBe =
    how.named ||
    how.isMessage === true ||
    byName ||
    packed ||
    isJson ||
    !name.includes('.') ||
    /^\.?[a-z]+$/.test(name);
  if (!mayBe) return null;
  try {
    const { size, mtimeMs } = await (how.named ? stat(path) : lstat(path));
    const file = (format: MailFile['format'], channel: Channel = 'email'): MailFile => ({
      kind: 'file',
      path,
      format,
      channel,
      bytes: size,
      mtimeMs,
    });
    if (how.isMessage === true) return file('mail');
    const kind = sniff(await readHead(path, how.named));
    if (kind === 'json' && !byName) {
      const channel = sniffChat(await readHead(path, how.named, SNIFF_CHAT_BYTES), name);
      if (channel !== null) return file('json', channel);
    }
    if (kind === 'mbox') return file('mbox');
    if (kind === 'mail' && (how.named || byName || /^\d+$/.test(name))) return file('mail');
    // An `.eml` that begins oddly is still somebody's message: what is wrong with it is for a reader to say.
    if (name.endsWith('.eml') && (kind === 'other' || kind === 'json')) return file('mail');
    return how.named || byName || packed ? problem(path, WORDS[kind]) : null;
  } catch (error) {
    return problem(path, reasonOf(error));
  }
}

const WORDS: Readonly<Record<FileKind, string>> = {
  compressed: 'is compressed; unpack it first (`gunzip`, `unzip`, …) and scan what comes out',
  outlook: 'is an Outlook file; export its mail as .eml or mbox first',
  empty: 'is empty',
  mail: 'is not a message on its own',
  mbox: 'is not an mbox',
  json: 'is JSON, but neither of Telegram nor of Slack as far as its first members tell',
  other: 'is no mail: it begins with neither a header nor a `From ` line; of chats, exports as JSON are read',
};

function reasonOf(error: unknown): string {
  switch (typeof error === 'object' && error !== null && 'code' in error ? error.code : '') {
    case 'ENOENT':
      return 'does not exist; check the path';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by you; change its permissions or run as its owner';
    case 'ELOOP':
      return 'is a link that leads nowhere';
    default:
      return 'cannot be read; look at the disk';
  }
}

function problem(path: string, sentence: string): Problem {
  return { kind: 'problem', path, sentence };
}
