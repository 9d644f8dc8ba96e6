import type { Machine } from '../machine.ts';

/** One line of `/proc/self/mountinfo`. */
export interface MountEntry {
  /** `major:minor` of the device; major 0 where there is none. */
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
}

export const MOUNTS = '/proc/self/mountinfo';

export function parseMounts(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , device, , mountPoint] = left.split(' ');
    const [type, source] = right.split(' ');
    if (device === undefined || mountPoint === undefined || type === undefined || source === undefined) return [];
    return [{ device, mountPoint: unescapeOctal(mountPoint), type, source: unescapeOctal(source) }];
  });
}

/** The mount that holds a resolved path: the deepest, and of two on one place the later, which lies above. */
export function mountOf(mounts: readonly MountEntry[], path: string): MountEntry | undefined {
  return mounts
    .filter(({ mountPoint }) => isWithin(path, mountPoint))
    .reduce<MountEntry | undefined>(
      (found, entry) => (found === undefined || entry.mountPoint.length >= found.mountPoint.length ? entry : found),
      undefined,
    );
}

/** True when `path` is `folder` or lies below it; both absolute and without dots. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

/** The kernel writes blanks, tabs, line feeds and backslashes of names as three octal digits. */
export function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Where a path leads once every link is followed; null when that cannot be told. Missing names at its end are kept. */
export async function resolvePath(machine: Machine, path: string): Promise<string | null> {
  let at = path;
  let rest = '';
  while (at !== '') {
    const ran = await machine.run('readlink', ['-f', '--', at]);
    const found = ran.kind === 'ran' && ran.code === 0 ? ran.out.replace(/\n$/, '') : '';
    if (found.startsWith('/')) return found === '/' ? rest || '/' : found + rest;
    if (ran.kind !== 'ran') return null;
    const cut = at.lastIndexOf('/');
    rest = at.slice(cut) + rest;
    at = cut === 0 && at !== '/' ? '/' : at.slice(0, cut);
  }
  return null;
}
