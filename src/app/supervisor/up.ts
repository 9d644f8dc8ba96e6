import { existsSync, lstatSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectFrames } from '../../bridge/index.ts';
import { loadConfig, namedVariables, type Config } from '../../config/index.ts';
import { HardshellError, SUPERVISOR_ANSWERS, ZONE_UIDS, type EgressLists } from '../../contracts/index.ts';
import { readEpochs } from '../../control/index.ts';
import {
  explainBubblewrapError,
  findRuntime,
  findWall,
  openLibrary,
  type FoundWall,
  type Runtime,
  type ZoneDriver,
} from '../../isolation/index.ts';
import {
  instancePaths,
  prepareHome,
  readArmed,
  giveHome,
  takeHomeLock,
  type Deployment,
  type Home,
  type HomeLock,
  type InstancePaths,
} from '../../state/index.ts';
import {
  cleanRun,
  makeOwnDirectory,
  prepareRun,
  openLogFile,
  startSupervisor,
  type FindProgram,
  type Supervisor,
} from '../../supervisor/index.ts';
import { attackFirewall } from '../../host/index.ts';
import { searchThisMachine, wantBubblewrap } from './bubblewrap-present.ts';
import { egressListsFor } from './egress-lists.ts';
import { furnishHome } from './first-start.ts';
import { openDriver } from './open-driver.ts';
import { requireFirewall } from './firewall-present.ts';
import { openSetting, prepareFolders, type Setting } from './setting.ts';
import { modelBehind, readSettings, requireMode } from './settings.ts';

const LOCK_MS_MAX = 2_000;
const OTHER_START_MS_MAX = 3_000;
const SUPERVISOR_LOG_BYTES_MAX = 1024 * 1024;

export interface UpOptions {
  readonly home: string;
  readonly deployment: Deployment;
  /** Where `dist/`, `policies/` and `samples/` lie. */
  readonly checkout: string;
  readonly node: string;
  readonly tell: (sentence: string) => void;
  /** The servers that each process may reach. Undefined or empty: nothing has a way out. */
  readonly egressClients: EgressLists['clients'] | undefined;
}

/** What came of it. `running`: another process holds this home; nothing was changed. */
export type UpResult =
  | {
      readonly kind: 'started';
      readonly supervisor: Supervisor;
      readonly home: Home;
      readonly paths: InstancePaths;
      readonly driver: ZoneDriver;
      readonly samples: number;
      readonly mail: string;
      readonly lock: HomeLock;
    }
  | { readonly kind: 'running'; readonly pid: number | undefined };

/** From nothing to a serving instance. Each station either holds or nothing runs. Throws `HardshellError`. */
export async function up(options: UpOptions): Promise<UpResult> {
  const uid = process.getuid?.() ?? 0;
  const paths = instancePaths(options.home, uid, options.deployment);
  const setting = openSetting(paths, uid);
  const bwrap = await wantBubblewrap(searchThisMachine(options.tell));
  if (setting.owner !== undefined)
    await requireFirewall(mutedUids(setting), (uid) => attackFirewall(uid, options.node));
  const wall = await requireWall(bwrap);
  const home = await makeOrOpenHome(paths.home, setting);
  if (home.firstStart) options.tell(`first start: made \`${paths.home}\``);
  for (const name of home.repaired) options.tell(`\`${name}\` was open to others and is narrowed now`);
  prepareRun(paths.run, setting.accounts.executor);
  const lock = await takeLock(paths);
  if (!('release' in lock)) return { kind: 'running', pid: lock.pid };
  const tell = alsoToLog(paths.home, options.tell);
  try {
    const epoch = requireArmed(paths.home);
    const runtime = findRuntime(options.node);
    const { samples } = home.firstStart ? await furnish(options, paths, setting) : { samples: 0 };
    prepareFolders(setting, paths.home);
    const settings = join(paths.home, 'hardshell.json');
    const config = loadConfig(settings, process.env);
    cleanRun(paths.run, setting.accounts.executor);
    const walls = { options: { ...options, tell }, paths, wall, runtime: await runtime, zones: config.zones };
    const { driver, findProgram } = await openWalls(walls);
    requireMode(driver.mode, config);
    const { limits, logBytesMax, model } = readSettings(config);
    const supervisor = await startSupervisor({
      driver,
      places: {
        home: paths.home,
        run: paths.run,
        runOutsideHome: !paths.run.startsWith(`${paths.home}/`),
        folders: setting.folders,
        deployment: paths.deployment,
        accounts: setting.accounts,
        model: modelBehind(driver, model, tell),
        egress: egressListsFor(options.egressClients),
        configVariables: namedVariables(settings, process.env),
      },
      zonesRecord: paths.zonesRecord,
      logs: join(paths.home, 'logs'),
      limits,
      logBytesMax,
      findProgram,
      socketPath: paths.supervisorSocket,
      instance: paths.instance,
      epoch,
      firstStart: home.firstStart,
      isArmed: () => {
        const now = readArmed(paths.home, epoch);
        return now.kind === 'armed' && now.epoch === epoch;
      },
      tell,
    });
    return { kind: 'started', supervisor, home, paths, driver, samples, mail: setting.folders.maildir, lock };
  } catch (error) {
    lock.release();
    if (home.firstStart) setAside(paths.home, options.tell);
    throw error;
  }
}

async function makeOrOpenHome(path: string, { owner }: Setting): Promise<Home> {
  await letOtherFinish(path);
  try {
    return prepareHome(path, owner);
  } catch {
    await letOtherFinish(path);
    return prepareHome(path, owner);
  }
}

