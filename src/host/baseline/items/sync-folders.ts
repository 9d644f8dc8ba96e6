import { saw, type Evidence } from '../evidence.ts';
import { sawFile } from '../item.ts';
import type { Machine, Subject } from '../machine.ts';

export interface CopiedFolder {
  readonly path: string;
  readonly told: Evidence;
}

interface Source {
  /** Below the user's home. */
  readonly file: string;
  /** Every folder that the file says is copied; `~/` stands for the user's home. */
  readonly read: (text: string) => string[];
}

const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, path]) => path ?? '');
const syncthing = (text: string): string[] => all(text, /<folder\b[^>]*\spath="([^"]*)"/g).map(unescapeXml);

/** Where sync programs write down what they copy. A further one is one line. */
const SOURCES: readonly Source[] = [
  { file: '.dropbox/info.json', read: (text) => all(text, /"path"\s*:\s*"((?:[^"\\]|\\.)*)"/g).map(unescapeJson) },
  { file: '.config/syncthing/config.xml', read: syncthing },
  { file: '.local/state/syncthing/config.xml', read: syncthing },
  { file: 'Library/Application Support/Syncthing/config.xml', read: syncthing },
  { file: '.config/Nextcloud/nextcloud.cfg', read: (text) => all(text, /^\s*\d+\\Folders\\\d+\\localPath=(.*)$/gm) },
  { file: '.config/ownCloud/owncloud.cfg', read: (text) => all(text, /^\s*\d+\\Folders\\\d+\\localPath=(.*)$/gm) },
  { file: '.config/onedrive/config', read: (text) => all(text, /^\s*sync_dir\s*=\s*"([^"]*)"/gm) },
];
/** Where they put things when nobody says otherwise. */
const USUAL = ['Dropbox', 'OneDrive', 'Google Drive', 'Nextcloud', 'ownCloud', 'Sync', 'MEGA', 'Seafile', 'Insync'];

/** Folders of the user that are copied elsewhere, as far as configuration and usual places tell. */
export async function configuredFolders(
  machine: Machine,
  { userHome }: Subject,
): Promise<{ folders: CopiedFolder[]; problems: Evidence[] }> {
  const folders: CopiedFolder[] = [];
  const problems: Evidence[] = [];
  for (const { file, read } of SOURCES) {
    const path = `${userHome}/${file}`;
    const reading = await machine.readFile(path);
    if (reading.kind === 'unreadable') problems.push(sawFile(path, reading));
    if (reading.kind !== 'text') continue;
    const named = read(reading.text).map((name) => absolute(name, userHome));
    // A program that is set up and copies nothing says so in a way that is not known here.
    if (named.length === 0) problems.push(saw(path, 'names no folder that could be understood'));
    folders.push(...named.map((name) => ({ path: name, told: saw(path, `copies ${name}`) })));
  }
  const home = await machine.list(userHome);
  for (const name of home.kind === 'names' ? home.names.filter((found) => USUAL.includes(found)) : []) {
    const path = `${userHome}/${name}`;
    folders.push({ path, told: saw(path, 'is there, under the usual name of a copied folder') });
  }
  return { folders, problems };
}

function absolute(path: string, userHome: string): string {
  const whole = path.startsWith('~/')
    ? `${userHome}/${path.slice(2)}`
    : path.startsWith('/')
      ? path
      : `${userHome}/${path}`;
  return whole.length > 1 ? whole.replace(/\/+$/, '') : whole;
}

function unescapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replaceAll(/&(amp|lt|gt|quot|apos|#\d{1,6}|#x[0-9a-fA-F]{1,5});/g, (found, name: string) => {
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return names[name] ?? (code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : found);
  });
}

function unescapeJson(text: string): string {
  try {
    const parsed: unknown = JSON.parse(`"${text}"`);
    return typeof parsed === 'string' ? parsed : text;
  } catch {
    return text;
  }
}
