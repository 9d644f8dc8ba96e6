import type { Machine } from '../machine.ts';

// Not `bird`: the daemon of iCloud runs on every Mac, and what it takes is told by its folders.
const CLIENTS =
  /^(?:dropbox|onedrive|onedriver|syncthing|nextcloud|owncloud|megasync|mega-cmd-serve|insync|rclone|rslsync|pcloud|seaf-daemon|seafile-applet|googledrivefs|google drive|box|boxsync|tresorit|protondrive|proton drive|odrive|yandex-disk)$/;
const PROCESSES_MAX = 100_000;

/** Names of sync programs that run now. A name is a program's own claim: this finds honest ones. */
export async function runningClients(machine: Machine): Promise<{ clients: string[]; readable: boolean }> {
  const names = machine.system === 'darwin' ? await namesByPs(machine) : await namesByProc(machine);
  if (names === null) return { clients: [], readable: false };
  const known = names.map((name) => name.toLowerCase()).filter((name) => CLIENTS.test(name));
  return { clients: [...new Set(known)].toSorted(), readable: true };
}

async function namesByProc(machine: Machine): Promise<string[] | null> {
  const listing = await machine.list('/proc');
  if (listing.kind !== 'names') return null;
  const names: string[] = [];
  for (const pid of listing.names.filter((name) => /^\d+$/.test(name)).slice(0, PROCESSES_MAX)) {
    const reading = await machine.readFile(`/proc/${pid}/comm`);
    if (reading.kind === 'text') names.push(reading.text.trim());
  }
  return names.length === 0 ? null : names;
}

async function namesByPs(machine: Machine): Promise<string[] | null> {
  const ran = await machine.run('ps', ['-axo', 'comm=']);
  if (ran.kind !== 'ran' || ran.code !== 0) return null;
  return ran.out.split('\n').map((line) => line.trim().split('/').at(-1) ?? '');
}
