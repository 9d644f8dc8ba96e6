import { copyFileSync, lstatSync, mkdtempSync, rmSync, statSync, chmodSync, chownSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { connectFrames } from '../../bridge/index.ts';
import {
  HardshellError,
  PROFILE_KINDS,
  SUPERVISOR_ANSWERS,
  type ZoneProfile,
  type ZoneState,
} from '../../contracts/index.ts';
import { findRuntime, openLibrary, type Mount, type ZoneExit, type ZoneSpec } from '../../isolation/index.ts';
import { findHome, instancePaths, type InstancePaths } from '../../state/index.ts';
import { DEFAULT_LIMITS, makeOwnDirectory, zoneSpec } from '../../supervisor/index.ts';
import { openOwnDriver } from './open-driver.ts';
import type { ExecOrder } from './order.ts';

const EXIT_KILLED = 137;

/**
 * Runs a Node script behind a second wall that is like the one of a running zone: its uid, its files, its socket, its
 * limits, its filter. The zone's own process is not touched, and Node's own permissions are left out, so that what holds
 * is the wall.
 */
export async function execInZone(order: ExecOrder): Promise<number> {
  const paths = instancePaths(findHome(process.env), process.getuid?.() ?? 0);
  const zone = await findZone(paths, order.zone);
  const folder = mkdtempSync(join(tmpdir(), 'hardshell-exec-'));
  try {
    const uid = uidOf(paths, zone);
    const { command, mounts } = lendScript(order.command, folder, uid);
    const runtime = await findRuntime(process.execPath);
    const lend = await lender(paths, uid);
    const driver = await openOwnDriver(paths, { ...runtime, node: await lend.file(runtime.node) });
    const like = specLike(paths, zone, {
      uid,
      program: await lend.folder('reader'),
      probe: await lend.folder('probe'),
    });
    const running = await driver.create({
      ...like,
      name: `exec-${process.pid}`,
      mounts: [...like.mounts, ...mounts],
      program: { kind: 'node', arguments: command },
      passInput: !process.stdin.isTTY,
      onOutput: (stream, chunk) => void (stream === 'out' ? process.stdout : process.stderr).write(chunk),
    });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void running.stop());
    return tellEnd(await running.exited);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function findZone(paths: InstancePaths, name: string): Promise<ZoneState> {
  const client = await connectFrames({ target: { path: paths.supervisorSocket } }).catch((cause: unknown) => {
    throw refuse('hardshell is not running; start it with `hardshell up`', cause);
  });
  const { zones } = SUPERVISOR_ANSWERS.status.parse(await client.request({ type: 'status' }));
  client.destroy();
  const zone = zones.find((each) => each.name === name) ?? zones.find((each) => each.name.startsWith(`${name}.`));
  if (zone === undefined) throw refuse(`no zone \`${name}\` is running; see \`hardshell zone list\``);
  if (zone.profile === 'agent') throw refuse('programs of an agent are started with `hardshell run --workspace NAME`');
  if (zone.socket === null || zone.profile === 'model')
    throw refuse(`\`${zone.name}\` belongs to Zone 1; scripts run in zones 2 and 3 only`);
  return zone;
}

/** The group of its socket directory is the zone's own, and has the number of its uid. */
function uidOf(paths: InstancePaths, zone: ZoneState): number | undefined {
  return process.getuid?.() === 0 ? statSync(join(paths.run, zone.name)).gid : undefined;
}

/** A script of the host is shown to the zone as a copy; everything else goes to Node as it is. */
function lendScript(
  command: readonly string[],
  folder: string,
  uid: number | undefined,
): { readonly command: string[]; readonly mounts: readonly Mount[] } {
  const [program, ...rest] = command;
  if (program !== 'node')
    throw refuse('a built-in zone holds no program but Node: `zone exec NAME -- node script.mjs`');
  chmodSync(folder, 0o750);
  if (uid !== undefined) chownSync(folder, 0, uid);
  const at = rest.findIndex((word) => !word.startsWith('-') && isFile(word));
  const script = rest[at];
  if (script === undefined || rest.slice(0, at).some((word) => /^(?:-e|-p|-pe|--eval|--print)/.test(word)))
    return { command: rest, mounts: [] };
  const copy = join(folder, basename(script));
  copyFileSync(script, copy);
  chmodSync(copy, 0o644);
  const inside = `/script/${basename(script)}`;
  return { command: rest.with(at, inside), mounts: [{ kind: 'read', from: folder, to: '/script' }] };
}

/** A script's text behind `-e` is no path, and may be longer than one can be. */
function isFile(word: string): boolean {
  try {
    return lstatSync(word, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}

interface Lender {
  readonly file: (path: string) => Promise<string>;
  readonly folder: (program: string) => Promise<string>;
}

async function lender(paths: InstancePaths, uid: number | undefined): Promise<Lender> {
  const dist = (program: string): string => join(import.meta.dirname, '..', program);
  if (uid === undefined || paths.library === undefined)
    return { file: (path) => Promise.resolve(path), folder: (program) => Promise.resolve(dist(program)) };
  makeOwnDirectory(paths.library, 0o755);
  const library = openLibrary(paths.library);
  return { file: (path) => library.file(path), folder: (program) => library.directory(dist(program)) };
}

function specLike(
  paths: InstancePaths,
  zone: ZoneState,
  own: { readonly uid: number | undefined; readonly program: string; readonly probe: string },
): ZoneSpec {
  // Agents were refused before: every other profile is one of the table.
  const profile = zone.profile as ZoneProfile;
  const { uid, program, probe } = own;
  const start = {
    profile,
    name: zone.name,
    session: zone.session,
    ids: uid === undefined ? undefined : { uid, gid: uid },
    program,
    probe,
    limits: DEFAULT_LIMITS[PROFILE_KINDS[profile].kind],
    mode: zone.mode,
    firstStart: false,
    model: false,
  };
  const { home, run, deployment } = paths;
  // Scripts run in zones 2 and 3, which have no folder of a connector.
  const folders = { maildir: join(home, 'mail'), chats: join(home, 'chats') };
  return zoneSpec(start, {
    home,
    run,
    folders,
    deployment,
    accounts: {},
    runOutsideHome: uid !== undefined,
    model: undefined,
    egress: undefined,
    configVariables: {},
  });
}

function tellEnd(exit: ZoneExit): number {
  switch (exit.kind) {
    case 'exited':
      return exit.code;
    case 'tampered':
      process.stderr.write('hardshell: the script was ended: it made a call that no honest program makes\n');
      return EXIT_KILLED;
    case 'killed':
      process.stderr.write(`hardshell: the script was ended${exit.outOfMemory ? ': out of memory' : ''}\n`);
      return EXIT_KILLED;
    case 'probe_failed':
      return EXIT_KILLED;
    default:
      return exit satisfies never;
  }
}

function refuse(message: string, cause?: unknown): HardshellError {
  return new HardshellError('unavailable', message, { fate: 'refuse', ...(cause === undefined ? {} : { cause }) });
}
