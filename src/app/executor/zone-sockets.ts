import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenFrames, serveFrames, type Frame } from '../../bridge/index.ts';
import { HardshellError, type Channel } from '../../contracts/index.ts';
import type { ConnectorLink, ReaderProcess, ServedAgent, Session, StartedPlanner } from '../../zone1-executor/index.ts';
import { ReaderSeat } from './reader-seat.ts';
import type { SupervisorLink } from './supervisor-link.ts';
import type { ZoneEnd, ZoneEnds } from './zone-ends.ts';

/** The directory's group is the zone's own where zones have uids of their own; nobody else can enter it. */
const ZONE_SOCKET_MODE = 0o660;
const SOCKET = 'zone-bridge.sock';
const READER_START_MS = 15_000;

export interface ZoneHost {
  /** False while the owner has not confirmed the settings that name the model. */
  readonly mayUseModel: () => boolean;
  readonly supervisor: SupervisorLink;
  readonly ends: ZoneEnds;
  readonly answerZone: (sid: string, frame: Frame, signal: AbortSignal) => Promise<object>;
  readonly fault: (where: string, cause: unknown) => void;
}

/** Starts the process of a session and serves its socket: whoever comes in on it is that session. */
export async function startPlanner(host: ZoneHost, session: Session, standing: boolean): Promise<StartedPlanner> {
  const spawned = await host.supervisor.spawn('planner', {
    sid: session.sid,
    ...(standing ? { standing: true } : {}),
    model: host.mayUseModel(),
  });
  const listener = await serveFrames({
    path: join(spawned.socket_dir, SOCKET),
    mode: ZONE_SOCKET_MODE,
    handle: (frame, { signal }) => host.answerZone(session.sid, frame, signal),
    onFault: (cause) => host.fault(spawned.name, cause),
  }).catch(async (cause: unknown) => {
    // A process that nobody serves would keep its name, and no other could be started for the session.
    await host.supervisor.stopZone(spawned.name);
    throw cause;
  });
  return { name: spawned.name, stop: () => listener.close(), end: () => host.supervisor.stopZone(spawned.name) };
}

/** Serves the socket of an agent's session; its program is started by the owner, behind the same wall as a planner. */
export async function serveAgent(host: ZoneHost, session: Session): Promise<ServedAgent> {
  const { supervisor } = host;
  const placed = await supervisor.place(session.sid, host.mayUseModel());
  const { name, uid } = placed;
  try {
    const listener = await serveFrames({
      path: join(placed.socket_dir, SOCKET),
      mode: ZONE_SOCKET_MODE,
      handle: (frame, { signal }) => host.answerZone(session.sid, frame, signal),
      onFault: (cause) => host.fault(name, cause),
    });
    const end = async (): Promise<void> => {
      await listener.close();
      await supervisor.unplace(name);
    };
    return { name, uid, socketDir: placed.host_socket_dir, modelDir: placed.host_model_dir, end };
  } catch (cause) {
    await supervisor.unplace(name);
    throw cause;
  }
}

/**
 * Starts a reader of a channel and waits until it says that it is ready. Rejects with `isolation_failed` when it ended
 * by an incident before.
 */
export async function startReader(host: ZoneHost, channel: Channel): Promise<ReaderProcess> {
  const { name, socket_dir: dir } = await host.supervisor.spawn(`reader-${channel}`);
  const ended = host.ends.of(name);
  const seat = new ReaderSeat(channel, ended);
  const listener = await listenFrames({
    path: join(dir, SOCKET),
    mode: ZONE_SOCKET_MODE,
    connectionsMax: 1,
    accept: (attach) => seat.accept(attach),
  });
  const end = (): void => {
    host.ends.forget(name);
    listener.close().catch((cause: unknown) => host.fault(name, cause));
    host.supervisor.stopZone(name).catch((cause: unknown) => host.fault(name, cause));
  };
  try {
    const link = await Promise.race([seat.ready, endedBefore(ended), late()]);
    return { name, link, onFrame: (take) => seat.onFrame(take), onGone: (take) => seat.onGone(take), end };
  } catch (error) {
    end();
    throw error;
  }
}

async function endedBefore(ended: Promise<ZoneEnd>): Promise<never> {
  throw (await ended) === 'incident'
    ? new HardshellError('isolation_failed', 'a reader tripped a wire while it started', { fate: 'stop' })
    : new HardshellError('unavailable', 'a reader ended while it started', { fate: 'retry' });
}

async function late(): Promise<never> {
  await sleep(READER_START_MS, undefined, { ref: false });
  throw new HardshellError('timeout', 'a reader did not become ready', { fate: 'retry' });
}

/** Listens for connectors: the supervisor connects and hands the descriptor over, so nobody else can be there. */
export function listenConnector(
  path: string,
  link: ConnectorLink,
  fault: ZoneHost['fault'],
): Promise<{ close: () => Promise<void> }> {
  return listenFrames({
    path,
    mode: 0o600,
    connectionsMax: 2,
    accept: (attach) => {
      let events: ReturnType<ConnectorLink['attach']> | undefined;
      const connection = attach({
        onFrame: (frame) => events?.onFrame(frame),
        onClose: (cause) => {
          if (cause !== undefined) fault('connector', cause);
          events?.onClose();
        },
      });
      events = link.attach(connection);
    },
  });
}
