import { describe, expect, it } from 'vitest';
import { DEBIAN_LUKS } from '../machines/debian-luks.ts';
import { MAC_HOME, MAC_OPEN_HOME, MACOS_KEPT, MACOS_OPEN } from '../machines/macos.ts';
import { CLOSED, merge, SUBJECT, without, type MachineData } from '../support.ts';
import { judge } from './judge.ts';

const HOME = '/home/ann/.hardshell';
const xml = (path: string): string =>
  `<configuration><folder id="x" label="y" path="${path}" type="sendreceive"></folder></configuration>`;
const change = (data: MachineData): MachineData => merge(DEBIAN_LUKS, data);

const CASES: readonly (readonly [promise: string, data: MachineData, verdict: string, home?: string])[] = [
  ['a home in no such folder', DEBIAN_LUKS, 'pass'],
  [
    'a folder with a name of OneDrive',
    change({ folders: { '/home/ann/OneDrive - Acme Ltd/h': [] } }),
    'fail',
    '/home/ann/OneDrive - Acme Ltd/h',
  ],
  [
    'a folder whose name only begins so',
    change({ folders: { '/home/ann/Dropboxes/h': [] } }),
    'pass',
    '/home/ann/Dropboxes/h',
  ],
  ['a link that leads into one', change({ links: { [HOME]: '/home/ann/Nextcloud/h' } }), 'fail'],
  ['the mark of Syncthing above', change({ folders: { '/home': ['ann', '.stfolder'] } }), 'fail'],
  ['the mark of Nextcloud in it', change({ folders: { [HOME]: ['armed', '.sync_4f3a9c.db'] } }), 'fail'],
  ['a folder above that cannot be listed', change({ folders: { '/home': CLOSED } }), 'cannot_tell'],
  [
    'a mount of rclone',
    change({ files: { '/proc/self/mountinfo': '24 1 0:50 / /home rw - fuse.rclone remote: rw\n' } }),
    'fail',
  ],
  [
    'a share of another machine',
    change({ files: { '/proc/self/mountinfo': '24 1 0:50 / /home rw - nfs4 nas:/home rw\n' } }),
    'fail',
  ],
  [
    'Syncthing that copies the whole home of the user',
    change({ files: { '/home/ann/.config/syncthing/config.xml': xml('~/') } }),
    'fail',
  ],
  [
    'Syncthing that copies a folder above, by another name',
    change({ files: { '/home/ann/.local/state/syncthing/config.xml': xml('/ho&#109;e/') } }),
    'fail',
  ],
  [
    'Syncthing that copies another folder',
    change({ files: { '/home/ann/.config/syncthing/config.xml': xml('~/Notes') } }),
    'pass',
  ],
  [
    'settings that name nothing that can be understood',
    change({ files: { '/home/ann/.config/syncthing/config.xml': '<x/>' } }),
    'cannot_tell',
  ],
  [
    'settings that cannot be read',
    change({ files: { '/home/ann/.config/Nextcloud/nextcloud.cfg': CLOSED } }),
    'cannot_tell',
  ],
  [
    'a link in a copied folder that leads here',
    change({
      folders: { '/home/ann/Dropbox': ['notes', 'secret-door'] },
      links: { '/home/ann/Dropbox/secret-door': HOME },
    }),
    'fail',
  ],
  [
    'a link in a copied folder that leads to what holds it',
    change({ folders: { '/home/ann/Dropbox': ['all'] }, links: { '/home/ann/Dropbox/all': '/home/ann' } }),
    'fail',
  ],
  [
    'a link in a copied folder that leads elsewhere',
    change({ folders: { '/home/ann/Dropbox': ['x'] }, links: { '/home/ann/Dropbox/x': '/srv' } }),
    'pass',
  ],
  ['a client that runs and is set up nowhere', change({ files: { '/proc/77/comm': 'insync\n' } }), 'cannot_tell'],
  [
    'a client that copies another folder',
    change({ files: { '/proc/77/comm': 'syncthing\n', '/home/ann/.config/syncthing/config.xml': xml('/srv') } }),
    'pass',
  ],
  [
    'programs that cannot be listed',
    merge(without(DEBIAN_LUKS, '/proc/1/', '/proc/812/'), { folders: { '/proc': CLOSED } }),
    'cannot_tell',
  ],
];

describe('cloud sync', () => {
  const cases = CASES.map(([promise, data, verdict, home]) => ({ promise, data, verdict, home: home ?? HOME }));
  it.each(cases)('tells of $promise', async ({ data, verdict, home }) => {
    expect(await judge('cloud-sync', data, { ...SUBJECT, home })).toMatchObject({ verdict });
  });

  it('tells of Documents that iCloud takes, and of those that it does not', async () => {
    const subject = { ...SUBJECT, userHome: '/Users/ann', home: MAC_OPEN_HOME };
    expect(await judge('cloud-sync', MACOS_OPEN, subject)).toMatchObject({
      verdict: 'fail',
      found: 'iCloud copies `Documents`',
    });
    const kept = without(MACOS_OPEN, '/Users/ann/Library');
    expect(await judge('cloud-sync', kept, subject)).toMatchObject({ verdict: 'pass' });
    const shut = merge(kept, { folders: { '/Users/ann/Library/Mobile Documents/com~apple~CloudDocs': CLOSED } });
    expect(await judge('cloud-sync', shut, subject)).toMatchObject({ verdict: 'cannot_tell' });
  });

  it('takes the daemon of iCloud, which runs on every Mac, for nothing, and that of Google Drive for a doubt', async () => {
    const running = (name: string): MachineData => merge(MACOS_KEPT, { commands: { 'ps -axo comm=': `/x/${name}\n` } });
    const subject = { ...SUBJECT, userHome: '/Users/ann', home: MAC_HOME };
    expect(await judge('cloud-sync', running('bird'), subject)).toMatchObject({ verdict: 'pass' });
    expect(await judge('cloud-sync', running('Google Drive'), subject)).toMatchObject({ verdict: 'cannot_tell' });
  });
});
