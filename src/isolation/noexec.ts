import { readFileSync, realpathSync } from 'node:fs';

/**
 * True where the kernel runs no program of that folder, as it does in `/run` of Debian and its kin. Unreadable counts as
 * no: whatever is run there says so itself. `mounts`: /proc/self/mountinfo.
 */
export function isNoexec(path: string, mounts = readMounts()): boolean {
  const real = realpathSync(path);
  let found: readonly string[] = [];
  let longest = -1;
  for (const line of mounts.split('\n')) {
    const [, , , , at, options] = line.split(' ');
    if (at === undefined || options === undefined) continue;
    const point = at.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const covers = real === point || real.startsWith(point === '/' ? '/' : `${point}/`);
    // Of two at one place the later one is on top.
    if (!covers || point.length < longest) continue;
    longest = point.length;
    found = options.split(',');
  }
  return found.includes('noexec');
}

function readMounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}
