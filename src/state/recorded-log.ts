import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/** Entries that the log has to have, as the database recorded them: those of the outbox may still be missing in it. */
export interface RecordedLog {
  readonly least: number;
  readonly most: number;
}

/**
 * What the database of a home says of its log, read beside whoever works with it; no table and no page is changed.
 * Null when it cannot be read: there is none, or it is damaged.
 */
export function readRecordedLog(home: string): RecordedLog | null {
  const path = join(home, 'state.db');
  if (!existsSync(path)) return null;
  let db: DatabaseSync | undefined;
  try {
    const place = pathToFileURL(path);
    // A database that was closed has no side files, and looking shall make none. With a journal beside it, somebody works
    // with it or died at it, and the newest pages stand there.
    if (!existsSync(`${path}-wal`)) place.search = '?immutable=1';
    db = new DatabaseSync(place, { readOnly: true, allowExtension: false, timeout: 2_000 });
    const head = db.prepare("SELECT value ->> 'seq' AS seq FROM meta WHERE key = 'audit_head'").get();
    const outbox = db.prepare('SELECT count(*) AS n FROM audit_outbox').get();
    const most = head === undefined ? 0 : Number(head['seq']);
    const least = most - Number(outbox?.['n']);
    return Number.isSafeInteger(most) && least >= 0 ? { least, most } : null;
  } catch {
    return null;
  } finally {
    db?.close();
  }
}
