import { readFileSync } from 'node:fs';
import {
  CONNECTORS,
  PROFILE_KINDS,
  type AccountRole,
  type Channel,
  type ConnectorName,
  type EgressLists,
  type IsolationMode,
  type ProfileKind,
  type ZoneProfile,
} from '../contracts/index.ts';
import { permissionFlags, type Mount, type ZoneLimits, type ZoneSpec } from '../isolation/index.ts';
import { egressForExecutor, egressProfile, wayOut } from './egress-profile.ts';
import type { Ids } from './ids.ts';
import { INSIDE } from './inside.ts';
import type { Profile } from './profile.ts';

const MIB = 1024 * 1024;

/** Directories of the host that the table needs; the supervisor made or checked each of them. */
export interface TablePlaces {
  readonly home: string;
  readonly run: string;
  /** `run` lies outside the home (root): it is shown to the executor in the home's place. */
  readonly runOutsideHome: boolean;
  /** Folders of the connectors; outside the home where they have accounts of their own. */
  readonly folders: Readonly<Record<ConnectorName, string>>;
  readonly deployment: 'checkout' | 'installed';
  /** Accounts of processes that have one; every other process as root gets a uid without a name. */
  readonly accounts: Readonly<Partial<Record<AccountRole, Ids>>>;
  readonly model: ModelEndpoint | undefined;
  /** Who may reach what. Undefined: nobody has a way out, and the process that is one is not started. */
  readonly egress: EgressLists | undefined;
  /** Variables that `hardshell.json` names: the executor reads the file too, with an environment of its own. */
  readonly configVariables: Readonly<Record<string, string>>;
}

/** The one local model server that the owner configured. */
export interface ModelEndpoint {
  readonly host: string;
  readonly port: number;
  /** Path that its API begins with, such as `/v1`. */
  readonly basePath: string;
  readonly name: string;
}

/** One start of one process. */
export interface Start {
  readonly profile: ZoneProfile;
  readonly name: string;
  readonly session: string | null;
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
  /** Packed program and self-probe, as directories. */
  readonly program: string;
  readonly probe: string;
  readonly limits: ZoneLimits;
  readonly mode: IsolationMode;
  readonly firstStart: boolean;
  /** Whether a planner may reach the model. */
  readonly model: boolean;
}

/** Where a zone finds the executor. */
const BRIDGE_SOCKET = `${INSIDE.bridge}/zone-bridge.sock`;

/** What every zone reads of its own. */
const OWN = [INSIDE.program, INSIDE.probe];

/** One for each kind: all readers have the reader's, all connectors the connector's. */
export const DEFAULT_LIMITS: Readonly<Record<ProfileKind['kind'], ZoneLimits>> = {
  executor: { memoryBytesMax: 1024 * MIB, tasksMax: 64, cpus: 2 },
  egress: { memoryBytesMax: 256 * MIB, tasksMax: 32, cpus: 1 },
  connector: { memoryBytesMax: 256 * MIB, tasksMax: 32, cpus: 1 },
  reader: { memoryBytesMax: 256 * MIB, tasksMax: 32, cpus: 0.5 },
  planner: { memoryBytesMax: 512 * MIB, tasksMax: 32, cpus: 1 },
  model: { memoryBytesMax: 512 * MIB, tasksMax: 32, cpus: 1 },
};

/** True for what the executor serves on a socket of its own; it serves neither the connectors nor the way out. */
export function hasBridge(profile: ZoneProfile): boolean {
  const { kind } = PROFILE_KINDS[profile];
  return kind !== 'executor' && kind !== 'connector' && kind !== 'egress';
}

/**
 * The fixed table: what each process is, sees and may do. Nothing in it comes from a request but a name that was
 * checked and a session id.
 */
export function zoneSpec(start: Start, places: TablePlaces): ZoneSpec {
  const own = profileOf(start, places);
  const isRoot = start.ids === undefined && process.getuid?.() === 0;
  return {
    name: start.name,
    ...start.ids,
    mounts: [
      { kind: 'tmp', to: '/tmp', bytesMax: own.tmpBytesMax },
      { kind: 'read', from: start.program, to: INSIDE.program },
      { kind: 'read', from: start.probe, to: INSIDE.probe },
      ...own.mounts,
    ],
    env: { HOME: '/tmp', NODE_ENV: 'production', ...own.env },
    cwd: INSIDE.program,
    program: {
      kind: 'node',
      arguments: [
        `--max-old-space-size=${heapMebibytes(start.limits)}`,
        '--disallow-code-generation-from-strings',
        '--disable-warning=ExperimentalWarning',
        ...own.nodeFlags,
        ...['--import', `${INSIDE.probe}/main.mjs`, `${INSIDE.program}/main.mjs`],
      ],
    },
    profile: 'builtin',
    network: own.network ?? 'none',
    proc: !isRoot,
    sockets: own.sockets,
    ...(own.bridge === undefined ? {} : { bridge: own.bridge }),
    watch: own.watch,
    limits: start.limits,
  };
}

