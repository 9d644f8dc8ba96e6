import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ACCOUNTS,
  CONNECTOR_NAMES,
  CONNECTORS,
  HardshellError,
  INSTALLED,
  type AccountRole,
  type ConnectorName,
} from '../../contracts/index.ts';
import { HOME_FILES, type HomeOwner, type InstancePaths } from '../../state/index.ts';
import type { TablePlaces } from '../../supervisor/index.ts';

/** What differs between a checkout and an installed instance, decided once at the start. */
export interface Setting {
  readonly accounts: TablePlaces['accounts'];
  readonly folders: TablePlaces['folders'];
  /** Whose the home is, where it is not ours. */
  readonly owner: HomeOwner | undefined;
}

/** Throws `home_unsafe` when the accounts of an installation are not as it made them. */
export function openSetting(paths: InstancePaths, uid: number, passwd = readPasswd): Setting {
  if (paths.deployment === 'checkout') {
    const folders = foldersBelow(paths.home);
    return { accounts: {}, folders, owner: undefined };
  }
  // One account for everything: it is ours, and there is nobody else to be.
  if (uid !== 0) return { accounts: {}, folders: INSTALLED_FOLDERS, owner: undefined };
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
    'connector-chats': ids('connector-chats'),
  };
  return { accounts, folders: INSTALLED_FOLDERS, owner: accounts.executor };
}

const INSTALLED_FOLDERS: TablePlaces['folders'] = { maildir: INSTALLED.mail, chats: INSTALLED.chats };

function foldersBelow(home: string): TablePlaces['folders'] {
  const at = (connector: ConnectorName): string => join(home, CONNECTORS[connector].folder);
  return { maildir: at('maildir'), chats: at('chats') };
}

/** The folders of the connectors, where they are not part of the home. */
export function prepareFolders({ accounts, folders }: Setting, home: string): void {
  for (const connector of CONNECTOR_NAMES) {
    const { folder } = CONNECTORS[connector];
    const root = folders[connector];
    if (root === join(home, folder)) continue;
    const owner = accounts[`connector-${connector}`];
    const below = HOME_FILES.filter(({ path, kind }) => kind === 'directory' && path.startsWith(`${folder}/`));
    for (const { path, mode } of below) {
      const at = join(root, path.slice(folder.length + 1));
      mkdirSync(at, { recursive: true, mode });
      chmodSync(at, mode);
      if (owner !== undefined) chownSync(at, owner.uid, owner.gid);
    }
  }
}

function readPasswd(): string {
  return readFileSync('/etc/passwd', 'utf8');
}
