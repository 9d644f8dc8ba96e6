import type { CommandStep, Step } from '../install/plan.ts';

/** A hidden account of macOS with a group of its own. Numbers below 500 are not shown at login. */
export interface MacAccount {
  readonly name: string;
  readonly id: number;
  readonly realName: string;
  readonly home: string;
}

export const MAC_ACCOUNTS = {
  executor: { name: '_hardshell', id: 381, realName: 'Hardshell', home: '/private/var/hardshell' },
  egress: { name: '_hardshellegress', id: 382, realName: 'Hardshell egress', home: '/var/empty' },
  model: { name: '_hardshellmodel', id: 383, realName: 'Hardshell model', home: '/var/empty' },
  'connector-maildir': { name: '_hardshellmaildir', id: 384, realName: 'Hardshell mail', home: '/var/empty' },
  'connector-chats': { name: '_hardshellchats', id: 385, realName: 'Hardshell chats', home: '/var/empty' },
} as const satisfies Record<string, MacAccount>;

const DSCL = '/usr/bin/dscl';

/** The commands that make the account; each says how it is seen and how it is taken back. */
export function accountCommands({ name, id, realName, home }: MacAccount): Step[] {
  const group = `/Groups/${name}`;
  const user = `/Users/${name}`;
  const facts = [
    ['UserShell', '/usr/bin/false'],
    ['RealName', realName],
    ['UniqueID', String(id)],
    ['PrimaryGroupID', String(id)],
    ['NFSHomeDirectory', home],
    ['IsHidden', '1'],
    // No password can be right.
    ['Password', '*'],
  ] as const;
  return [
    dscl(name, 'group', 'its own group: the usual one would be shared with every user', [group], group),
    dscl(name, 'group-id', 'with its number', [group, 'PrimaryGroupID', String(id)], null),
    dscl(name, 'group-password', 'which nobody can join', [group, 'Password', '*'], null),
    dscl(name, 'user', 'a hidden account without a login', [user], user),
    ...facts.map(([key, value]) => dscl(name, `user-${key}`, `its ${key}`, [user, key, value], null)),
  ];
}

function dscl(account: string, part: string, what: string, words: readonly string[], undo: string | null): CommandStep {
  const [record = '', key, value] = words;
  return {
    kind: 'command',
    id: `dscl:${account}:${part}`,
    what,
    argv: [DSCL, '.', '-create', ...words],
    check: key === undefined ? [DSCL, '.', '-read', record] : [DSCL, '.', '-read', record, key],
    identity: value ?? record,
    undo: undo === null ? null : [DSCL, '.', '-delete', undo],
  };
}
