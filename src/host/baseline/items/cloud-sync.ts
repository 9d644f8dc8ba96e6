import { cannotTell, fail, joinJudgements, pass, saw, type Judgement, named } from '../evidence.ts';
import { sawFile } from '../item.ts';
import type { Machine, Subject } from '../machine.ts';
import { isWithin, MOUNTS, mountOf, parseMounts, resolvePath } from './mounts.ts';
import { runningClients } from './sync-clients.ts';
import { configuredFolders } from './sync-folders.ts';

const REMEDY =
  'move the home out of every folder that is copied elsewhere (`HARDSHELL_HOME`), and delete the copies there';

/** Names of folders that sync programs make, as one component of a path, in lower case. */
const FOLDER =
  /^(?:dropbox(?: \(.*\))?|onedrive(?: - .*)?|google ?drive|googledrive-.*|my drive|icloud ?drive|mobile documents|cloudstorage|nextcloud\d*|owncloud\d*|pclouddrive|mega(?:sync)?|seafile|box(?: sync)?|yandex\.disk|proton ?drive|tresorit|syncthing|resilio sync)$/;
/** What they leave at the top of what they copy. */
const MARKER =
  /^(?:\.stfolder|\.stignore|\.dropbox|\.dropbox\.cache|\.owncloudsync\.log|\._?sync_[0-9a-f]+\.db|\.tmp\.drive(?:down|up)load|\.sync|\.insync)$/;
const REMOTE =
  /^(?:fuse\.(?:rclone|gcsfuse|s3fs|sshfs|google-drive-ocamlfuse|onedriver|davfs|mount\.davfs|pcloud.*)|davfs|nfs4?|cifs|smb3|9p|smbfs|webdav)$/;

/** Whether what the home holds is copied to a machine of somebody else. */
export async function lookAtCloudSync(machine: Machine, subject: Subject): Promise<Judgement> {
  const resolved = await resolvePath(machine, subject.home);
  if (resolved === null)
    return cannotTell({ found: `where ${named(subject.home)} leads cannot be told`, evidence: [], remedy: REMEDY });
  const paths = [...new Set([subject.home, resolved])];
  return joinJudgements([
    ...paths.map(judgeName),
    await judgeMarkers(machine, resolved),
    ...(machine.system === 'linux'
      ? [await judgeMount(machine, resolved)]
      : [await judgeDesktop(machine, subject, resolved)]),
    await judgeFolders(machine, subject, resolved),
  ]);
}

function judgeName(path: string): Judgement {
  const folder = path.split('/').find((part) => FOLDER.test(part.toLowerCase()));
  const evidence = [saw('path of the home', path)];
  if (folder === undefined) return pass('it is in no folder that a sync program is known by', evidence);
  return fail({ found: `it lies in ${named(folder)}, a folder of a sync program`, evidence, remedy: REMEDY });
}

async function judgeMarkers(machine: Machine, home: string): Promise<Judgement> {
  const parts = home.split('/').filter((part) => part !== '');
  const unread: string[] = [];
  for (let depth = parts.length; depth >= 0; depth--) {
    const folder = `/${parts.slice(0, depth).join('/')}`;
    const listing = await machine.list(folder);
    if (listing.kind === 'unreadable') unread.push(folder);
    const marker = listing.kind === 'names' ? listing.names.find((name) => MARKER.test(name)) : undefined;
    if (marker === undefined) continue;
    const evidence = [saw(folder, `holds ${marker}`)];
    return fail({ found: `${named(folder)} is copied by a sync program`, evidence, remedy: REMEDY });
  }
  if (unread.length === 0)
    return pass('', [saw(home, 'neither it nor a folder above holds the mark of a sync program')]);
  return cannotTell({
    found: `${named(unread[0] ?? '')} cannot be listed`,
    evidence: unread.map((folder) => saw(folder, 'cannot be listed')),
    remedy: 'run it as a user who may list the folders above the home',
  });
}

async function judgeMount(machine: Machine, home: string): Promise<Judgement> {
  const reading = await machine.readFile(MOUNTS);
  const mount = reading.kind === 'text' ? mountOf(parseMounts(reading.text), home) : undefined;
  if (mount === undefined)
    return cannotTell({
      found: 'what it is mounted on cannot be told',
      evidence: [sawFile(MOUNTS, reading)],
      remedy: REMEDY,
    });
  const evidence = [saw(MOUNTS, `${mount.mountPoint} is ${mount.type}`)];
  if (REMOTE.test(mount.type))
    return fail({ found: `it is kept on another machine (${mount.type})`, evidence, remedy: REMEDY });
  return pass('', evidence);
}

/** iCloud can take the two folders that most things lie in, under their usual names. */
async function judgeDesktop(machine: Machine, { userHome }: Subject, home: string): Promise<Judgement> {
  const taken = ['Desktop', 'Documents'].find((name) => isWithin(home, `${userHome}/${name}`));
  if (taken === undefined) return pass('', []);
  const folder = `${userHome}/Library/Mobile Documents/com~apple~CloudDocs`;
  const listing = await machine.list(folder);
  const evidence = [saw(folder, listing.kind === 'names' ? listing.names.join(' ') : 'not to be read')];
  if (listing.kind === 'names' && listing.names.includes(taken))
    return fail({ found: `iCloud copies ${named(taken)}`, evidence, remedy: REMEDY });
  if (listing.kind === 'unreadable')
    return cannotTell({ found: `whether iCloud copies ${named(taken)} cannot be read`, evidence, remedy: REMEDY });
  return pass('', evidence);
}

/** Folders that sync programs are set up to copy, and links in them that lead here. */
async function judgeFolders(machine: Machine, subject: Subject, home: string): Promise<Judgement> {
  const { folders, problems } = await configuredFolders(machine, subject);
  for (const { path, told } of folders) {
    const resolved = (await resolvePath(machine, path)) ?? path;
    if (isWithin(home, resolved))
      return fail({
        found: `${named(path)}, which holds it, is copied by a sync program`,
        evidence: [told],
        remedy: REMEDY,
      });
    const link = await linkTo(machine, resolved, home);
    if (link !== null)
      return fail({
        found: `${named(link)} leads to it from a folder that is copied`,
        evidence: [told, saw(link, `leads to ${home}`)],
        remedy: `delete the link ${named(link)}, and the copies it made`,
      });
  }
  const { clients, readable } = await runningClients(machine);
  const evidence = [
    saw(
      'sync programs that run',
      !readable ? 'cannot be listed' : clients.length === 0 ? 'none known' : clients.join(' '),
    ),
    ...folders.map(({ told }) => told),
    ...problems,
  ];
  if (!readable) return cannotTell({ found: 'running programs cannot be listed', evidence, remedy: REMEDY });
  if (problems.length > 0 || (clients.length > 0 && folders.length === 0))
    return cannotTell({
      found: 'what the sync programs here copy cannot be told',
      evidence,
      remedy: 'look in their settings',
    });
  return pass('', evidence);
}

const LINKS_MAX = 200;

/** A name in a copied folder that leads to the home, to something in it, or to what holds it. */
async function linkTo(machine: Machine, folder: string, home: string): Promise<string | null> {
  const listing = await machine.list(folder);
  for (const name of listing.kind === 'names' ? listing.names.slice(0, LINKS_MAX) : []) {
    const path = `${folder}/${name}`;
    const resolved = await resolvePath(machine, path);
    if (resolved === null || resolved === path) continue;
    if (isWithin(home, resolved) || isWithin(resolved, home)) return path;
  }
  return null;
}
