import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HardshellError, type EgressLists } from '../contracts/index.ts';
import type { Ids } from './ids.ts';
import { makeOwnDirectory, removeEntry } from './places.ts';

export interface EgressPlaces {
  readonly run: string;
  readonly lists: EgressLists;
  /** The egress process; undefined where all zones have our uid. */
  readonly ids: Ids | undefined;
  /** Undefined: our own group, as for a client of which `groupOf` knows none. */
  readonly executorGid: number | undefined;
  readonly groupOf: (client: string) => number | undefined;
}

const DEPTH_MAX = 2;

/**
 * Makes what the egress process finds: its lists, which it only reads, and directories for its sockets, each with the
 * group of the one who may connect. Directories that are there already are emptied and stay the same ones, since
 * connectors that run have them mounted. Throws `home_unsafe` where something else stands.
 */
export function prepareEgress({ run, lists, ids, executorGid, groupOf }: EgressPlaces): void {
  const bridges = join(run, 'egress-bridges');
  makeOwnDirectory(bridges, ids === undefined ? 0o700 : 0o711);
  for (const { client } of lists.clients) makeListening(join(bridges, client), ids, groupOf(client));
  makeListening(join(run, 'egress-events'), ids, executorGid);
  writeLists(join(run, 'egress-lists'), lists, ids);
}

/** It belongs to the process that listens there; the setgid bit gives its sockets the group of who may connect. */
function makeListening(path: string, ids: Ids | undefined, gid: number | undefined): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) mkdirSync(path, { mode: 0o700 });
  else if (!found.isDirectory())
    throw new HardshellError('home_unsafe', `\`${path}\` is not a directory of ours; remove it`, { fate: 'refuse' });
  for (const name of readdirSync(path)) removeEntry(join(path, name), DEPTH_MAX);
  if (ids !== undefined) chownSync(path, ids.uid, gid ?? process.getgid?.() ?? 0);
  // After chown, which clears the bit.
  chmodSync(path, ids === undefined ? 0o700 : 0o2750);
}

function writeLists(directory: string, { resolvers, clients }: EgressLists, ids: Ids | undefined): void {
  makeOwnDirectory(directory, ids === undefined ? 0o700 : 0o750);
  if (ids !== undefined) chownSync(directory, 0, ids.gid);
  const path = join(directory, 'lists.json');
  writeFileSync(`${path}.new`, `${JSON.stringify({ v: 1, resolvers, clients })}\n`, { mode: 0o640 });
  // The mode that was asked for is narrowed by whatever umask we were started with.
  chmodSync(`${path}.new`, 0o640);
  if (ids !== undefined) chownSync(`${path}.new`, 0, ids.gid);
  renameSync(`${path}.new`, path);
}
