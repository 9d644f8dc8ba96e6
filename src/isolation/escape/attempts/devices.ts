import type { Attempt } from '../attempt.ts';
import { call, firstOf, text } from '../steps.ts';
import { AT_FDCWD, NOWHERE, O, openFile, removeAfter } from './common.ts';

const theme = 'devices';
const BLOCK_DEVICE = 0o60600;
/** 253:0, which is a disk or nothing. */
const DISK_NUMBER = 253 << 8;

export const DEVICES: readonly Attempt[] = [
  {
    id: 'dev-disk',
    theme,
    title: 'reads a disk of the machine',
    rows: [40],
    steps: ({ disks }) => firstOf([...disks, '/dev/vda', '/dev/sda', '/dev/nvme0n1'].map((path) => [openFile(path)])),
    heldBy: ['file view', 'no privileges'],
    builtin: 'absent',
    twin: 'works for root',
  },
  {
    id: 'dev-others',
    theme,
    title: 'opens a device of the machine: virtual machines, FUSE, tunnels, loops',
    rows: [40],
    steps: () =>
      firstOf(
        [
          '/dev/kvm',
          '/dev/fuse',
          '/dev/net/tun',
          '/dev/loop-control',
          '/dev/vsock',
          '/dev/userfaultfd',
          '/dev/hwrng',
        ].map((path) => [openFile(path)]),
      ),
    heldBy: ['file view'],
    builtin: 'absent',
    twin: 'works for root',
  },
  {
    id: 'dev-make',
    theme,
    title: 'makes a device file of a disk (mknod)',
    rows: [8],
    steps: ({ writable }) => {
      const path = `${writable ?? NOWHERE}/disk`;
      return [call('mknodat', AT_FDCWD, text(path), BLOCK_DEVICE, DISK_NUMBER), ...removeAfter(path)];
    },
    heldBy: ['filter', 'no privileges'],
    builtin: 'refused',
    twin: 'works for root',
  },
  {
    id: 'dev-write',
    theme,
    title: 'plants a file among the devices',
    steps: ({ inside, writable }) => {
      const path = `${inside ? '/dev' : (writable ?? NOWHERE)}/hardshell-planted`;
      return [openFile(path, O.write | O.create | O.exclusive), ...removeAfter(path)];
    },
    heldBy: ['file view'],
    builtin: 'refused',
    twin: 'works',
  },
];
