import { readArrival, type Attempt, type Staged } from '../attempt.ts';
import { call, firstOf, text, type Step } from '../steps.ts';
import { AT_FDCWD, NOWHERE, O, openFile, plant } from './common.ts';

const theme = 'files';
const CHOSEN_ROOT = { allowed: 'the root that was chosen for an agent may hold a file of this name' };
const openAny = (paths: readonly string[], flags: number = O.read): readonly Step[] =>
  firstOf(paths.map((path) => [openFile(path, flags)]));
const PRIVATE = ['.ssh', '.ssh/id_ed25519', '.gnupg', '.aws/credentials', '.bash_history', '.netrc', '.config'];

const read: readonly Attempt[] = [
  {
    id: 'files-canary',
    theme,
    title: 'reads a file of the host that everybody may read',
    steps: ({ canary }) => [openFile(canary)],
    heldBy: ['file view'],
    builtin: 'absent',
    twin: 'works',
  },
  {
    id: 'files-passwd',
    theme,
    title: 'reads the list of users',
    steps: () => [openFile('/etc/passwd')],
    heldBy: ['file view'],
    builtin: 'absent',
    agent: CHOSEN_ROOT,
    twin: 'works',
  },
  {
    id: 'files-shadow',
    theme,
    title: 'reads the password hashes',
    steps: () => openAny(['/etc/shadow', '/etc/shadow-', '/etc/gshadow', '/etc/sudoers']),
    heldBy: ['file view'],
    builtin: 'absent',
    twin: 'works for root',
  },
  {
    id: 'files-home',
    theme,
    title: 'reads the owner’s home: keys of SSH and GnuPG, credentials, history',
    steps: ({ homes, ownPlaces }) =>
      openAny(
        homes.flatMap((home) => [
          // Something of its own may lie at or below a place of that name.
          ...(ownPlaces.some((place) => `${place}/`.startsWith(`${home}/`)) ? [] : [home]),
          ...PRIVATE.map((name) => `${home}/${name}`),
        ]),
      ),
    heldBy: ['file view'],
    builtin: 'absent',
    twin: 'works',
  },
  {
    id: 'files-shell',
    theme,
    title: 'finds a shell, an interpreter or a compiler',
    steps: () =>
      openAny([
        '/bin/sh',
        '/bin/bash',
        '/bin/busybox',
        '/usr/bin/env',
        '/usr/bin/python3',
        '/usr/bin/perl',
        '/usr/bin/cc',
      ]),
    heldBy: ['file view'],
    builtin: 'absent',
    agent: CHOSEN_ROOT,
    twin: 'works',
  },
  {
    id: 'files-sys',
    theme,
    title: 'reads about the machine in /sys, /boot and /var/log',
    steps: () => openAny(['/sys', '/sys/kernel', '/sys/fs/cgroup', '/boot', '/var/log', '/root', '/home']),
    heldBy: ['file view'],
    builtin: 'absent',
    agent: CHOSEN_ROOT,
    onPurpose: ({ driver }) => (driver === 'docker' ? 'a container has a read-only /sys' : undefined),
    twin: 'works',
  },
  {
    id: 'files-handle',
    theme,
    title: 'opens a file by its number, past every mount (open_by_handle_at)',
    rows: [23],
    steps: () => {
      const handle = Buffer.alloc(64);
      handle.set([8, 0, 0, 0, 1]);
      return [call('open_by_handle_at', AT_FDCWD, { kind: 'bytes', bytes: handle }, O.read)];
    },
    read: readArrival,
    heldBy: ['filter', 'no privileges'],
    builtin: 'killed',
    twin: 'works',
  },
  {
    id: 'files-handle-name',
    theme,
    title: 'asks for the number of a file',
    rows: [23],
    steps: () => {
      const handle = Buffer.alloc(160);
      handle.writeUInt32LE(128, 0);
      return [
        call(
          'name_to_handle_at',
          AT_FDCWD,
          text('/'),
          { kind: 'bytes', bytes: handle },
          { kind: 'buffer', name: 'id', bytes: 16, kept: false },
          0,
        ),
      ];
    },
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'works',
  },
];

/** Its own program and libraries; outside what the stage keeps for it. */
const shownDirectories = ({ shown }: Staged): string[] =>
  shown.filter(({ kind }) => kind === 'directory').map(({ path }) => path);
const shownFiles = ({ shown }: Staged): string[] => shown.filter(({ kind }) => kind === 'file').map(({ path }) => path);

const LIBRARIES = ['/etc', '/lib', '/lib64', '/usr/lib', '/usr/local/lib', '/usr/bin'];

const written: readonly Attempt[] = [
  {
    id: 'files-program',
    theme,
    title: 'plants a file among its own programs',
    rows: [20],
    steps: (at) => firstOf(shownDirectories(at).map((path) => plant(`${path}/planted`))),
    heldBy: ['file view'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'files-library',
    theme,
    title: 'overwrites its own program or a library of it',
    rows: [20],
    steps: (at) => openAny(shownFiles(at), O.write),
    heldBy: ['file view'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'files-preload',
    theme,
    title: 'has the loader load something first (/etc/ld.so.preload, library directories)',
    rows: [20],
    // Nothing is made of that name: where it worked, it would be in force.
    steps: ({ inside, writable }) =>
      firstOf([
        [openFile('/etc/ld.so.preload', O.write)],
        ...(inside ? LIBRARIES : [writable ?? NOWHERE]).map((path) => plant(`${path}/hardshell-planted`)),
      ]),
    heldBy: ['file view'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'files-root',
    theme,
    title: 'plants a file in the root',
    steps: ({ inside, writable }) =>
      firstOf(
        (inside ? ['', '/run', '/var', '/usr'] : [writable ?? NOWHERE]).map((path) =>
          plant(`${path}/hardshell-planted`),
        ),
      ),
    heldBy: ['file view'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'files-shm',
    theme,
    title: 'writes into /dev/shm, a memory without a bound',
    steps: ({ hostPid }) => plant(`/dev/shm/hardshell-planted-${hostPid}`),
    heldBy: ['file view'],
    builtin: 'refused',
    agent: { allowed: 'programs of an agent share memory of their own there' },
    twin: 'works',
  },
];

export const FILES: readonly Attempt[] = [...read, ...written];