function profileOf(start: Start, places: TablePlaces): Profile {
  const is = PROFILE_KINDS[start.profile];
  switch (is.kind) {
    case 'executor':
      return executorProfile(start, places);
    case 'egress':
      return egressProfile(places);
    case 'connector':
      return connectorProfile(is.connector, places);
    case 'reader':
      return readerProfile(is.channel, start, places);
    case 'planner':
      return {
        mounts: [
          { kind: 'read', from: `${places.run}/${start.name}`, to: INSIDE.bridge },
          ...(start.model
            ? [{ kind: 'read', from: `${places.run}/model-bridges/${start.name}`, to: INSIDE.modelBridge } as const]
            : []),
        ],
        env: plannerEnvironment(start, places),
        nodeFlags: permissionFlags([...OWN, INSIDE.bridge, INSIDE.modelBridge]),
        sockets: 'connect',
        ...(mayAskModel(start, places) ? {} : { bridge: BRIDGE_SOCKET }),
        watch: false,
        tmpBytesMax: 64 * MIB,
      };
    case 'model':
      return {
        mounts: [
          { kind: 'read', from: `${places.run}/model`, to: INSIDE.bridge },
          { kind: 'read', from: `${places.run}/model-relay`, to: INSIDE.modelRelay },
          { kind: 'write', from: `${places.run}/model-bridges`, to: INSIDE.modelBridges },
          ...wayOut('model', places),
        ],
        env: modelEnvironment(places.model),
        nodeFlags: [],
        sockets: 'serve',
        watch: true,
        tmpBytesMax: 64 * MIB,
      };
    default:
      return is satisfies never;
  }
}

/**
 * A connector sees its folder and lives on the connected socket it inherits. One that has a list may also connect to
 * the way out; for all others no socket can be opened.
 */
function connectorProfile(connector: ConnectorName, places: TablePlaces): Profile {
  const { folder } = CONNECTORS[connector];
  const inside = `${INSIDE.home}/${folder}`;
  const out = wayOut(`connector-${connector}`, places);
  return {
    mounts: [{ kind: 'write', from: places.folders[connector], to: inside }, ...out],
    env: { HARDSHELL_CONNECTOR: connector, HARDSHELL_FOLDER: inside, HARDSHELL_FD: '3' },
    nodeFlags: [],
    sockets: out.length > 0 ? 'connect' : 'none',
    watch: true,
    tmpBytesMax: 16 * MIB,
  };
}

/** All readers are one program; the channel says what it reads. */
function readerProfile(channel: Channel, start: Start, places: TablePlaces): Profile {
  return {
    mounts: [{ kind: 'read', from: `${places.run}/${start.name}`, to: INSIDE.bridge }],
    env: { HARDSHELL_CHANNEL: channel, HARDSHELL_BRIDGE_SOCKET: BRIDGE_SOCKET },
    nodeFlags: permissionFlags([...OWN, INSIDE.bridge]),
    sockets: 'connect',
    bridge: BRIDGE_SOCKET,
    watch: false,
    tmpBytesMax: 16 * MIB,
  };
}

/** What connectors read and what our processes print is none of the executor's business: it parses none of it. */
const HIDDEN = [...Object.values(CONNECTORS).map(({ folder }) => folder), 'logs'];

function executorProfile(start: Start, places: TablePlaces): Profile {
  const hidden = HIDDEN.map((name): Mount => ({
    kind: 'tmp',
    to: `${INSIDE.home}/${name}`,
    bytesMax: 4_096,
  }));
  return {
    mounts: [
      { kind: 'write', from: places.home, to: INSIDE.home },
      { kind: 'read', from: `${places.home}/keys`, to: `${INSIDE.home}/keys` },
      // Read by the supervisor too, which may be root: nothing may be planted there.
      { kind: 'read', from: `${places.home}/templates`, to: `${INSIDE.home}/templates` },
      ...hidden,
      ...(places.runOutsideHome ? [{ kind: 'write', from: places.run, to: INSIDE.run } as const] : []),
      // Its own wall and the programs of others are not the executor's to write.
      { kind: 'read', from: `${places.run}/supervisor`, to: `${INSIDE.run}/supervisor` },
      ...(places.egress === undefined ? [] : egressForExecutor(places.run)),
    ],
    env: {
      HARDSHELL_HOME: INSIDE.home,
      HARDSHELL_RUN: INSIDE.run,
      HARDSHELL_MODE: start.mode,
      HARDSHELL_DEPLOYMENT: places.deployment,
      // Where /proc is not bound the executor cannot read it, and deadlines need it.
      HARDSHELL_BOOT_ID: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
      HARDSHELL_CONFIG_VARIABLES: JSON.stringify(places.configVariables),
      ...(places.egress === undefined ? {} : { HARDSHELL_EGRESS: '1' }),
      ...(start.firstStart ? { HARDSHELL_FIRST_START: '1' } : {}),
    },
    nodeFlags: [],
    sockets: 'serve',
    watch: true,
    tmpBytesMax: 64 * MIB,
  };
}

/** The standing planner stays; every other ends with the work that its session was opened for. */
function plannerEnvironment(start: Start, places: TablePlaces): Readonly<Record<string, string>> {
  return {
    HARDSHELL_TEMPLATES: `${INSIDE.bridge}/templates`,
    HARDSHELL_BRIDGE_SOCKET: BRIDGE_SOCKET,
    ...(start.name === 'zone2-planner' ? { HARDSHELL_ORIGIN: 'standing' } : {}),
    ...(mayAskModel(start, places)
      ? { HARDSHELL_MODEL: 'local', HARDSHELL_MODEL_SOCKET: `${INSIDE.modelBridge}/model.sock` }
      : {}),
  };
}

function mayAskModel({ model }: Start, places: TablePlaces): boolean {
  return model && places.model !== undefined;
}

function modelEnvironment(model: ModelEndpoint | undefined): Readonly<Record<string, string>> {
  return {
    HARDSHELL_MODEL_RELAY: `${INSIDE.modelRelay}/relay.sock`,
    HARDSHELL_MODEL_SOCKETS: INSIDE.modelBridges,
    ...(model === undefined ? {} : { HARDSHELL_MODEL_BASE_PATH: model.basePath, HARDSHELL_MODEL_NAME: model.name }),
  };
}

/** Room for buffers, stacks and the program itself beside the heap. */
function heapMebibytes(limits: ZoneLimits): number {
  return Math.max(48, Math.floor((limits.memoryBytesMax / MIB) * 0.6));
}
