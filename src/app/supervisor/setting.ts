import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ACCOUNTS, HardshellError, INSTALLED, type AccountRole } from '../../contracts/index.ts';
import { HOME_FILES, type HomeOwner, type InstancePaths } from '../../state/index.ts';
import type { TablePlaces } from '../../supervisor/index.ts';

/** What differs between a checkout and an installed instance, decided once at the start. */
export interface Setting {
  readonly accounts: TablePlaces['accounts'];
  readonly mail: string;
  /** Whose the home is, where it is not ours. */
  readonly owner: HomeOwner | undefined;
}

/** Throws `home_unsafe` when the accounts of an installation are not as it made them. */
export function openSetting(paths: InstancePaths, uid: number, passwd = readPasswd): Setting {
  if (paths.deployment === 'checkout') return { accounts: {}, mail: join(paths.home, 'mail'), owner: undefined };
  // One account for everything: it is ours, and there is nobody else to be.
  if (uid !== 0) return { accounts: {}, mail: INSTALLED.mail, owner: undefined };
  const rows = passwd()
    .split('\n')
    .map((line) => line.split(':'));
  for (const { name, uid: number } of Object.values(ACCOUNTS)) {
    const found = rows.find(([own]) => own === name);
    if (found?.[2] !== String(number) || found[3] !== String(number))
      throw new HardshellError(
        'home_unsafe',
        `the account \`${name}\` is not as it was installed; run \`hardshell install\``,
        {
          fate: 'refuse',
        },
      );
  }
  const ids = (role: AccountRole): HomeOwner => ({ uid: ACCOUNTS[role].uid, gid: ACCOUNTS[role].uid });
  const accounts = {
    executor: ids('executor'),
    model: ids('model'),
    egress: ids('egress'),
    'connector-maildir': ids('connector-maildir'),
  };
  return { accounts, mail: INSTALLED.mail, owner: accounts.executor };
}

/** The folders of the mail connector, where they are not part of the home. */
export function prepareMail({ accounts, mail }: Setting, home: string): void {
  if (mail === join(home, 'mail')) return;
  const owner = accounts['connector-maildir'];
  const folders = HOME_FILES.filter(({ path, kind }) => kind === 'directory' && path.startsWith('mail/'));
  for (const { path, mode } of folders) {
    const folder = join(dirname(mail), path.replace(/^mail/, mail.slice(dirname(mail).length + 1)));
    mkdirSync(folder, { recursive: true, mode });
    chmodSync(folder, mode);
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  }
}

function readPasswd(): string {
  return readFileSync('/etc/passwd', 'utf8');
}
