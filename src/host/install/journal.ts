import {
  constants,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  rmdirSync,
  readdirSync,
  fstatSync,
} from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { HardshellError } from '../../contracts/index.ts';
import { copyAside, HALF_WRITTEN, placeFile, syncFolder } from './disk.ts';
import { look, placeOf, requireSafeWay, unsafe, type Target } from './paths.ts';
import { ROOT } from './plan.ts';

/** Where an installation remembers what it did. Root's alone. */
export const JOURNAL_FOLDER = '/var/lib/hardshell-install';

/** What stood there before us. `same`: exactly what we wanted, so it is not ours to take away. */
const beforeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('absent') }),
  z.strictObject({ kind: z.literal('same') }),
  z.strictObject({ kind: z.literal('file'), backup: z.string().regex(/^\d{1,6}$/), sha256: z.string() }),
  z.strictObject({ kind: z.literal('link'), to: z.string() }),
  z.strictObject({ kind: z.literal('directory'), mode: z.number(), uid: z.number(), gid: z.number() }),
]);
export type Before = z.infer<typeof beforeSchema>;

const entrySchema = z.strictObject({
  id: z.string(),
  kind: z.enum(['group', 'user', 'directory', 'file', 'link', 'unit', 'command']),
  /** Path, name of the account or of the unit: what an undo needs when the plan of that day is gone. */
  subject: z.string(),
  state: z.enum(['begun', 'done']),
  before: beforeSchema,
  /** Digest, target of the link or number of the account, as we made it; and as an earlier version of us had. */
  made: z.string(),
  was: z.string().nullable(),
  holds: z.enum(['shared', 'ours', 'data', 'runtime']).nullable(),
  undo: z.array(z.string()).nullable(),
});
export type Entry = z.infer<typeof entrySchema>;

/** What the owner chose; a later run without a word about it keeps it. */
const choicesSchema = z.strictObject({ ollama: z.boolean(), oneAccount: z.boolean() });
export type Choices = z.infer<typeof choicesSchema>;
export const USUAL_CHOICES: Choices = { ollama: false, oneAccount: false };

const journalSchema = z.strictObject({
  v: z.literal(1),
  version: z.string(),
  choices: choicesSchema,
  backups: z.number().int().nonnegative(),
  entries: z.array(entrySchema),
});
type Kept = z.infer<typeof journalSchema>;

/** What was done, written before it is done: after a crash at any point it says what to finish or take back. */
export class Journal {
  readonly #folder: string;
  #kept: Kept;

  constructor(folder: string, kept: Kept) {
    this.#folder = folder;
    this.#kept = kept;
  }

  get version(): string {
    return this.#kept.version;
  }

  get entries(): readonly Entry[] {
    return this.#kept.entries;
  }

  find(id: string): Entry | undefined {
    return this.#kept.entries.find((entry) => entry.id === id);
  }

  /** On stable storage when this returns. A new entry goes last. */
  put(entry: Entry): void {
    const others = this.#kept.entries;
    const at = others.findIndex(({ id }) => id === entry.id);
    const entries = at < 0 ? [...others, entry] : others.with(at, entry);
    this.#write({ ...this.#kept, entries });
  }

  remove(id: string): void {
    this.#write({ ...this.#kept, entries: this.#kept.entries.filter((entry) => entry.id !== id) });
  }

  get choices(): Choices {
    return this.#kept.choices;
  }

  setPlan(version: string, choices: Choices): void {
    const { version: old, choices: before } = this.#kept;
    const same = before.ollama === choices.ollama && before.oneAccount === choices.oneAccount;
    if (version !== old || !same) this.#write({ ...this.#kept, version, choices });
  }

  /** Keeps a stranger's file for the day it comes back. */
  backUp(path: string): string {
    const name = String(this.#kept.backups + 1);
    copyAside(path, join(this.#folder, 'backups', name));
    this.#write({ ...this.#kept, backups: this.#kept.backups + 1 });
    return name;
  }

  backupPath(name: string): string {
    return join(this.#folder, 'backups', name);
  }

  /** Everything is taken back: the journal goes too. What somebody put beside it stays, and its folder with it. */
  end(): string[] {
    for (const name of readdirSync(join(this.#folder, 'backups'))) {
      if (/^\d+$/.test(name) || name.endsWith(HALF_WRITTEN)) rmSync(join(this.#folder, 'backups', name));
    }
    rmSync(join(this.#folder, `journal.json${HALF_WRITTEN}`), { force: true });
    rmSync(join(this.#folder, 'journal.json'));
    const left: string[] = [];
    for (const folder of [join(this.#folder, 'backups'), this.#folder]) {
      try {
        rmdirSync(folder);
      } catch {
        left.push(folder);
      }
    }
    return left;
  }

  #write(kept: Kept): void {
    const text = `${JSON.stringify(kept, undefined, 1)}\n`;
    placeFile(join(this.#folder, 'journal.json'), { kind: 'text', text }, { ...ROOT, mode: 0o600 });
    this.#kept = kept;
  }
}

/** The journal of an installation that was begun, or undefined. Throws when it cannot be trusted. */
export function openJournal(target: Target): Journal | undefined {
  const folder = placeOf(target, JOURNAL_FOLDER);
  requireSafeWay(target, `${JOURNAL_FOLDER}/journal.json`);
  const path = join(folder, 'journal.json');
  if (look(path) === undefined) return undefined;
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.uid !== 0 || (stat.mode & 0o077) !== 0)
      throw unsafe(`\`${path}\` is open to others`, 'find out who changed it');
    const parsed = journalSchema.safeParse(JSON.parse(readFileSync(fd, 'utf8')));
    if (parsed.success) return new Journal(folder, parsed.data);
  } catch (cause) {
    if (cause instanceof HardshellError) throw cause;
  } finally {
    closeSync(fd);
  }
  throw new HardshellError('state_corrupt', `\`${path}\` cannot be read; put it back from a backup of this machine`, {
    fate: 'stop',
  });
}

export function createJournal(target: Target, version: string, choices: Choices): Journal {
  const folder = placeOf(target, JOURNAL_FOLDER);
  mkdirSync(join(folder, 'backups'), { recursive: true, mode: 0o700 });
  syncFolder(folder);
  const journal = new Journal(folder, { v: 1, version: '', choices, backups: 0, entries: [] });
  journal.setPlan(version, choices);
  return journal;
}
