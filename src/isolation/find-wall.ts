import { execFile } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { explainBubblewrapError } from './explain.ts';
import { findLandlock } from './landlock/trial.ts';
import { mayUnshare } from './may-unshare.ts';
import { listLibraries, type SharedLibrary } from './runtime.ts';

/** The program that steps down from root to a zone's uid where user namespaces cannot do it (mode R). */
export interface StepDown {
  readonly path: string;
  readonly libraries: readonly SharedLibrary[];
}

/** The strongest wall that bubblewrap can build here. */
export type Wall =
  /** Namespaces for everything. F: root, an own uid a zone. U: an ordinary user. */
  | { readonly kind: 'namespaces'; readonly mode: 'F' | 'U'; readonly proc: boolean }
  /** R: root, every namespace but the user's. */
  | { readonly kind: 'root'; readonly mode: 'R'; readonly proc: boolean; readonly stepDown: StepDown };

/** L: no namespaces at all. What such a wall lacks its driver says. */
export interface LandlockWall {
  readonly kind: 'landlock';
  readonly mode: 'L';
  /** Version of the kernel's Landlock. */
  readonly abi: number;
}

export type FoundWall =
  | { readonly ok: true; readonly wall: Wall | LandlockWall; readonly degraded: readonly string[] }
  /** `remedy`: the sentence that tells what to do. */
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

/** A uid that no account has, as a zone would get. */
const PROBE_UID = 61_001;
const USER_WALL = ['--unshare-user', '--unshare-net', '--unshare-pid', '--disable-userns'];
const ROOT_WALL = ['--unshare-net', '--unshare-pid', '--cap-drop', 'ALL'];
const STEP_DOWN_CAPS = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'];
const SETPRIV = '/usr/bin/setpriv';
const TRIAL_MS_MAX = 10_000;

/** Capabilities that the step down needs and that are gone after it. */
export function stepDownCapabilities(): string[] {
  return STEP_DOWN_CAPS.flatMap((name) => ['--cap-add', name]);
}

/** The command that becomes `uid` for good and then runs what follows. */
export function stepDownCommand({ path }: StepDown, uid: number, gid: number): string[] {
  const nothing = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all'];
  return [path, '--reuid', String(uid), '--regid', String(gid), '--clear-groups', ...nothing, '--'];
}

/**
 * Tries the walls from the strongest to the weakest with a program that does nothing, as the uid that zones will have.
 * `--unshare-user-try` is never used: it would silently run without. Landlock alone is for machines without namespaces:
 * where they work, a missing or broken bubblewrap is to be installed.
 */
export async function findWall(bwrap: string | undefined): Promise<FoundWall> {
  const byNamespaces = bwrap === undefined ? MISSING : await findNamespaces(bwrap);
  if (byNamespaces.ok || (await mayUnshare())) return byNamespaces;
  const landlock = await findLandlock();
  if (!landlock.ok) {
    const { reason, remedy } = bwrap === undefined ? NO_NAMESPACES : byNamespaces;
    return { ok: false, reason: `${reason}, and ${landlock.reason}`, remedy: `${remedy}; or ${landlock.remedy}` };
  }
  return { ok: true, wall: { kind: 'landlock', mode: 'L', abi: landlock.abi }, degraded: [] };
}

const MISSING = {
  ok: false,
  reason: 'bubblewrap is not installed',
  remedy: 'ask an administrator to install the package `bubblewrap`',
} as const;
const NO_NAMESPACES = {
  reason: 'this system or container forbids namespaces',
  remedy: 'run Hardshell on a machine or in a container that allows user namespaces',
} as const;

async function findNamespaces(bwrap: string): Promise<FoundWall> {
  const isRoot = process.getuid?.() === 0;
  const first = await tryNamespaces(bwrap, isRoot);
  if (first.ok || !isRoot) return first;
  return (await tryRoot(bwrap, first.reason)) ?? first;
}

async function tryNamespaces(bwrap: string, isRoot: boolean): Promise<FoundWall> {
  const ids = isRoot ? { uid: PROBE_UID, gid: PROBE_UID } : {};
  const mode = isRoot ? 'F' : 'U';
  const bare = await trial(bwrap, USER_WALL, ids);
  if (bare !== undefined) return { ok: false, ...explainBubblewrapError(bare) };
  const masked = await trial(bwrap, [...USER_WALL, '--proc', '/proc'], ids);
  return { ok: true, wall: { kind: 'namespaces', mode, proc: masked === undefined }, degraded: tellProc(masked) };
}

async function tryRoot(bwrap: string, why: string): Promise<FoundWall | undefined> {
  const stepDown = await findStepDown();
  if (stepDown === undefined) return undefined;
  const walls = [...ROOT_WALL, ...stepDownCapabilities()];
  const command = stepDownCommand(stepDown, PROBE_UID, PROBE_UID);
  if ((await trial(bwrap, walls, {}, command)) !== undefined) return undefined;
  const masked = await trial(bwrap, [...walls, '--proc', '/proc'], {}, command);
  return {
    ok: true,
    wall: { kind: 'root', mode: 'R', proc: masked === undefined, stepDown },
    degraded: [`zones have no user namespace of their own: ${why}`, ...tellProc(masked)],
  };
}

function tellProc(masked: string | undefined): string[] {
  return masked === undefined ? [] : ['zones have no /proc: the container that we run in masks its own'];
}

async function findStepDown(): Promise<StepDown | undefined> {
  try {
    accessSync(SETPRIV, constants.X_OK);
    return { path: SETPRIV, libraries: await listLibraries(realpathSync(SETPRIV)) };
  } catch {
    return undefined;
  }
}

/** Undefined when the wall stood; else what bubblewrap said. */
function trial(
  bwrap: string,
  walls: readonly string[],
  ids: { readonly uid?: number; readonly gid?: number },
  before: readonly string[] = [],
): Promise<string | undefined> {
  const args = [...walls, '--ro-bind', '/', '/', '--', ...before, bwrap, '--version'];
  return new Promise((resolve) => {
    execFile(bwrap, args, { ...ids, env: {}, cwd: '/', timeout: TRIAL_MS_MAX }, (error, _stdout, stderr) => {
      resolve(error === null ? undefined : stderr || 'bubblewrap ended without a word');
    });
  });
}
