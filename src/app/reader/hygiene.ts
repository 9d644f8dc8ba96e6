import { fstatSync, type Stats } from 'node:fs';

/** Descriptors beyond this are not looked at one by one: Node's own and whatever a parent forgot stand at the front. */
const LAST_FD = 127;
/** `/dev/null`, `/dev/zero`, `/dev/random` and `/dev/urandom` of Linux. */
const HARMLESS_DEVICES: ReadonlySet<number> = new Set([259, 261, 264, 265]);

/**
 * Descriptors above 2 that would lead out of a sandbox: folders, files, devices and sockets that nobody told us about.
 * Node's own pipes, event and poll descriptors are none of these. Asked by `fstat`, since `/proc` may be missing and
 * the permission model would hide it.
 */
export function unexpectedDescriptors(known: ReadonlySet<number>): string[] {
  const found: string[] = [];
  for (let fd = 3; fd <= LAST_FD; fd++) {
    if (known.has(fd)) continue;
    const kind = kindOf(fd);
    if (kind !== null) found.push(`${fd} (${kind})`);
  }
  return found;
}

function kindOf(fd: number): string | null {
  const stats = statOf(fd);
  if (stats === null) return null;
  if (stats.isDirectory()) return 'folder';
  if (stats.isFile()) return 'file';
  if (stats.isSocket()) return 'socket';
  if (stats.isBlockDevice()) return 'device';
  if (stats.isCharacterDevice() && !HARMLESS_DEVICES.has(stats.rdev)) return 'device';
  return null;
}

function statOf(fd: number): Stats | null {
  try {
    return fstatSync(fd);
  } catch {
    return null;
  }
}
