import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HardshellError } from '../../contracts/index.ts';
import type { InstallEvent } from './apply.ts';
import { HALF_WRITTEN } from './disk.ts';
import { JOURNAL_FOLDER, openJournal, type Entry, type Journal } from './journal.ts';
import { look, placeOf, type Target } from './paths.ts';
import { makeSite, type SitePorts } from './site.ts';
import { undoAccount } from './steps/account.ts';
import { undoDirectory } from './steps/directory.ts';
import { undoFile, undoLink } from './steps/file.ts';
import type { Site, Undone } from './steps/observed.ts';
import { undoCommand, undoUnit } from './steps/running.ts';

export interface UninstallOptions {
  readonly target: Target;
  readonly ports: SitePorts;
  /** Home and mail stay where they are. */
  readonly keepHome: boolean;
  readonly tell: (event: InstallEvent) => void;
}

export interface Uninstalled {
  readonly removed: number;
  /** Paths that stay, because the owner asked or because they are not ours. */
  readonly kept: readonly string[];
}

/** What an uninstall would take back, last made first. Empty when nothing is installed. */
export function planUninstall(target: Target): readonly Entry[] {
  return openJournal(target)?.entries.toReversed() ?? [];
}

/**
 * Takes back, last made first, what the journal says we made, and nothing else. After a crash the next run goes on.
 * Throws `HardshellError` with what to do next.
 */
export function uninstall({ target, ports, keepHome, tell }: UninstallOptions): Uninstalled {
  const journal = openJournal(target);
  if (journal === undefined) {
    removeBegunJournal(target);
    return { removed: 0, kept: [] };
  }
  const site = makeSite(target, ports, journal, tell);
  const entries = journal.entries.toReversed();
  const kept: string[] = [];
  let removed = 0;
  for (const [at, entry] of entries.entries()) {
    const outcome = undoEntry(entry, site, { keepData: keepHome });
    journal.remove(entry.id);
    if (outcome === 'kept') kept.push(placeOf(target, entry.subject));
    else if (outcome !== 'stays') removed += 1;
    const text = `${entry.kind} ${entry.subject}`;
    tell({ event: 'step', n: at + 1, of: entries.length, id: entry.id, outcome, text });
  }
  return { removed, kept: [...kept, ...endJournal(journal)] };
}

/** Takes one entry back, and that again when it was interrupted. */
export function undoEntry(entry: Entry, site: Site, { keepData }: { readonly keepData: boolean }): Undone {
  switch (entry.kind) {
    case 'group':
    case 'user':
      return undoAccount(entry, site);
    case 'directory':
      return undoDirectory(entry, site, keepData);
    case 'file':
      return undoFile(entry, site);
    case 'link':
      return undoLink(entry, site);
    case 'unit':
      return undoUnit(entry, site);
    case 'command':
      return undoCommand(entry, site);
    default:
      return entry.kind satisfies never;
  }
}

function endJournal(journal: Journal): string[] {
  return journal.end();
}

/** A crash before the first entry, or after the last, leaves folders of the journal and nothing in them. */
function removeBegunJournal(target: Target): void {
  const folder = placeOf(target, JOURNAL_FOLDER);
  const found = look(folder);
  if (found === undefined) return;
  if (!found.isDirectory() || found.uid !== 0)
    throw new HardshellError('home_unsafe', `\`${folder}\` is not ours; look at it and remove it`, { fate: 'refuse' });
  rmSync(join(folder, `journal.json${HALF_WRITTEN}`), { force: true });
  const backups = join(folder, 'backups');
  for (const name of look(backups) === undefined ? [] : readdirSync(backups))
    if (name.endsWith(HALF_WRITTEN) || /^\d+$/.test(name)) rmSync(join(backups, name));
  for (const path of [backups, folder]) if (look(path) !== undefined) rmdirSync(path);
}
