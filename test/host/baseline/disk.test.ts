import { describe, expect, it } from 'vitest';
import { DEBIAN_LUKS } from '../machines/debian-luks.ts';
import { MAC_HOME, MACOS_KEPT } from '../machines/macos.ts';
import { CLOSED, merge, SUBJECT, without, type MachineData } from '../support.ts';
import { judge, type Case } from './judge.ts';

const HOME = '/home/ann/.hardshell';
const LUKS = 'CRYPT-LUKS2-0123-x\n';
const lsattr = { [`lsattr -d -- ${HOME}`]: '--------------e------- x\n' };

/** A machine whose home is on one mount. */
function on(mount: string, rest: MachineData = {}): MachineData {
  const bare = without(DEBIAN_LUKS, '/sys/dev/block/');
  return merge(merge(bare, { files: { '/proc/self/mountinfo': `24 1 ${mount}\n` }, commands: lsattr }), rest);
}
const ext4 = (device: string): string => `${device} / / rw - ext4 /dev/x rw`;
const block = (device: string, name: string): string => `/sys/dev/block/${device}/${name}`;

const STORAGE: readonly Case[] = [
  [
    'LUKS on a partition',
    on(ext4('254:0'), { files: { [block('254:0', 'dm/uuid')]: LUKS } }),
    'pass',
    /dm-crypt \(LUKS2\)/,
  ],
  [
    'an older LUKS',
    on(ext4('254:0'), { files: { [block('254:0', 'dm/uuid')]: 'CRYPT-LUKS1-00-x\n' } }),
    'pass',
    /LUKS1/,
  ],
  [
    'a cipher that root is told and that encrypts',
    on(ext4('254:0'), {
      files: { [block('254:0', 'dm/uuid')]: LUKS, [block('254:0', 'dev')]: '254:0\n' },
      commands: { 'dmsetup table -j 254 -m 0': '0 9 crypt aes-xts-plain64 :64:logon:key 0 8:3 32768\n' },
    }),
    'pass',
    /LUKS2/,
  ],
  [
    'a cipher that does nothing',
    on(ext4('254:0'), {
      files: { [block('254:0', 'dm/uuid')]: LUKS, [block('254:0', 'dev')]: '254:0\n' },
      commands: { 'dmsetup table -j 254 -m 0': '0 9 crypt cipher_null-ecb - 0 8:3 0\n' },
    }),
    'fail',
    /does nothing/,
  ],
  [
    'dm-verity and dm-integrity, whose names begin like that of encryption',
    on(ext4('254:0'), {
      files: { [block('254:0', 'dm/uuid')]: 'CRYPT-VERITY-00-usr\n', [block('254:0', 'slaves/sda2/partition')]: '2\n' },
      folders: { [block('254:0', 'slaves/sda2/../slaves')]: [] },
    }),
    'fail',
    /not encrypted/,
  ],
  [
    'a partition of a plain disk',
    on(ext4('8:1'), { files: { [block('8:1', 'partition')]: '1\n' }, folders: { [block('8:1', '../slaves')]: [] } }),
    'fail',
    /not encrypted/,
  ],
  [
    'a RAID of which one disk is not encrypted',
    on(ext4('9:0'), {
      files: { [block('9:0', 'slaves/dm-1/dm/uuid')]: LUKS },
      folders: { [block('9:0', 'slaves/sdb/slaves')]: [] },
    }),
    'fail',
    /not encrypted/,
  ],
  [
    'a RAID of which every disk is encrypted',
    on(ext4('9:0'), {
      files: { [block('9:0', 'slaves/dm-1/dm/uuid')]: LUKS, [block('9:0', 'slaves/dm-2/dm/uuid')]: LUKS },
    }),
    'pass',
    /LUKS2/,
  ],
  [
    'a RAID of which one disk cannot be read',
    on(ext4('9:0'), {
      files: { [block('9:0', 'slaves/dm-1/dm/uuid')]: LUKS, [block('9:0', 'slaves/dm-2/dm/uuid')]: CLOSED },
    }),
    'cannot_tell',
    /cannot be read/,
  ],
  [
    'a loop on a file of an encrypted file system',
    on(ext4('7:0'), {
      files: {
        '/proc/self/mountinfo': `24 1 ${ext4('254:0')}\n25 24 7:0 / /home rw - ext4 /dev/loop0 rw\n`,
        [block('7:0', 'loop/backing_file')]: '/var/home.img\n',
        [block('254:0', 'dm/uuid')]: LUKS,
      },
    }),
    'pass',
    /LUKS2/,
  ],
  [
    'a loop that leads to itself',
    on(ext4('7:0'), { files: { [block('7:0', 'loop/backing_file')]: '/home.img\n' } }),
    'cannot_tell',
    /too many layers/,
  ],
  ['a device of which nothing can be read', on(ext4('8:1')), 'cannot_tell', /cannot be read/],
  ['memory', on('0:40 / /home rw - tmpfs tmpfs rw'), 'pass', /in memory/],
  ['an overlay', on('0:40 / / rw - overlay overlay rw'), 'cannot_tell', /does not tell/],
  ['gocryptfs', on('0:40 / /home/ann rw - fuse.gocryptfs /x rw'), 'pass', /gocryptfs/],
  [
    'btrfs over two devices of which one is plain',
    on('0:33 /@home /home rw - btrfs /dev/mapper/luks rw', {
      links: { '/dev/mapper/luks': '/dev/dm-0' },
      files: { '/sys/class/block/dm-0/dm/uuid': LUKS },
      folders: { '/sys/fs/btrfs/u1/devices': ['dm-0', 'sdb'], '/sys/class/block/sdb/slaves': [] },
    }),
    'fail',
    /not encrypted/,
  ],
  [
    'btrfs on LUKS',
    on('0:33 /@home /home rw - btrfs /dev/mapper/luks rw', {
      links: { '/dev/mapper/luks': '/dev/dm-0' },
      files: { '/sys/class/block/dm-0/dm/uuid': LUKS },
      folders: { '/sys/fs/btrfs/u1/devices': ['dm-0'] },
    }),
    'pass',
    /LUKS2/,
  ],
  [
    'ZFS that encrypts',
    on('0:33 / /home rw - zfs tank/home rw', {
      commands: { 'zfs get -H -o value encryption tank/home': 'aes-256-gcm\n' },
    }),
    'pass',
    /ZFS/,
  ],
  [
    'ZFS without encryption on a plain disk',
    on('0:33 / /home rw - zfs tank/home rw', {
      commands: {
        'zfs get -H -o value encryption tank/home': 'off\n',
        'zpool list -v -H -P tank': 'tank\t9G\t1G\n\t/dev/sdb1\t9G\n',
      },
      files: { '/sys/class/block/sdb1/partition': '1' },
      folders: { '/sys/class/block/sdb1/../slaves': [] },
    }),
    'fail',
    /not encrypted/,
  ],
  [
    'ZFS without encryption on LUKS',
    on('0:33 / /home rw - zfs tank/home rw', {
      commands: {
        'zfs get -H -o value encryption tank/home': 'off\n',
        'zpool list -v -H -P tank': 'tank\t9G\t1G\n\t/dev/mapper/luks\t9G\n',
      },
      links: { '/dev/mapper/luks': '/dev/dm-0' },
      files: { '/sys/class/block/dm-0/dm/uuid': LUKS },
    }),
    'pass',
    /LUKS2/,
  ],
  ['ZFS that does not answer', on('0:33 / /home rw - zfs tank/home rw'), 'cannot_tell', /ZFS does not tell/],
  [
    'a folder that fscrypt encrypts on a plain disk',
    on(ext4('8:1'), {
      folders: { [block('8:1', 'slaves')]: [] },
      commands: { [`lsattr -d -- ${HOME}`]: '-----------E--e------- x\n' },
    }),
    'pass',
    /fscrypt/,
  ],
  [
    'the later of two mounts on one place',
    on(ext4('254:0'), {
      files: {
        '/proc/self/mountinfo': `24 1 ${ext4('254:0')}\n25 24 254:0 / /home rw - ext4 /dev/x rw\n26 25 8:1 / /home rw - ext4 /dev/y rw\n`,
        [block('254:0', 'dm/uuid')]: LUKS,
      },
      folders: { [block('8:1', 'slaves')]: [] },
    }),
    'fail',
    /not encrypted/,
  ],
  [
    'where a link leads, not where it lies',
    on(ext4('254:0'), {
      files: {
        '/proc/self/mountinfo': `24 1 ${ext4('254:0')}\n25 24 8:1 / /mnt/my\\040stick rw - vfat /dev/sdb1 rw\n`,
        [block('254:0', 'dm/uuid')]: LUKS,
      },
      links: { [HOME]: '/mnt/my stick/h' },
      folders: { [block('8:1', 'slaves')]: [] },
    }),
    'fail',
    /not encrypted/,
  ],
];

