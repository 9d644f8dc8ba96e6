import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectFrames, type RequestClient } from '../../bridge/index.ts';
import { loadConfig, type Config } from '../../config/index.ts';
import { CONTROL_ANSWERS, HardshellError, wireErrorSchema, type ControlAnswers } from '../../contracts/index.ts';
import {
  explainBubblewrapError,
  judgeWall,
  openStage,
  proveWall,
  type Zone,
  type ZoneDriver,
  type ZoneExit,
  type ZoneSpec,
} from '../../isolation/index.ts';
import type { InstancePaths } from '../../state/index.ts';
import { agentSpec, type AgentRead, type AgentRoot } from '../../supervisor/index.ts';
import type { AgentOrder } from './order.ts';
import { openAgentWall } from './open-driver.ts';
import { passOn, type PassOn } from './pass-on.ts';
import { requireForeign, resolveReads } from './lend.ts';
import { lendFiles, openPaths, openWorkspace, workspacePath, type AgentFiles } from './places.ts';
import { watchWorkspace } from './watch-workspace.ts';

const MIB = 1024 * 1024;
const ANSWER_MS_MAX = 30_000;
/** Below the time after which a silent connection is closed. */
const SIGN_OF_LIFE_MS = 60_000;
/** What shells say of a program that was killed. */
const EXIT_KILLED = 137;
const WORD_MS_MAX = 500;

type Opened = ControlAnswers['agent_open'];

/** Runs one program in Zone 2 and gives its exit code. It ends with the instance, with its session or with us. */
export async function runAgent(order: AgentOrder): Promise<number> {
  const paths = openPaths();
  const reads = resolveReads(order.reads, paths);
  const chosen =
    order.root.kind === 'image'
      ? { ...order.root, directory: requireForeign(order.root.directory, paths) }
      : order.root;
  const instance = await openInstance(paths);
  const opened = await instance.open(order.workspace);
  const held = instance.hold(opened);
  const files = await lendFiles(paths, opened.uid);
  try {
    const config = loadConfig(join(paths.home, 'hardshell.json'), process.env);
    const { driver, root } = await openAgentWall({
      paths,
      root: chosen,
      zone: opened.name,
      socketDir: opened.socket_dir,
      runtime: files.runtime,
      config,
    });
    const workspace = workspacePath(paths, opened.uid, order.workspace);
    openWorkspace(workspace, opened.uid);
    const unread = Promise.withResolvers<string>();
    const output = passOn(() => unread.resolve('nobody reads what it prints'));
    const zone = await startZone({ driver, order, opened, files, workspace, reads, root, config, output, held });
    return await untilEnd({ zone, held: Promise.race([held, unread.promise]), workspace, config, output });
  } finally {
    files.remove();
    instance.close();
  }
}

interface Instance {
  readonly open: (workspace: string) => Promise<Opened>;
  /** Settles when the instance does not serve the agent any more, or is gone. Never rejects. */
  readonly hold: (opened: Opened) => Promise<string>;
  readonly close: () => void;
}

async function openInstance(paths: InstancePaths): Promise<Instance> {
  const client: RequestClient = await connectFrames({ target: { path: paths.controlSocket } }).catch(
    (cause: unknown) => {
      throw new HardshellError('unavailable', 'hardshell is not running; start it with `hardshell up`', {
        fate: 'refuse',
        cause,
      });
    },
  );
  const alive = setInterval(() => void client.request({ type: 'status' }, 0).catch(() => undefined), SIGN_OF_LIFE_MS);
  return {
    open: async (workspace) => {
      const frame = await client.request({ type: 'agent_open', workspace }, ANSWER_MS_MAX);
      const refusal = wireErrorSchema.safeParse(frame);
      if (refusal.success) throw new HardshellError('unavailable', refusal.data.message, { fate: 'refuse' });
      return CONTROL_ANSWERS.agent_open.parse(frame);
    },
    hold: async ({ session }) => {
      const answer = await client.request({ type: 'agent_hold', session }, 0).catch(() => undefined);
      const parsed = CONTROL_ANSWERS.agent_hold.safeParse(answer);
      return parsed.data?.ended === 'session_closed' ? 'its session was closed' : 'hardshell was stopped';
    },
    close: () => {
      clearInterval(alive);
      client.destroy();
    },
  };
}