/** Another `up` may be making this home at this moment: it holds no lock before there is a home to hold it in. */
async function letOtherFinish(home: string): Promise<void> {
  const deadline = performance.now() + OTHER_START_MS_MAX;
  const isUnfinished = (): boolean => {
    const found = lstatSync(home, { throwIfNoEntry: false });
    if (found === undefined || Date.now() - found.ctimeMs > OTHER_START_MS_MAX) return false;
    return !existsSync(join(home, 'keys', 'instance.id')) || !existsSync(join(home, 'hardshell.json'));
  };
  while (isUnfinished() && performance.now() < deadline) await sleep(50);
}

/** The lock of the home, or who holds it. One that was just killed may hold it for a moment more. */
async function takeLock(paths: InstancePaths): Promise<HomeLock | { readonly pid: number | undefined }> {
  const deadline = performance.now() + LOCK_MS_MAX;
  for (;;) {
    const lock = takeHomeLock(join(paths.run, 'supervisor', 'lock.db'));
    if (lock !== undefined) return lock;
    const pid = await askPid(paths.supervisorSocket);
    if (pid !== undefined || performance.now() > deadline) return { pid };
    await sleep(50);
  }
}

/** The home of an installed instance begins without our sample mails, and belongs to the executor's account. */
async function furnish(
  { checkout }: UpOptions,
  { home, deployment }: InstancePaths,
  { owner }: Setting,
): Promise<{ samples: number }> {
  const furnished = await furnishHome(home, checkout, { samples: deployment === 'checkout' });
  if (owner !== undefined) giveHome(home, owner);
  return furnished;
}

/** Accounts without a way out, and one uid for all the zones. */
function mutedUids({ accounts }: Setting): number[] {
  const muted = Object.entries(accounts).filter(([role]) => role !== 'egress');
  return [...muted.map(([, { uid }]) => uid), ZONE_UIDS.first];
}

/** A first start that failed is not to be mistaken for a home: the next one is a first start again. */
export function setAside(home: string, tell: (sentence: string) => void): void {
  const aside = `${home}.failed-${Date.now()}`;
  renameSync(home, aside);
  tell(`the first start failed; what it had made is in \`${aside}\`, its logs too`);
}

/** Asked before anything is begun: where no wall can stand nothing is. Throws `isolation_failed`. */
async function requireWall(bwrap: string | undefined): Promise<FoundWall & { readonly ok: true }> {
  const found = await findWall(bwrap);
  if (found.ok) return found;
  const message = `zones cannot be walled in here and nothing was started: ${found.reason}; ${found.remedy}`;
  throw new HardshellError('isolation_failed', message, { fate: 'refuse' });
}

function alsoToLog(home: string, tell: (sentence: string) => void): (sentence: string) => void {
  const log = openLogFile(join(home, 'logs'), 'supervisor', SUPERVISOR_LOG_BYTES_MAX);
  return (sentence) => {
    log.write(`${new Date().toISOString()} ${sentence}\n`);
    tell(sentence);
  };
}

/** The epoch that may run. Throws `killed` with the way back. */
function requireArmed(home: string): number {
  const { killed } = readEpochs(join(home, 'audit'));
  const state = readArmed(home, killed + 1);
  if (state.kind === 'armed') return state.epoch;
  const why =
    state.reason === 'voided'
      ? 'it was stopped with `hardshell kill`'
      : `its armed record is ${state.reason.replace('_', ' ')}`;
  throw new HardshellError(
    'killed',
    `this instance may not run: ${why}; after looking into it, run \`hardshell revive\``,
    { fate: 'refuse' },
  );
}

interface WallOptions {
  readonly options: UpOptions;
  readonly paths: InstancePaths;
  readonly wall: FoundWall & { readonly ok: true };
  readonly runtime: Runtime;
  readonly zones: Config['zones'];
}

interface Walls {
  readonly driver: ZoneDriver;
  readonly findProgram: FindProgram;
}

/** As root, zones get copies of Node and of their program that their uids can read; the copies are made beside. */
async function openWalls(at: WallOptions): Promise<Walls> {
  const { options, paths, zones, wall } = at;
  let runtime = at.runtime;
  const dist = (name: string): string => join(options.checkout, 'dist', name);
  const { instance } = paths;
  const driver = await openDriver({ zones, instance, wall, runtime: () => runtime, tell: options.tell });
  if (paths.library === undefined) return { driver, findProgram: (name) => Promise.resolve(dist(name)) };
  makeOwnDirectory(paths.library, 0o755);
  const library = openLibrary(paths.library);
  const copied = library.file(runtime.node).then((node) => {
    runtime = { ...runtime, node };
  });
  copied.catch((error: unknown) =>
    options.tell(`Node could not be copied for the zones: ${error instanceof Error ? error.message : ''}`),
  );
  const findProgram: FindProgram = async (name, forZoneUid) => {
    // Root reads the checkout itself; whoever is not root waits for the copies.
    if (!forZoneUid) return dist(name);
    await copied;
    return library.directory(dist(name));
  };
  return { driver, findProgram };
}

async function askPid(socket: string): Promise<number | undefined> {
  try {
    const client = await connectFrames({ target: { path: socket } });
    const answer = SUPERVISOR_ANSWERS.status.safeParse(await client.request({ type: 'status' }, 1_000));
    client.destroy();
    return answer.success ? answer.data.pid : undefined;
  } catch {
    return undefined;
  }
}

/** Bubblewrap's refusal in words that say what to do. */
export function explainFailure(error: unknown): string {
  if (!(error instanceof HardshellError)) return error instanceof Error ? error.message : 'unknown failure';
  const said = /could not be walled in: (.*)$/s.exec(error.message)?.[1];
  if (said === undefined) return error.message;
  const { reason, remedy } = explainBubblewrapError(said);
  return `zones cannot be walled in here: ${reason}; ${remedy}`;
}
