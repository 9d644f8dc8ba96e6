/** Where an installed instance keeps itself. Every path is made by `hardshell install`, and nothing else is. */
export const INSTALLED = {
  /** Home of the service account, 0700: nobody but it may even look. */
  state: '/var/lib/hardshell',
  /** HARDSHELL_HOME. Made by the first start, never by the installation: who makes it decides what a first start is. */
  home: '/var/lib/hardshell/home',
  /** Folders of the connectors, which cannot enter the home. */
  mail: '/var/lib/hardshell-mail',
  chats: '/var/lib/hardshell-chats',
  run: '/run/hardshell',
  /** Node and packed files, readable for the uid of every zone. */
  code: '/usr/lib/hardshell',
  settings: '/etc/hardshell',
} as const;

/** A process that has an account of its own, so that the firewall and the file system can tell it from the others. */
export type AccountRole = 'executor' | 'egress' | 'model' | 'connector-maildir' | 'connector-chats';

export interface Account {
  readonly name: string;
  readonly uid: number;
}

/**
 * Fixed uids (the group has the same number), so that rules and files mean the same before and after a reinstall. They
 * lie where neither distributions nor systemd give any out (60706 to 61183), above what login screens show.
 */
export const ACCOUNTS: Readonly<Record<AccountRole, Account>> = {
  executor: { name: 'hardshell', uid: 60_990 },
  egress: { name: 'hardshell-egress', uid: 60_991 },
  model: { name: 'hardshell-model', uid: 60_992 },
  'connector-maildir': { name: 'hardshell-maildir', uid: 60_993 },
  'connector-chats': { name: 'hardshell-chats', uid: 60_994 },
};

export function isAccountRole(name: string): name is AccountRole {
  return Object.hasOwn(ACCOUNTS, name);
}

/** Uids without a name, one a running zone. They end where systemd's dynamic users begin (61184). */
export const ZONE_UIDS = { first: 61_002, last: 61_183 } as const;
