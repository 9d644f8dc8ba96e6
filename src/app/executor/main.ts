import { join } from 'node:path';
import { serveFrames } from '../../bridge/index.ts';
import { CONNECTOR_NAMES, HardshellError, PROFILE_KINDS, toAuditZone, type ZoneEvent } from '../../contracts/index.ts';
import { Confirmed, Executor, openPresenceDesk, type ZonesFound } from '../../zone1-executor/index.ts';
import { recordEgress } from './egress-watch.ts';
import { openState } from './open-state.ts';
import {
  confirmFirst,
  instanceFacts,
  makeLogDesk,
  makeStation,
  readEnvironment,
  readSettings,
  requireEpoch,
  writeDurably,
} from './serve.ts';
import { SupervisorLink } from './supervisor-link.ts';
import { endOf, ZoneEnds } from './zone-ends.ts';
import { listenConnector, serveAgent, startPlanner, startReader, type ZoneHost } from './zone-sockets.ts';

/** The places of a stack, without the words of the error, which may go over several lines. */
function placesIn(stack: string): string[] {
  return stack
    .split('\n')
    .filter((line) => /^ {4}at [\w.<>#[\] ]* ?\(?[\w:/.-]+:\d+:\d+\)?$/.test(line))
    .map((line) => line.trim());
}

// Whatever this process makes belongs to its owner alone; sockets are opened to their zone one by one.
process.umask(0o077);

// Faults go to the process's own log; they name codes and places, never content.
const fault = (where: string, cause: unknown): void => {
  const code = cause instanceof HardshellError ? cause.code : cause instanceof Error ? cause.name : 'fault';
  const message = cause instanceof HardshellError ? cause.message : '';
  const stack =
    cause instanceof Error && !(cause instanceof HardshellError)
      ? ` ${placesIn(cause.stack ?? '')
          .slice(0, 3)
          .join(' ')}`
      : '';
  process.stderr.write(`executor: ${where}: ${code} ${message}${stack}\n`);
};

// Before anything runs: Node's own way would print the whole of an error, whatever stands in it.
const end = (cause: unknown): void => {
  fault('unhandled', cause);
  process.exit(1);
};
process.on('unhandledRejection', end);
process.on('uncaughtException', end);

try {
  await main();
} catch (error) {
  process.stderr.write(
    `hardshell: ${error instanceof HardshellError ? error.message : 'the executor could not start'}\n`,
  );
  fault('start', error);
  process.exit(1);
}

async function main(): Promise<void> {
  const where = readEnvironment(process.env);
  const epoch = requireEpoch(where.home);
  const config = readSettings(where);
  const linking = SupervisorLink.connect(join(where.run, 'supervisor', 'supervisor.sock'));
  // Waited for below; lost before that, it is told there.
  linking.catch(() => undefined);
  const { ledger, log, close } = await openState(where);
  const station = makeStation(where, config, ledger, epoch);
  if (where.firstStart) await confirmFirst(station, where);
  const { confirmed } = station;
  if (!(confirmed instanceof Confirmed)) throw new TypeError('the station has no confirmed files');
  const supervisor = await linking;
  // Before anything of ours is started: ends of zones that an earlier executor had are not ours to take in again.
  const seen = await supervisor.lastEvent();
  const ends = new ZoneEnds();
  const host: ZoneHost = {
    supervisor,
    fault,
    ends,
    answerZone: (sid, frame, signal) => executor.answerZone(sid, frame, signal),
    mayUseModel: () => confirmed.stands('config'),
  };
  const executor: Executor = new Executor({
    station,
    fault,
    startReader: (channel) => startReader(host, channel),
    startPlanner: (session, standing) => startPlanner(host, session, standing),
    serveAgent: (session) => serveAgent(host, session),
    control: {
      confirmed,
      presence: openPresenceDesk(station, { terminalAllowed: where.deployment === 'checkout' }),
      log: makeLogDesk(where.home, log, ledger),
      facts: instanceFacts(where, config, epoch, Date.now()),
      zones: () => listZones(supervisor),
      writeContacts: (text) => writeDurably(join(where.home, 'contacts.json'), text),
    },
  });
  await recordStart(where, epoch, station);
  await executor.recover();
  for (const name of CONNECTOR_NAMES) {
    const path = join(where.run, `connector-${name}`, 'connector.sock');
    await listenConnector(path, executor.connectors[name], fault);
  }
  await serveFrames({
    path: join(where.run, 'control', 'control.sock'),
    mode: 0o600,
    connectionsMax: 32,
    inFlightMax: 128,
    handle: (frame, { signal }) => executor.answerControl(frame, signal),
    onFault: (cause) => fault('control', cause),
  });
  executor.start();
  await supervisor.ready();
  const stopped = new AbortController();
  process.on('SIGTERM', () => {
    stopped.abort();
    executor.stop();
    void close().finally(() => process.exit(0));
  });
  if (where.egress) {
    const path = join(where.run, 'egress-events', 'events.sock');
    const { subjectHash } = station;
    recordEgress({ path, ledger, subjectHash, fault, signal: stopped.signal }).catch((cause: unknown) =>
      fault('egress', cause),
    );
  }
  await supervisor.watch((event) => takeEvent(event, { executor, station, ends }), stopped.signal, seen);
}

async function recordStart(
  where: ReturnType<typeof readEnvironment>,
  epoch: number,
  station: ReturnType<typeof makeStation>,
): Promise<void> {
  await station.ledger.commit((tx) => {
    tx.record({
      event: 'instance_started',
      zone: 'zone1-executor',
      details: { deployment: where.deployment, first_start: where.firstStart },
    });
    tx.record({ event: 'armed', zone: 'zone1-executor', details: { epoch } });
  });
}

/** A zone's end, as the supervisor saw it, reaches whoever owns the zone and the log. */
function takeEvent(
  event: ZoneEvent,
  to: { readonly executor: Executor; readonly station: ReturnType<typeof makeStation>; readonly ends: ZoneEnds },
): void {
  if (event.kind === 'started') return;
  const { executor, station } = to;
  const { kind } = PROFILE_KINDS[event.profile];
  const how = endOf(event);
  const incident = how === 'incident';
  const zone = kind === 'connector' ? 'connector' : toAuditZone(event.name);
  if (incident || event.kind === 'out_of_memory' || (event.kind === 'exited' && event.code !== 0)) {
    const recorded = station.ledger.commit((tx) => {
      if (incident)
        tx.record({
          event: 'zone_incident',
          zone,
          details: { kind: event.kind === 'tampered' ? 'seccomp' : 'probe_failed' },
        });
      else if (event.kind === 'out_of_memory') tx.record({ event: 'zone_incident', zone, details: { kind: 'memory' } });
      else tx.record({ event: 'zone_exited', zone, details: { code: event.code ?? -1, signalled: false } });
    });
    recorded.catch((cause: unknown) => fault('events', cause));
  }
  if (kind === 'reader') to.ends.take(event.name, how);
  if (kind !== 'planner') return;
  executor.planners.ended(event.name, how, event.session ?? '').catch((cause: unknown) => fault('planners', cause));
}

async function listZones(supervisor: SupervisorLink): Promise<ZonesFound> {
  try {
    const { zones, degraded, proof } = await supervisor.status();
    return {
      zones: zones.map(({ name, session, socket, mode, running }) => ({ name, session, socket, mode, running })),
      warnings: [...degraded],
      proof,
    };
  } catch {
    return { zones: [], warnings: ['the supervisor does not answer'], proof: null };
  }
}
