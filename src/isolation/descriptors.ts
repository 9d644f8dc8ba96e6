import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const CLOSE_ON_EXEC = 0o2000000;

/**
 * Descriptors above 2 that a child of ours would inherit. Bubblewrap hands on whatever it inherits, and one directory
 * among them is the whole file system to a zone.
 */
export function inheritableDescriptors(): number[] {
  return openDescriptors().filter((fd) => {
    if (fd <= 2) return false;
    const flags = /^flags:\s*([0-7]+)/m.exec(readInfo(fd))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  });
}

/** Closes what whoever started us left open. Called once, before anything of ours is opened. Returns how many. */
export function closeInheritedDescriptors(): number {
  const inherited = inheritableDescriptors();
  for (const fd of inherited) {
    try {
      closeSync(fd);
    } catch {
      // Gone between listing and closing.
    }
  }
  return inherited.length;
}

/** Every open descriptor of this process. The one used for listing is left out. */
function openDescriptors(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => {
      try {
        readlinkSync(`/proc/self/fd/${fd}`);
        return true;
      } catch {
        return false;
      }
    });
}

function readInfo(fd: number): string {
  try {
    return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  } catch {
    return '';
  }
}
