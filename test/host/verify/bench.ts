import { ZONE_PROFILES } from '../../../src/contracts/index.ts';
import { writeLog } from '../../audit/support/logs.ts';
import {
  VERIFY_POINTS,
  verifyInstance,
  type VerifyPorts,
  type VerifyResult,
  type ZoneProcess,
  type ZoneProof,
} from '../../../src/host/index.ts';
import { DEBIAN_LUKS } from '../machines/debian-luks.ts';
import { machineOf, SUBJECT } from '../support.ts';
import { status as controlStatus } from '../../cli/support/answers.ts';

export type Zones = NonNullable<Awaited<ReturnType<VerifyPorts['askSupervisor']>>>;
type Zone = Zones['zones'][number];

const SESSION = `s_${'a'.repeat(26)}`;
const zone = (name: string, profile: Zone['profile'], pid: number): Zone => ({
  name,
  profile,
  session: profile === 'planner' ? SESSION : null,
  socket: profile === 'executor' || profile.startsWith('connector-') ? null : `/run/x/${name}/zone-bridge.sock`,
  mode: 'F',
  running: true,
  pid,
  restarts: 0,
});

const CONNECTORS = ZONE_PROFILES.filter((profile) => profile.startsWith('connector-'));

/** A running instance in which every point that this part can pass passes. */
export const STATUS = {
  type: 'status',
  ready: true,
  pid: 10,
  instance: '01234567',
  deployment: 'checkout',
  mode: 'F',
  armed_epoch: 3,
  limits_held: ['memory', 'pids', 'cpu'],
  degraded: [],
  proof: null,
  zones: [
    zone('zone1-executor', 'executor', 11),
    ...CONNECTORS.map((profile, i) => zone(profile, profile, 12 + 100 * i)),
    zone('zone2-planner', 'planner', 13),
    zone('zone3-email-reader.7', 'reader-email', 14),
  ],
} as Zones;

/** Processes that a stop would end: the supervisor and each zone. */
export const REACHED = [10, ...STATUS.zones.flatMap(({ pid }) => pid ?? [])];

export const PROCESS: ZoneProcess = {
  pid: 99,
  program: '/usr/bin/node',
  state: 'S',
  umask: '0077',
  uid: 61_002,
  shared: [],
  seccomp: '2',
  noNewPrivs: '1',
  capEff: '0000000000000000',
  interfaces: ['lo'],
  routes: 0,
};

export const proof = (name: string): ZoneProof => ({
  zone: name,
  attempts: 40,
  held: 40,
  seen: 37,
  open: [],
  cannotTell: [],
});

export const FIREWALL = { state: { kind: 'in_force' }, attack: { zone: 'refused', twin: 'passed' } } as const;

const ENTRIES = 5;

/** A log and the ports of a machine and an instance that are in order, but for `change`. */
export async function ports(change: Partial<VerifyPorts> = {}): Promise<VerifyPorts> {
  const { dir } = await writeLog(ENTRIES);
  return {
    machine: machineOf(DEBIAN_LUKS),
    subject: SUBJECT,
    auditDir: dir,
    modelWanted: false,
    askSupervisor: async () => STATUS,
    askExecutor: async () => controlStatus({ epoch: 3 }),
    pingZone: async () => 'zone2-planner',
    inspectZone: () => PROCESS,
    readArmed: () => ({ kind: 'armed', epoch: 3 }),
    killedEpoch: () => 2,
    tryStop: async () => ({ levers: levers(), reached: REACHED }),
    recordedEntries: () => ({ least: ENTRIES, most: ENTRIES }),
    proveZones: async () => [proof('zone2-planner'), proof('zone3-email-reader')],
    tryFirewall: async () => FIREWALL,
    pause: async () => undefined,
    ...change,
  };
}

export function levers(broken?: string): { name: string; ok: boolean; detail: string }[] {
  return ['armed record', 'supervisor', 'cgroups', 'processes'].map((name) => ({
    name,
    ok: name !== broken,
    detail: 'tried',
  }));
}

export function run(ports: VerifyPorts): Promise<VerifyResult> {
  return verifyInstance({ points: VERIFY_POINTS, ports });
}

/** Verdict of each point by its id. */
export function verdicts({ points }: VerifyResult): Record<string, string> {
  return Object.fromEntries(points.map(({ id, verdict }) => [id, verdict]));
}