interface Starting {
  readonly driver: ZoneDriver;
  readonly root: AgentRoot;
  readonly order: AgentOrder;
  readonly opened: Opened;
  readonly files: AgentFiles;
  readonly workspace: string;
  readonly reads: readonly AgentRead[];
  readonly config: Config;
  readonly output: PassOn;
  readonly held: Promise<string>;
}

async function startZone(starting: Starting): Promise<Zone> {
  const { driver, order, opened, files, workspace, reads, root, config, output, held } = starting;
  const { memoryMiB, tasks, cpus } = config.zones.agent;
  const onTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const spec = agentSpec({
    name: opened.name,
    uid: opened.uid,
    socketDir: opened.socket_dir,
    modelDir: opened.model_dir,
    root,
    workspace,
    reads,
    node: files.runtime.node,
    client: files.client,
    names: files.names,
    command: order.command,
    terminal: onTerminal ? (process.env['TERM'] ?? 'xterm') : undefined,
    // A terminal of ours is never handed in: who holds it could read what is typed into it.
    passInput: !process.stdin.isTTY,
    limits: { memoryBytesMax: memoryMiB * MIB, tasksMax: tasks, cpus },
  });
  await requireWall(driver, spec);
  // That takes a second, in which everything may have been stopped.
  const over = await Promise.race([held, sleep(0)]);
  if (over !== undefined) throw new HardshellError('killed', `nothing was started: ${over}`, { fate: 'refuse' });
  try {
    return await driver.create({ ...spec, onOutput: output.take });
  } catch (error) {
    const said = error instanceof Error ? /could not be walled in: (.*)$/s.exec(error.message)?.[1] : undefined;
    if (said === undefined) throw error;
    const { reason, remedy } = explainBubblewrapError(said);
    throw new HardshellError('isolation_failed', `the program could not be started: ${reason}; ${remedy}`, {
      fate: 'refuse',
      cause: error,
    });
  }
}

/** The escape list, in a zone like the one that is asked for. Throws `isolation_failed`: nothing was started then. */
async function requireWall(driver: ZoneDriver, spec: ZoneSpec): Promise<void> {
  const stage = await openStage();
  try {
    const { ownTerminal: _terminal, passInput: _input, ...like } = spec;
    const verdict = judgeWall(await proveWall({ driver, spec: like, stage, scope: 'start' }));
    if (verdict.kind === 'stands') return;
    throw new HardshellError('isolation_failed', `nothing was started: ${verdict.reasons[0] ?? 'the wall is open'}`, {
      fate: 'refuse',
    });
  } finally {
    await stage.close();
  }
}

interface Running {
  readonly zone: Zone;
  readonly held: Promise<string>;
  readonly workspace: string;
  readonly config: Config;
  readonly output: PassOn;
}

async function untilEnd({ zone, held, workspace, config, output }: Running): Promise<number> {
  let why: string | undefined;
  const stop = (reason: string): void => {
    why ??= reason;
    output.release();
    void zone.stop();
  };
  const bytesMax = config.zones.agentWorkspaceMiB * MIB;
  const forget = watchWorkspace({ path: workspace, bytesMax, onFull: stop });
  void held.then(stop);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop('it was asked to'));
  const exit = await zone.exited;
  forget();
  // A stop of everything pulls every lever at once: the zone may be gone before the word of it has come.
  if (exit.kind === 'killed') await Promise.race([held, sleep(WORD_MS_MAX)]);
  await output.flushed();
  return tellEnd(exit, why);
}

function tellEnd(exit: ZoneExit, why: string | undefined): number {
  const say = (sentence: string): void => void process.stderr.write(`hardshell: ${sentence}\n`);
  if (why !== undefined) say(`the program was stopped: ${why}`);
  switch (exit.kind) {
    case 'exited':
      return exit.code;
    case 'killed':
      if (exit.outOfMemory) say('the program was ended: it held more memory than `zones.agent.memoryMiB` allows');
      return EXIT_KILLED;
    case 'tampered':
      say('the program was ended: it made a call by a door that no honest program uses');
      return EXIT_KILLED;
    case 'probe_failed':
      return EXIT_KILLED;
    default:
      return exit satisfies never;
  }
}
