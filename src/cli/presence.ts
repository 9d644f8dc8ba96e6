import type { KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { claimOf, parsePresenceFile, signWith, unlockKey } from '../control/index.ts';
import type { ControlRequest, PresenceProof } from '../contracts/index.ts';
import { homeFile, type Context } from './context.ts';
import { Failure } from './failure.ts';
import { readSecretFd } from './prompt.ts';

export interface PresenceOptions {
  /** Said on the command line: a yes without a question. Counts in terminal presence only. */
  readonly yes: boolean;
  /** Descriptor whose first line is the passphrase. */
  readonly passphraseFd?: number | undefined;
  /** The question for a yes; null where typing the command is act enough. */
  readonly question: string | null;
  /** Keeps the opened key for the next question of one sitting: a conversation asks for the passphrase once. */
  readonly sitting?: { key?: KeyObject } | undefined;
}

type Provable = Extract<ControlRequest, { presence: PresenceProof }>;
/** A request that is complete but for its proof. */
export type Unproven = Provable extends infer R ? (R extends Provable ? Omit<R, 'presence'> : never) : never;

/**
 * A proof that a person means this request: a yes at the terminal, or a signature with the key that their passphrase
 * opens. Null when they decline. Throws a `Failure` when nobody can be asked.
 */
export async function provePresence(
  context: Context,
  request: Unproven,
  options: PresenceOptions,
): Promise<PresenceProof | null> {
  const { presence, nonce, expires_at } = await context.control().ask({ type: 'presence_challenge' });
  const first = request.type === 'presence_enrol' && listPresenceFiles(context).length === 0;
  if (presence === 'terminal' || first) return (await meansIt(context, options)) ? { method: 'terminal' } : null;
  if (options.yes && options.passphraseFd === undefined) {
    throw new Failure(
      'a passphrase is enrolled, so `--yes` is not enough; leave it out and type the passphrase, or use `--passphrase-fd`',
      { code: 'presence_required' },
    );
  }
  if (options.passphraseFd === undefined && !(await meansIt(context, options))) return null;
  const key = options.sitting?.key ?? (await openKey(context, options));
  if (key === null) return null;
  if (options.sitting !== undefined) options.sitting.key = key;
  return signWith(key, claimOf(request), { nonce, expiresAt: expires_at });
}

async function openKey(context: Context, options: PresenceOptions): Promise<KeyObject | null> {
  const passphrase = await readPassphrase(context, options);
  return passphrase === null ? null : unlockPresence(context, passphrase);
}

/** The passphrase, from the descriptor or typed. Null when they decline. */
export async function readPassphrase(
  context: Context,
  options: Pick<PresenceOptions, 'passphraseFd'>,
  question = 'passphrase: ',
): Promise<string | null> {
  if (options.passphraseFd !== undefined) return readSecretFd(options.passphraseFd);
  if (!context.prompt.interactive) {
    throw new Failure('this needs your passphrase; run it at a terminal, or hand it over with `--passphrase-fd N`', {
      code: 'presence_required',
    });
  }
  const typed = await context.prompt.secret(question);
  return typed === null || typed === '' ? null : typed;
}

const KEY_FILE = /^presence(?:\.[0-9a-f]{8})?\.json$/;

/** Names in `keys/` that may hold the key: the one in force, and what an interrupted change left beside it. */
export function listPresenceFiles(context: Context): string[] {
  try {
    return readdirSync(homeFile(context, 'keys'))
      .filter((name) => KEY_FILE.test(name))
      .sort((a, b) => a.length - b.length);
  } catch {
    return [];
  }
}

/** The private key. After an interrupted change there are two files, and the passphrase says which is meant. */
export async function unlockPresence(context: Context, passphrase: string): Promise<KeyObject> {
  let problem: unknown = new Failure(
    'a passphrase is enrolled, but `keys/presence.json` cannot be read; restore it from a backup',
    { code: 'presence_failed' },
  );
  for (const name of listPresenceFiles(context)) {
    try {
      return await unlockKey(parsePresenceFile(readFileSync(homeFile(context, 'keys', name), 'utf8')), passphrase);
    } catch (thrown) {
      problem = thrown;
    }
  }
  throw problem;
}

async function meansIt(context: Context, { yes, question }: PresenceOptions): Promise<boolean> {
  if (yes || question === null) return true;
  if (!context.prompt.interactive) {
    throw new Failure('this needs a yes; run it at a terminal, or add `--yes` if you have read what it does', {
      code: 'presence_required',
    });
  }
  return context.prompt.yes(question);
}
