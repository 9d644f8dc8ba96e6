import { CONNECTORS } from '../contracts/index.ts';

/** One file of the home: who writes it, how it is kept, what whoever corrupts it gains. */
export interface HomeFile {
  /** Relative to the home. `*` stands for one name. */
  readonly path: string;
  readonly kind: 'directory' | 'file';
  readonly mode: number;
  /** The one process that writes it while the instance runs. */
  readonly writer: string;
  readonly holds: string;
  readonly corrupterGains: string;
}

const dir = (path: string, writer: string, holds: string, corrupterGains: string): HomeFile => ({
  path,
  kind: 'directory',
  mode: 0o700,
  writer,
  holds,
  corrupterGains,
});
const file = (path: string, writer: string, holds: string, corrupterGains: string, mode = 0o600): HomeFile => ({
  path,
  kind: 'file',
  mode,
  writer,
  holds,
  corrupterGains,
});

/** Every file of HARDSHELL_HOME. `docs/files.md` is this table in words, and a test compares the two. */
export const HOME_FILES: readonly HomeFile[] = [
  file(
    'hardshell.json',
    'the owner',
    'settings',
    'nothing until the owner confirms the new digest; until then outbound acts are denied',
  ),
  file(
    'policy.cedar',
    'the owner (first start copies the default)',
    'the policy',
    'nothing until the owner confirms the new digest; until then outbound acts are denied',
  ),
  file(
    'contacts.json',
    'executor, as the owner typed',
    'contacts',
    'nothing until the owner confirms the new digest; until then outbound acts are denied',
  ),
  dir(
    'templates',
    'the owner',
    'texts of proposals',
    'other words in a proposal, which a person reads before it is sent',
  ),
  file('templates/*', 'the owner', 'one text', 'as `templates`'),
  file(
    'state.db',
    'executor',
    'content, sessions, requests, grants, journal, outbox of the log',
    'can lie about what was asked; an older copy is noticed against the log, outbound acts stop',
  ),
  file('state.db-wal', 'executor', 'journal of the database', 'as `state.db`'),
  file('state.db-shm', 'executor', 'index of that journal', 'as `state.db`'),
  file(
    'armed',
    'first start and `revive`; any stop voids it',
    'epoch, instance and MAC: the right to run',
    'a stop (any damage means killed); to start after a kill also the key and an emptied log are needed',
  ),
  file('reserve', 'first start; a stop removes it', 'space kept back for a stop on a full disk', 'the space'),
  dir('keys', 'first start', 'keys of the instance', 'see each key'),
  file('keys/instance.id', 'first start', 'random name of the instance', 'a stop: the record no longer fits', 0o400),
  file(
    'keys/armed.key',
    'first start and `revive`; a stop destroys it',
    'key of the armed record',
    'can restore a record that a stop voided',
    0o400,
  ),
  file(
    'keys/subject.key',
    'first start',
    'key of the hashes in the log',
    'can test guesses of addresses against the log',
    0o400,
  ),
  file(
    'keys/checkpoint.key',
    'first start',
    'Ed25519 key that signs checkpoints',
    'can sign a false log for those who hold no older checkpoint',
    0o400,
  ),
  file(
    'keys/presence.json',
    '`hardshell` on enrolment',
    'wrapped key that proves the owner is there',
    'a lock-out: proof of presence fails',
    0o400,
  ),
  dir('secrets', 'executor', 'the vault', 'loss of the secrets; they are sealed'),
  dir('audit', 'executor; `kill` and other stop sources write their own file', 'the logs', 'see each log'),
  file(
    'audit/audit.jsonl',
    'executor',
    'the record of the instance',
    'a broken chain, reported by `audit-log verify`; beyond the last outside checkpoint lines can be removed with the database',
  ),
  file(
    'audit/stop-audit.jsonl',
    '`hardshell kill` and `revive`',
    'the record of stops',
    'a broken chain; the executor anchors its head in the main log',
  ),
  file('audit/reserve', 'executor', 'space kept back for the log', 'the space'),
  dir(
    'logs',
    'supervisor',
    'start-up output of our processes, without content',
    'hides or fakes a diagnosis; nothing reads them',
  ),
  file('logs/*', 'supervisor', 'one log a process, capped and rotated', 'as `logs`'),
  dir(
    'run',
    'supervisor',
    'sockets, as an ordinary user (root keeps them in /run)',
    'can cut zones off; a name replaced by a link is refused',
  ),
  dir('mail', 'connector-maildir', 'mail in and out', 'see below'),
  dir(
    'mail/in',
    'the mail fetcher of the owner',
    'Maildir that is watched; loose .eml files are taken in',
    'brings in mail, as every sender can',
  ),
  dir('mail/in/new', 'the mail fetcher of the owner', 'mail not yet taken in', 'as `mail/in`'),
  dir('mail/in/cur', 'connector-maildir', 'mail taken in', 'as `mail/in`'),
  dir(
    'mail/in/.rejected',
    'connector-maildir',
    'what was no mail that may be read: links, pipes, too large',
    'nothing',
  ),
  dir('mail/in/tmp', 'the mail fetcher of the owner', 'mail being delivered', 'as `mail/in`'),
  dir(
    'mail/out',
    'connector-maildir',
    'Maildir of sent mail',
    'can drop or add mail that another program sends on: give it to nobody else',
  ),
  dir('mail/out/new', 'connector-maildir', 'mail to be sent on', 'as `mail/out`'),
  dir('mail/out/cur', 'whoever sends it on', 'mail sent on', 'as `mail/out`'),
  dir('mail/out/envelopes', 'connector-maildir', 'who each sent mail is for', 'as `mail/out`'),
  dir('mail/out/tmp', 'connector-maildir', 'mail being written', 'as `mail/out`'),
  dir('chats', 'connector-chats', 'files of chats', 'see below'),
  ...CONNECTORS.chats.channels.flatMap(chatFolders),
];

/** Where files of one chat channel come in. */
function chatFolders(channel: string): HomeFile[] {
  const inbox = `chats/${channel}/in`;
  return [
    dir(`chats/${channel}`, 'connector-chats', `files of ${channel}`, 'see below'),
    dir(
      inbox,
      'the owner, or a program of theirs',
      'watched: loose `.json` and `.jsonl` files are taken in',
      'brings in messages, in the name of any sender',
    ),
    dir(`${inbox}/cur`, 'connector-chats', 'files taken in, every message of them', `as \`${inbox}\``),
    dir(
      `${inbox}/.rejected`,
      'connector-chats',
      'files of which something could not be taken: no JSON, links, too large a message',
      'nothing',
    ),
  ];
}

/** Space each part may take before it stops taking in, in bytes, with the reason. */
export const HOME_QUOTAS = {
  contentBytesMax: { value: 8 * 1024 ** 3, why: 'the oldest content goes before intake stops' },
  reserveBytes: { value: 1024 ** 2, why: 'a stop must be able to write on a full disk' },
} as const;

/** The table of `docs/files.md`. */
export function renderFileTable(files: readonly HomeFile[]): string {
  const rows = files.map(
    ({ path, kind, mode, writer, holds, corrupterGains }) =>
      `| \`${path}${kind === 'directory' ? '/' : ''}\` | ${writer} | 0${mode.toString(8)} | ${holds} | ${corrupterGains} |`,
  );
  return ['| file | its one writer | mode | holds | what its corrupter gains |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}