describe('disk encryption', () => {
  it.each(STORAGE)('tells of %s', async (_, data, verdict, found) => {
    expect(await judge('disk-encryption', data)).toMatchObject({ verdict, found: expect.stringMatching(found) });
  });

  it('shows no key of a mapping', async () => {
    const key = 'deadbeef'.repeat(8);
    const data = on(ext4('254:0'), {
      files: { [block('254:0', 'dm/uuid')]: LUKS, [block('254:0', 'dev')]: '254:0\n' },
      commands: { 'dmsetup table -j 254 -m 0': `0 9 crypt aes-xts-plain64 ${key} 0 8:3 32768\n` },
    });
    const entry = await judge('disk-encryption', data);
    expect(entry.evidence.map(({ said }) => said)).toContain('cipher aes-xts-plain64');
    expect(JSON.stringify(entry)).not.toContain(key);
  });

  it.each([
    ['on', 'FileVault is On.\n', 'pass'],
    ['off', 'FileVault is Off.\n', 'fail'],
    ['being switched on', 'FileVault is On.\nEncryption in progress: Percent completed = 40\n', 'fail'],
    ['unknown', 'Error: -69594\n', 'cannot_tell'],
  ])('tells of FileVault that is %s', async (_, said, verdict) => {
    const subject = { ...SUBJECT, home: MAC_HOME, userHome: '/Users/ann' };
    const data = merge(MACOS_KEPT, { commands: { 'fdesetup status': said } });
    expect(await judge('disk-encryption', data, subject)).toMatchObject({ verdict });
  });

  it.each([
    ['Yes', 'pass'],
    ['No', 'fail'],
  ])('asks about the volume that a home on a Mac lies on: FileVault %s', async (said, verdict) => {
    const data = merge(MACOS_KEPT, {
      commands: { 'diskutil info /Volumes/work': `   Name: work\n   FileVault:                 ${said}\n` },
    });
    expect(await judge('disk-encryption', data, { ...SUBJECT, home: '/Volumes/work/h' })).toMatchObject({ verdict });
  });
});

