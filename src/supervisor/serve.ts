import { errorFrame, serveFrames, type Frame, type Listener, type RequestContext } from '../bridge/index.ts';
import {
  HardshellError,
  SUPERVISOR_REQUESTS,
  type SupervisorAnswer,
  type SupervisorRequest,
  WIRE_ERROR_CODES,
} from '../contracts/index.ts';
import { AGENTS_NEED_NAMESPACES, type ZoneDriver } from '../isolation/index.ts';
import type { Proof } from './proof.ts';
import type { SupervisorOptions } from './supervisor.ts';
import { INSIDE } from './inside.ts';
import type { Zones } from './zones.ts';

export interface Serving {
  readonly options: SupervisorOptions;
  readonly zones: Zones;
  readonly isReady: () => boolean;
  readonly isArmed: () => boolean;
  readonly isStopping: () => boolean;
  readonly onReady: () => void;
  readonly stopAll: () => Promise<{ zones: number; elapsedMs: number }>;
}

/** The supervisor's own socket, below a directory that only the owner of the home may enter. */
export function serveSupervisor(serving: Serving): Promise<Listener> {
  return serveFrames({
    path: serving.options.socketPath,
    // Its directory lets in nobody but us and the executor.
    mode: serving.options.places.accounts.executor === undefined ? 0o600 : 0o660,
    connectionsMax: 16,
    inFlightMax: 256,
    handle: (frame, context) => handle(frame, context, serving),
    onFault: (fault) => {
      if (fault instanceof Error && !serving.isStopping()) serving.options.tell(`supervisor: ${fault.message}`);
    },
  });
}

async function handle(frame: Frame, context: RequestContext, serving: Serving): Promise<object> {
  const request = parseRequest(frame);
  if (request === undefined) {
    return errorFrame({ error: 'malformed', message: 'not a request of the supervisor; see supervisor-wire' });
  }
  try {
    return await answer(request, context, serving);
  } catch (error) {
    if (!(error instanceof HardshellError)) throw error;
    serving.options.tell(`${request.type}: ${error.message}`);
    const known = WIRE_ERROR_CODES.find((code) => code === error.code);
    return errorFrame({ error: known ?? 'unavailable', message: error.message });
  }
}

function parseRequest(frame: Frame): SupervisorRequest | undefined {
  const type = frame['type'];
  if (typeof type !== 'string' || !Object.hasOwn(SUPERVISOR_REQUESTS, type)) return undefined;
  const parsed = SUPERVISOR_REQUESTS[type as keyof typeof SUPERVISOR_REQUESTS].safeParse(frame);
  return parsed.success ? parsed.data : undefined;
}

async function answer(
  request: SupervisorRequest,
  context: RequestContext,
  serving: Serving,
): Promise<SupervisorAnswer> {
  const { zones, options } = serving;
  switch (request.type) {
    case 'spawn': {
      requireArmed(serving);
      const session = request.sid ?? null;
      const { name } = await zones.start({
        profile: request.profile,
        session,
        standing: request.standing ?? false,
        model: request.model ?? true,
      });
      return { type: 'spawned', name, socket_dir: seenByExecutor(name, options), session };
    }
    case 'prove': {
      const { zones: proven, degraded } = await zones.prove(request.scope);
      return { type: 'proven', zones: [...proven], degraded: [...degraded] };
    }
    case 'place':
      requireArmed(serving);
      requireNamespaces(options.driver);
      return { type: 'placed', ...zones.agents.place(request.sid, request.model) };
    case 'unplace':
      zones.agents.unplace(request.name);
      return { type: 'unplaced' };
    case 'stop_zone': {
      const startedAt = performance.now();
      const stopped = await zones.stop(request.name);
      return { type: 'stopped', zones: stopped ? 1 : 0, elapsed_ms: Math.round(performance.now() - startedAt) };
    }
    case 'stop_all': {
      const { zones: count, elapsedMs } = await serving.stopAll();
      return { type: 'stopped', zones: count, elapsed_ms: elapsedMs };
    }
    case 'ready':
      serving.onReady();
      return { type: 'ready' };
    case 'watch':
      return { type: 'events', ...(await zones.events.since(request.after, request.wait_ms ?? 0, context.signal)) };
    case 'status':
      return {
        type: 'status',
        ready: serving.isReady(),
        pid: process.pid,
        instance: options.instance,
        deployment: options.places.deployment,
        mode: options.driver.mode,
        armed_epoch: options.epoch,
        limits_held: [...options.driver.limitsHeld],
        degraded: [...options.driver.degraded, ...(zones.proof?.degraded ?? [])],
        proof: sumOf(zones.proof),
        zones: zones.states(),
      };
    default:
      return request satisfies never;
  }
}

/** The directory in which the executor listens for a zone, where the executor's wall shows it. */
function seenByExecutor(name: string, { driver, places }: SupervisorOptions): string {
  const inside = `${INSIDE.run}/${name}`;
  const mounts = [{ kind: 'write', from: places.run, to: INSIDE.run } as const];
  return driver.hostView?.placeOf(inside, { name: 'zone1-executor', mounts }) ?? inside;
}

/** Before the places of an agent are made, so that the refusal is what its owner reads. */
function requireNamespaces({ hostView }: ZoneDriver): void {
  if (hostView !== undefined) throw new HardshellError('isolation_failed', AGENTS_NEED_NAMESPACES, { fate: 'refuse' });
}

function requireArmed({ isArmed }: Serving): void {
  if (isArmed()) return;
  throw new HardshellError('killed', 'this instance is stopped; `hardshell revive` starts it again', {
    fate: 'refuse',
  });
}

function sumOf(proof: Proof | undefined): { attempts: number; held: number; zones: number } | null {
  if (proof === undefined) return null;
  const sum = (pick: 'attempts' | 'held'): number => proof.zones.reduce((total, zone) => total + zone[pick], 0);
  return { attempts: sum('attempts'), held: sum('held'), zones: proof.zones.length };
}
