import { readArrival, type Attempt } from '../attempt.ts';
import { call, text, type Step } from '../steps.ts';
import { AT_FDCWD, NOWHERE } from './common.ts';

const REMOUNT_BIND = 32 | 4096;
const nowhere = text(NOWHERE);

/** All of these name a place that is on no machine, so that nothing is changed where they are let through. */
const CALLS: readonly (readonly [id: string, title: string, row: number | undefined, step: Step])[] = [
  ['mount-tmpfs', 'mounts a file system', 1, call('mount', text('none'), nowhere, text('tmpfs'), 0, 0)],
  [
    'mount-cgroup',
    'mounts the control groups',
    13,
    call('mount', text('none'), nowhere, text('cgroup'), 0, text('memory')),
  ],
  ['mount-remount', 'mounts its read-only root again, to write it', 32, call('mount', 0, nowhere, 0, REMOUNT_BIND, 0)],
  ['mount-umount', 'takes a mount away, to see what is below', undefined, call('umount2', nowhere, 2)],
  ['mount-pivot', 'moves its root (pivot_root)', 26, call('pivot_root', nowhere, nowhere)],
  ['mount-chroot', 'changes its root (chroot)', 26, call('chroot', nowhere)],
  ['mount-open-tree', 'takes a copy of a tree of mounts (open_tree)', 1, call('open_tree', AT_FDCWD, nowhere, 1)],
  ['mount-move', 'moves a mount (move_mount)', 1, call('move_mount', AT_FDCWD, nowhere, AT_FDCWD, nowhere, 0)],
  ['mount-fsopen', 'opens a file system by name (fsopen)', 1, call('fsopen', text('no-such-file-system'), 0)],
  ['mount-fsconfig', 'sets up a file system (fsconfig)', 1, call('fsconfig', -1, 0, 0, 0, 0)],
  ['mount-fsmount', 'makes a mount of a file system (fsmount)', 1, call('fsmount', -1, 0, 0)],
  ['mount-fspick', 'picks a mounted file system (fspick)', 1, call('fspick', AT_FDCWD, nowhere, 0)],
  ['mount-setattr', 'makes a mount writable (mount_setattr)', 32, call('mount_setattr', AT_FDCWD, nowhere, 0, 0, 0)],
];

export const MOUNTS: readonly Attempt[] = CALLS.map(([id, title, row, step]) => ({
  id,
  theme: 'mounts',
  title,
  ...(row === undefined ? {} : { rows: [row] }),
  steps: () => [step],
  read: readArrival,
  ...(id === 'mount-tmpfs' ? { atStart: true as const } : {}),
  heldBy: ['filter', 'no privileges'],
  builtin: 'killed',
  twin: 'works',
}));
