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
 * What the database of a home says of its log, read without changing a byte of the home. Null when it cannot be read so:
 * there is none, it is damaged, or somebody works with it or died at it, so that its newest pages stand elsewhere.
 */
export function readRecordedLog(home: string): RecordedLog | null {
  const path = join(home, 'state.db');
  if (!existsSync(path) || existsSync(`${path}-wal`)) return null;
  let db: DatabaseSync | undefined;
  try {
    const place = pathToFileURL(path);
    // Else SQLite would make its side files beside the database.
    place.search = '?immutable=1';
    db = new DatabaseSync(place, { readOnly: true, allowExtension: false });
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
