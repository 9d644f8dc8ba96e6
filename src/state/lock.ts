import { DatabaseSync } from 'node:sqlite';

/** Held by the one supervisor of a home for as long as it lives. */
export interface HomeLock {
  readonly release: () => void;
}

/**
 * Takes the lock, or undefined when another process holds it. The kernel lets it go with its holder, so that it is
 * never stale and two starters cannot both win (a socket or pid file would have to be taken over by hand).
 * The file stays empty: nothing in it is ever read.
 */
export function takeHomeLock(path: string): HomeLock | undefined {
  const database = new DatabaseSync(path, { allowExtension: false, timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && /locked|busy/i.test(error.message)) return undefined;
    throw error;
  }
  return { release: () => database.close() };
}
