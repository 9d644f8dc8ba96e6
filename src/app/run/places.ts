import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HardshellError } from '../../contracts/index.ts';
import { findRuntime, openLibrary, type Runtime } from '../../isolation/index.ts';
import { findDeployment, findHome, instancePaths, type InstancePaths } from '../../state/index.ts';
import { makeOwnDirectory } from '../../supervisor/index.ts';
import { giveTo } from './give-to.ts';
import { WORKSPACES_OF_ROOT } from './lend.ts';
import { makeTemporary } from './temporary.ts';

/** Files of the host that an agent's zone is given. */
export interface AgentFiles {
  readonly runtime: Runtime;
  readonly client: string;
  readonly names: string;
  readonly remove: () => void;
}

/** The places of the instance that we were started for, installed or not. */
export function openPaths(): InstancePaths {
  const home = findHome(process.env);
  return instancePaths(home, process.getuid?.() ?? 0, findDeployment(process.env, home));
}

/** Root's homes are closed to the uid of a zone, so its workspaces lie beside them. */
export function workspacePath(paths: InstancePaths, uid: number | null, name: string): string {
  const base = uid === null ? join(paths.home, 'workspaces') : join(WORKSPACES_OF_ROOT, paths.instance);
  return join(base, name);
}

/** The folder of a workspace, made where it is missing, and given to the uid that the zone has this time. */
export function openWorkspace(path: string, uid: number | null): void {
  if (uid === null) {
    makeOwnDirectory(dirname(path), 0o700);
    makeOwnDirectory(path, 0o700);
    return;
  }
  makeOwnDirectory(dirname(dirname(path)), 0o711);
  makeOwnDirectory(dirname(path), 0o711);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isDirectory())
    throw new HardshellError('home_unsafe', `\`${path}\` is not a folder; move it away`, { fate: 'refuse' });
  if (found === undefined) mkdirSync(path, { mode: 0o700 });
  if (found?.uid !== uid) giveTo(path, uid);
}

/** Our Node and the capability client where the zone's uid can read them, and the names it knows. */
export async function lendFiles(paths: InstancePaths, uid: number | null): Promise<AgentFiles> {
  const found = await findRuntime(process.execPath);
  const client = join(import.meta.dirname, '..', 'capability-client');
  const folder = makeTemporary();
  const names = join(folder, 'names');
  mkdirSync(names, { mode: 0o755 });
  const id = uid ?? process.getuid?.() ?? 0;
  write(names, 'passwd', `agent:x:${id}:${uid ?? process.getgid?.() ?? 0}:agent:/workspace:/bin/sh\n`);
  write(names, 'group', `agent:x:${uid ?? process.getgid?.() ?? 0}:\n`);
  write(names, 'hosts', '127.0.0.1 localhost zone\n::1 localhost zone\n');
  write(names, 'resolv.conf', '# no network, no resolver\n');
  write(names, 'hostname', 'zone\n');
  write(names, 'nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files\n');
  // Only the zone's uid may look in.
  if (uid !== null) chownSync(folder, 0, uid);
  chmodSync(folder, uid === null ? 0o700 : 0o750);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  if (uid === null || paths.library === undefined) return { runtime: found, client, names, remove };
  makeOwnDirectory(paths.library, 0o755);
  const library = openLibrary(paths.library);
  const runtime = { ...found, node: await library.file(found.node) };
  return { runtime, client: await library.directory(client), names, remove };
}

function write(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, name), text, { mode: 0o644 });
}