const swaps = (line: string): string => `Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n${line}`;
const SWAP: readonly Case[] = [
  ['none', merge(DEBIAN_LUKS, { files: { '/proc/swaps': swaps('') } }), 'pass', /no swap/],
  [
    'zram',
    merge(DEBIAN_LUKS, {
      files: {
        '/proc/swaps': swaps('/dev/zram0 partition\t9\t0\t100\n'),
        '/sys/class/block/zram0/comp_algorithm': 'lzo [zstd]',
      },
    }),
    'pass',
    /in memory/,
  ],
  [
    'zram that writes back to a disk',
    merge(DEBIAN_LUKS, {
      files: {
        '/proc/swaps': swaps('/dev/zram0 partition\t9\t0\t100\n'),
        '/sys/class/block/zram0/comp_algorithm': 'zstd',
        '/sys/class/block/zram0/backing_dev': '/dev/sda5\n',
      },
    }),
    'cannot_tell',
    /writes back/,
  ],
  [
    'a plain partition beside an encrypted one',
    merge(DEBIAN_LUKS, {
      files: { '/proc/swaps': swaps('/dev/dm-2 partition\t9\t0\t-2\n/dev/sda5 partition\t9\t0\t-3\n') },
      folders: { '/sys/class/block/sda5/slaves': [] },
    }),
    'fail',
    /sda5/,
  ],
  [
    'a file on an encrypted disk',
    merge(DEBIAN_LUKS, { files: { '/proc/swaps': swaps('/swap\\040file file\t9\t0\t-2\n') } }),
    'pass',
    /LUKS2/,
  ],
];

describe('swap', () => {
  it.each(SWAP)('tells of %s', async (_, data, verdict, found) => {
    expect(await judge('swap-encryption', data)).toMatchObject({ verdict, found: expect.stringMatching(found) });
  });
});
