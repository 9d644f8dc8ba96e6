import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  HardshellError,
  refused,
  accepted,
  type Outcome,
  type Sha256Hex,
  type SubjectHash,
} from '../contracts/index.ts';
import { describeDifference } from '../control/index.ts';
import { sql, type Reader, type Tx } from '../state/index.ts';
import { contactBook, parseContacts } from './contacts.ts';
import type { ProvenMethod } from './control-desk/desk.ts';
import type { ConfirmedPort, ContactBook, PolicyPort } from './ports.ts';

export type ConfirmedName = 'policy' | 'contacts' | 'config';

export interface ConfirmedParts {
  readonly home: string;
  /** Puts a text durably in the place of a file of the home. */
  readonly writeFile: (name: string, text: string) => void;
  readonly sha256Hex: Sha256Hex;
  readonly subjectHash: SubjectHash;
  readonly reader: () => Reader;
  /** Compiles a policy text; the sentences say what is wrong with it. */
  readonly compile: (
    text: string,
  ) =>
    | { readonly kind: 'ok'; readonly policy: PolicyPort }
    | { readonly kind: 'refused'; readonly problems: readonly string[] };
  /** The parts of the configuration that decide who may be reached and how the owner is asked, as one text. */
  readonly configText: () => string;
  /** The same parts as this process was started with: what its station works by. */
  readonly configInForce: string;
  readonly self: { readonly address: string; readonly name: string };
}

const FILES = { policy: 'policy.cedar', contacts: 'contacts.json' } as const;
const WORDS: Readonly<Record<ConfirmedName, string>> = {
  policy: '`policy.cedar` is not the one you confirmed',
  contacts: '`contacts.json` is not the one you confirmed',
  config: '`hardshell.json` is not the one you confirmed',
};

/** What is on the disk beside what is in force. */
export interface Comparison {
  readonly digest: string;
  readonly changed: boolean;
  readonly words: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Policy, contacts and the deciding parts of the configuration, as the owner confirmed them. What is in force is the
 * confirmed text in the database; the files are only proposals until their digest is confirmed.
 * INVARIANT: a file that differs is never loaded, and while one differs outbound acts are denied.
 */
export class Confirmed implements ConfirmedPort {
  readonly #parts: ConfirmedParts;
  #policy: { digest: string; policy: PolicyPort } | undefined;
  #contacts: { digest: string; book: ContactBook } | undefined;
  #startedConfirmed = false;

  constructor(parts: ConfirmedParts) {
    this.#parts = parts;
  }

  policy(): PolicyPort {
    const row = this.#row('policy');
    if (this.#policy?.digest === row.digest) return this.#policy.policy;
    const compiled = this.#parts.compile(row.body);
    if (compiled.kind === 'refused') throw corrupt('policy');
    this.#policy = { digest: row.digest, policy: compiled.policy };
    return compiled.policy;
  }

  contacts(): ContactBook {
    const row = this.#row('contacts');
    if (this.#contacts?.digest === row.digest) return this.#contacts.book;
    const parsed = parseContacts(row.body);
    if (!parsed.ok) throw corrupt('contacts');
    this.#contacts = { digest: row.digest, book: contactBook(parsed.value, this.#parts.self) };
    return this.#contacts.book;
  }

  changed(): string | null {
    for (const name of ['policy', 'contacts', 'config'] as const) {
      if (this.digestOnDisk(name) !== this.#row(name).digest) {
        return `${WORDS[name]}, so nothing goes out; see and confirm it with \`hardshell ${name === 'policy' ? 'policy' : name} confirm\``;
      }
    }
    return this.#worksByConfirmed()
      ? null
      : '`hardshell.json` is not the one that this start read, so nothing goes out; run `hardshell down`, then `hardshell up`';
  }

  /**
   * Whether the settings that this process was started with have been the confirmed ones at some time since.
   * INVARIANT: nothing goes out by settings that were never confirmed: a file that was changed for the moment of a start
   * and put back looks like the confirmed one ever after.
   */
  #worksByConfirmed(): boolean {
    this.#startedConfirmed ||= this.#parts.sha256Hex(this.#parts.configInForce) === this.#row('config').digest;
    return this.#startedConfirmed;
  }

  /** Whether the file of this name is the confirmed one. */
  stands(name: ConfirmedName): boolean {
    return this.digestOnDisk(name) === this.#row(name).digest;
  }

  compare(name: ConfirmedName): Comparison {
    const text = this.#onDisk(name);
    const row = this.#row(name);
    if (text === null)
      return {
        digest: '0'.repeat(64),
        changed: true,
        words: ['the file is gone or cannot be read'],
        problems: [
          name === 'config'
            ? 'there is nothing to confirm; put the file back'
            : `there is nothing to confirm; \`hardshell ${name} confirm --restore\` writes the one in force back`,
        ],
      };
    const digest = this.#parts.sha256Hex(text);
    const changed = digest !== row.digest;
    return {
      digest,
      changed,
      words: changed ? describeDifference(name, comparableText(name, row.body), comparableText(name, text)) : [],
      problems: this.#problems(name, text),
    };
  }

  /** Puts the text on the disk in force, when it still has the digest that the owner saw. */
  confirm(
    tx: Tx,
    name: ConfirmedName,
    digest: string,
    method: ProvenMethod | 'first_start',
    nowMs: number,
  ): Outcome<string> {
    // Later settings take the place of these in the table, while these go on to be worked by until the next start.
    if (name === 'config' && method !== 'first_start') this.#worksByConfirmed();
    const text = this.#onDisk(name);
    if (text === null) return refused('not_found', 'the file is gone or cannot be read');
    if (this.#parts.sha256Hex(text) !== digest)
      return refused('params_mismatch', 'the file has changed since it was shown; look at it again');
    const [problem] = this.#problems(name, text);
    if (problem !== undefined) return refused('invalid_params', problem);
    tx.run(
      sql
        .insertInto('confirmed')
        .values({ name, digest, body: text, at_ms: nowMs })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ digest, body: text, at_ms: nowMs })),
    );
    this.#record(tx, name, digest, text, method);
    return accepted(digest);
  }

