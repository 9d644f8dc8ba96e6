import { DatabaseSync } from 'node:sqlite';
import { existsSync } from 'node:fs';
import { createPublicKey } from 'node:crypto';
import { homeFile, type Context } from '../context.ts';
import { toFailure } from '../failure.ts';
import { listPresenceFiles, readPassphrase, unlockPresence } from '../presence.ts';
import type { ProvePresence } from './revive.ts';

/**
 * Presence while nothing runs: the executor is stopped, so the key it has enrolled is read from the closed database and
 * the passphrase has to open just that key. Doubt denies: a database that cannot be read revives nobody.
 */
export function revivePresence(
  options: { readonly yes: boolean; readonly passphraseFd?: number | undefined },
  context: Context,
): ProvePresence {
  return async () => {
    let enrolled: string | null;
    try {
      enrolled = readEnrolledKey(homeFile(context, 'state.db'));
    } catch {
      return { ok: false, reason: '`state.db` cannot be read; restore it from a backup' };
    }
    if (enrolled === null && listPresenceFiles(context).length === 0) return atTerminal(options.yes, context);
    try {
      const passphrase = await readPassphrase(context, options, 'passphrase to revive: ');
      if (passphrase === null) return { ok: false, reason: 'not revived' };
      const key = await unlockPresence(context, passphrase);
      const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
      if (enrolled !== null && publicKey !== enrolled)
        return { ok: false, reason: '`keys/presence.json` is not the key that was enrolled; restore it from a backup' };
      return { ok: true, method: 'passphrase' };
    } catch (thrown) {
      return { ok: false, reason: toFailure(thrown).message };
    }
  };
}

async function atTerminal(yes: boolean, context: Context): Promise<Awaited<ReturnType<ProvePresence>>> {
  if (yes) return { ok: true, method: 'terminal' };
  if (!context.prompt.interactive)
    return { ok: false, reason: 'this needs a person: run it at a terminal, or add `--yes`' };
  const sure = await context.prompt.yes('is it understood why it was stopped, and may it run again?');
  return sure ? { ok: true, method: 'terminal' } : { ok: false, reason: 'not revived' };
}

/** The enrolled public key, or null when none is. Throws when the database is there and cannot be read. */
function readEnrolledKey(path: string): string | null {
  if (!existsSync(path)) return null;
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const value = db.prepare("SELECT value FROM meta WHERE key = 'presence_key'").get()?.['value'];
    return typeof value === 'string' ? value : null;
  } finally {
    db.close();
  }
}
