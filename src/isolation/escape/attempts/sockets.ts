import { unix } from '../address.ts';
import { held, open, cannotTell, type Attempt, type Staged, type WallFacts } from '../attempt.ts';
import { errnoName } from '../errno.ts';
import { ANSWER, call, chain, firstOf, into, result, scratch, text, type Step } from '../steps.ts';
import { AT_FDCWD, NOWHERE, O, plant, removeAfter } from './common.ts';

const STREAM = 1;
const DATAGRAM = 2;
const SEQPACKET = 5;
const EISDIR = 21;

const connectUnix = (path: string): readonly Step[] => {
  const { address, length } = unix(path);
  return chain(into('fd', 'socket', 1, STREAM, 0), call('connect', result('fd'), address, length));
};

/** Where services of a host that obey whoever connects listen. */
const SERVICES = [
  ...['/run/docker.sock', '/var/run/docker.sock', '/run/podman/podman.sock', '/run/containerd/containerd.sock'],
  ...['/run/dbus/system_bus_socket', '/run/systemd/private', '/run/systemd/journal/socket', '/var/run/nscd/socket'],
  ...['/run/snapd.socket', '/run/lxd.socket', '/var/lib/lxd/unix.socket', '/tmp/.X11-unix/X0', '/run/udev/control'],
];

const AGENT_SOCKETS = { allowed: 'programs of an agent talk to each other over sockets of their own' };
const mayServe = (wall: WallFacts): string | undefined =>
  wall.sockets === 'serve' || wall.sockets === 'internet' ? 'this process may listen on its own sockets' : undefined;

/** Found by this list: Landlock does not look at connecting by a path. */
const byPath = ({ driver, sockets }: WallFacts): string | undefined =>
  driver === 'landlock' && sockets !== 'none'
    ? 'Landlock does not keep a process that may open sockets from those that its uid may use'
    : undefined;

const reached: readonly Attempt[] = [
  {
    id: 'sock-host',
    theme: 'sockets',
    title: 'connects to a socket of the host: a live one of the prober, Docker, D-Bus, systemd, nscd, X11',
    rows: [21],
    steps: ({ hostSocket }) => firstOf([hostSocket, ...SERVICES].map(connectUnix)),
    heldBy: ['file view'],
    builtin: 'absent',
    lost: byPath,
    twin: 'works',
  },
  {
    id: 'sock-other-zone',
    theme: 'sockets',
    title: 'connects to the live socket of another zone',
    steps: ({ otherZoneSocket, socketDirectory }) =>
      firstOf([otherZoneSocket, `${socketDirectory}/../other/zone.sock`].map(connectUnix)),
    heldBy: ['file view'],
    builtin: 'absent',
    lost: byPath,
    twin: 'works',
  },
];

const inSocketDirectory = (id: string, title: string, steps: (directory: string) => readonly Step[]): Attempt => ({
  id,
  theme: 'sockets',
  title,
  rows: [18],
  steps: ({ socketDirectory }: Staged) => steps(socketDirectory),
  heldBy: ['file view'],
  builtin: 'refused',
  twin: 'works',
});

const own: readonly Attempt[] = [
  inSocketDirectory('sock-symlink', 'plants a symbolic link in its socket directory', (directory) => [
    call('symlinkat', text('/etc/passwd'), AT_FDCWD, text(`${directory}/link`)),
    ...removeAfter(`${directory}/link`),
  ]),
  inSocketDirectory('sock-plant', 'plants a file in its socket directory', (directory) =>
    plant(`${directory}/planted`),
  ),
  // Onto itself: what may be renamed at all may be renamed so, and stays.
  inSocketDirectory('sock-rename', 'renames a socket in its socket directory', (directory) => [
    call('renameat2', AT_FDCWD, text(`${directory}/spare`), AT_FDCWD, text(`${directory}/spare`), 0),
  ]),
  {
    // A directory: who may remove things is told that it is one, and it stays.
    ...inSocketDirectory('sock-unlink', 'removes something from its socket directory', (directory) => [
      call('unlinkat', AT_FDCWD, text(`${directory}/inner`), 0),
    ]),
    read: (answers) => {
      const answer = answers.number(ANSWER);
      if (answer === undefined) return cannotTell('it did not come to an answer');
      return answer >= 0 || answer === -EISDIR ? open('it may remove') : held(errnoName(-answer));
    },
  },
  inSocketDirectory('sock-mode', 'changes who may connect to a socket', (directory) => [
    call('fchmodat', AT_FDCWD, text(`${directory}/spare`), 0o777),
  ]),
];

const kinds: readonly Attempt[] = [
  {
    id: 'sock-datagram',
    theme: 'sockets',
    title: 'opens a Unix datagram socket, the kind that carries descriptors to anybody',
    steps: () => [call('socket', 1, DATAGRAM, 0)],
    heldBy: ['filter'],
    builtin: 'refused',
    agent: AGENT_SOCKETS,
    twin: 'works',
  },
  {
    id: 'sock-seqpacket',
    theme: 'sockets',
    title: 'opens a Unix packet socket',
    steps: () => [call('socket', 1, SEQPACKET, 0)],
    heldBy: ['filter'],
    builtin: 'refused',
    agent: AGENT_SOCKETS,
    twin: 'works',
  },
  {
    id: 'sock-pair',
    theme: 'sockets',
    title: 'makes a pair of sockets',
    steps: () => [call('socketpair', 1, STREAM, 0, scratch('pair', 16))],
    heldBy: ['filter'],
    builtin: 'refused',
    agent: AGENT_SOCKETS,
    twin: 'works',
  },
  {
    id: 'sock-listen',
    theme: 'sockets',
    title: 'listens on a socket of its own making',
    steps: ({ writable }) => {
      const path = `${writable ?? NOWHERE}/own.sock`;
      const { address, length } = unix(path);
      return [
        ...chain(into('fd', 'socket', 1, STREAM, 0), call('bind', result('fd'), address, length)),
        ...removeAfter(path),
      ];
    },
    heldBy: ['filter'],
    builtin: 'refused',
    agent: AGENT_SOCKETS,
    onPurpose: mayServe,
    twin: 'works',
  },
  {
    id: 'files-watch',
    theme: 'files',
    title: 'watches files for who uses them (inotify)',
    steps: () => [call('inotify_init1', 0)],
    heldBy: ['filter'],
    builtin: 'refused',
    agent: { allowed: 'programs of an agent watch their own files' },
    onPurpose: (wall) => (wall.watch ? 'this process watches a directory it was given' : undefined),
    twin: 'works',
  },
  {
    id: 'files-watch-all',
    theme: 'files',
    title: 'watches every file of a file system (fanotify)',
    steps: () => [call('fanotify_init', 0, O.read)],
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'comes back',
  },
];

export const SOCKETS: readonly Attempt[] = [...reached, ...own, ...kinds];