  /** Writes the text in force back to its file, which may be gone or changed. Returns its digest. */
  restore(name: keyof typeof FILES): string {
    const { body, digest } = this.#row(name);
    this.#parts.writeFile(FILES[name], body);
    return digest;
  }

  #record(tx: Tx, name: ConfirmedName, digest: string, text: string, method: ProvenMethod | 'first_start'): void {
    const hashed = this.#parts.subjectHash(digest);
    if (name === 'policy') tx.record({ event: 'policy_confirmed', zone: 'control', details: { digest, method } });
    else if (name === 'contacts') {
      const parsed = parseContacts(text);
      const entries = parsed.ok ? parsed.value.length : 0;
      tx.record({ event: 'contacts_confirmed', zone: 'control', details: { digest: hashed, entries, method } });
    } else tx.record({ event: 'config_changed', zone: 'control', details: { digest: hashed, keys: 0, method } });
  }

  #problems(name: ConfirmedName, text: string): readonly string[] {
    if (name === 'policy') {
      const compiled = this.#parts.compile(text);
      return compiled.kind === 'ok' ? [] : compiled.problems;
    }
    if (name === 'config') return [];
    const parsed = parseContacts(text);
    return parsed.ok ? [] : [parsed.refusal.message];
  }

  #row(name: ConfirmedName): { digest: string; body: string } {
    const row = this.#parts
      .reader()
      .get(sql.selectFrom('confirmed').select(['digest', 'body']).where('name', '=', name));
    if (row === undefined) throw corrupt(name);
    return row;
  }

  /** Digest of what stands on the disk, or null when it cannot be read. */
  digestOnDisk(name: ConfirmedName): string | null {
    const text = this.#onDisk(name);
    return text === null ? null : this.#parts.sha256Hex(text);
  }

  #onDisk(name: ConfirmedName): string | null {
    try {
      return name === 'config' ? this.#parts.configText() : readFileSync(join(this.#parts.home, FILES[name]), 'utf8');
    } catch {
      return null;
    }
  }
}

/** Contacts are compared as the list they hold; what cannot be read is compared as it stands. */
function comparableText(name: ConfirmedName, text: string): string {
  if (name !== 'contacts') return text;
  const parsed = parseContacts(text);
  return parsed.ok ? JSON.stringify(parsed.value) : text;
}

function corrupt(name: ConfirmedName): HardshellError {
  return new HardshellError(
    'state_corrupt',
    `the confirmed ${name} cannot be read from the database; restore it from a backup`,
    { fate: 'stop' },
  );
}
