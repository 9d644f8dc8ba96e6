import type { Mount, ZoneLimits, ZoneSpec } from '../isolation/index.ts';
import { NAMES, NAMES_OF_ENGINE, rootMounts, type AgentRoot } from './agent-roots.ts';
import { INSIDE } from './inside.ts';

const MIB = 1024 * 1024;

/** A file or folder of the owner's that an agent may read, by its name in `/read`. */
export interface AgentRead {
  readonly from: string;
  readonly name: string;
}

/** One program of the owner's, in Zone 2. Paths are those of the host; all of them were made or named by the owner. */
export interface AgentStart {
  readonly name: string;
  readonly uid: number | null;
  readonly socketDir: string;
  readonly modelDir: string | null;
  readonly root: AgentRoot;
  /** The only place on the disk that it may write. */
  readonly workspace: string;
  readonly reads: readonly AgentRead[];
  /** Our Node, which is not in an engine's image: its libraries need not be there. And the capability client's folder. */
  readonly node: string;
  readonly client: string;
  /** Accounts and hosts as the agent sees them: `passwd`, `group`, `hosts`, `nsswitch.conf`; for an engine two more. */
  readonly names: string;
  readonly command: readonly string[];
  /** Kind of the terminal that it is to have, where we were started on one. */
  readonly terminal: string | undefined;
  readonly passInput: boolean;
  readonly limits: ZoneLimits;
}

export const AGENT_INSIDE = { workspace: '/workspace', read: '/read', tools: '/hardshell' } as const;
const PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/hardshell/bin';
const TMP_BYTES_MAX = 512 * MIB;
const SHARED_BYTES_MAX = 64 * MIB;

/** The agent profile: a chosen root, programs that start programs, an own loopback, and the sockets of Zone 2. */
export function agentSpec(start: AgentStart): ZoneSpec {
  const [path = '', ...rest] = start.command;
  return {
    name: start.name,
    ...(start.uid === null ? {} : { uid: start.uid, gid: start.uid }),
    mounts: agentMounts(start),
    env: {
      HOME: AGENT_INSIDE.workspace,
      PATH,
      USER: 'agent',
      LANG: 'C.UTF-8',
      ...(start.terminal === undefined ? {} : { TERM: start.terminal }),
      HARDSHELL_BRIDGE: `${INSIDE.bridge}/zone-bridge.sock`,
      ...(start.modelDir === null ? {} : { HARDSHELL_MODEL: `${INSIDE.bridge}/model.sock` }),
    },
    cwd: AGENT_INSIDE.workspace,
    program: { kind: 'command', path, arguments: rest },
    profile: 'agent',
    ...(start.root.kind === 'engine-image' ? { image: start.root.id } : {}),
    network: 'none',
    proc: true,
    sockets: 'serve',
    watch: true,
    limits: start.limits,
    ownTerminal: start.terminal !== undefined,
    passInput: start.passInput,
    sharedMemoryBytesMax: SHARED_BYTES_MAX,
  };
}

function agentMounts(start: AgentStart): Mount[] {
  const inEngine = start.root.kind === 'engine-image';
  const names = inEngine ? [...NAMES, ...NAMES_OF_ENGINE] : NAMES;
  const node: Mount = { kind: 'read', from: start.node, to: `${AGENT_INSIDE.tools}/bin/node` };
  return [
    ...rootMounts(start.root),
    // An image may bring its own; accounts of the machine are nobody's affair in here.
    ...names.map((name): Mount => ({ kind: 'read', from: `${start.names}/${name}`, to: `/etc/${name}` })),
    { kind: 'tmp', to: '/tmp', bytesMax: TMP_BYTES_MAX },
    { kind: 'write', from: start.workspace, to: AGENT_INSIDE.workspace },
    ...start.reads.map(({ from, name }): Mount => ({ kind: 'read', from, to: `${AGENT_INSIDE.read}/${name}` })),
    ...(inEngine ? [] : [node]),
    { kind: 'read', from: start.client, to: `${AGENT_INSIDE.tools}/lib` },
    { kind: 'read', from: start.socketDir, to: INSIDE.bridge },
    ...(start.modelDir === null ? [] : [{ kind: 'read', from: start.modelDir, to: INSIDE.modelBridge } as const]),
  ];
}
