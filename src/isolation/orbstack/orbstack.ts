import { HardshellError, type IsolationMode } from '../../contracts/index.ts';
import type { Zone, ZoneDriver, ZoneSpec } from '../driver.ts';
import { runToEnd } from '../run-to-end.ts';
import { guestCommand, ORB } from './command.ts';
import { probedShape, type GuestProbe } from './guest-wire.ts';
import { machineOf, MACHINES, type Machine } from './machines.ts';
import { planMachines, planRemoval, type GuestFile } from './plan.ts';
import { runOrb, runPlan, type OrbOptions } from './run-orb.ts';
import { parseList } from './answers.ts';
import { startGuestZone } from './zone.ts';

export interface OrbstackOptions extends OrbOptions {
  /** Eight hex digits of the home. */
  readonly instance: string;
  /** Node for Linux, `guest/main.mjs` and the packed programs, by digest. */
  readonly files: readonly GuestFile[];
  /** Where a directory of the Mac lies in the guest: the packed programs. */
  readonly guestDirectories: ReadonlyMap<string, string>;
  /** Names of sockets in the directories that a zone is shown. */
  readonly sockets: readonly { readonly to: string; readonly socket: string }[];
  readonly machines?: readonly Machine[];
  readonly tell?: (sentence: string) => void;
}

/**
 * Zones in isolated machines of OrbStack, each behind the bubblewrap wall of its guest. Opening makes the machines that
 * are missing and checks all of them. Throws `isolation_failed`.
 */
export async function openOrbstackDriver(options: OrbstackOptions): Promise<ZoneDriver> {
  const tell = options.tell ?? (() => undefined);
  const machines = options.machines ?? MACHINES;
  const there = parseList(await runOrb(options, ORB.list()));
  const missing = machines.filter(({ name }) => !there.has(name));
  await runPlan(options, planMachines([], []), tell);
  for (const machine of missing) await makeMachine(options, machine, tell);
  const standing = machines.filter(({ name }) => there.has(name));
  for (const machine of standing) if (there.get(machine.name) !== 'running') await runOrb(options, ORB.start(machine));
  // A machine that was there already is looked at, never trusted: somebody may have made or changed it.
  await runPlan(
    options,
    standing.flatMap((machine) => checksOf(machine, options.files)),
    tell,
  );
  const probes: GuestProbe[] = [];
  for (const machine of machines) probes.push(await probeMachine(options, machine));
  return new OrbstackDriver(options, machines, probes);
}

/** A machine that did not come out as it must be is deleted again: the next start would find a half-made one. */
async function makeMachine(
  options: OrbstackOptions,
  machine: Machine,
  tell: (sentence: string) => void,
): Promise<void> {
  const [create, ...rest] = planMachines(options.files, [machine]).filter((step) => step.machine !== null);
  if (create === undefined) return;
  // Outside the net: when this fails there is nothing of ours to delete.
  await runPlan(options, [create], tell);
  try {
    await runPlan(options, rest, tell);
  } catch (error) {
    await runOrb(options, ORB.delete(machine), 60_000).catch(() => undefined);
    throw error;
  }
}

function checksOf(machine: Machine, files: readonly GuestFile[]): ReturnType<typeof planMachines> {
  return planMachines(files, [machine]).filter(
    ({ machine: name, expects }) => name !== null && expects.kind !== 'success',
  );
}

async function probeMachine(options: OrbstackOptions, machine: Machine): Promise<GuestProbe> {
  const answer = await runOrb(options, ORB.asRoot(machine, guestCommand('probe', options.instance)), 60_000);
  const parsed = probedShape.safeParse(parseJson(answer));
  if (parsed.success && parsed.data.ok) return parsed.data;
  const why = parsed.success
    ? (parsed.data.problem ?? 'it does not say why')
    : 'it answers in words that we do not know';
  throw new HardshellError('isolation_failed', `no wall stands in the machine \`${machine.name}\`: ${why}`, {
    fate: 'stop',
  });
}

const MODES: readonly IsolationMode[] = ['F', 'R', 'U', 'L'];

class OrbstackDriver implements ZoneDriver {
  readonly kind = 'orbstack';
  readonly mode: IsolationMode;
  readonly ownUids = false;
  readonly limitsHeld: ZoneDriver['limitsHeld'];
  readonly degraded: readonly string[];
  readonly cgroupPaths: readonly string[] = [];
  readonly #options: OrbstackOptions;
  readonly #machines: readonly Machine[];
  readonly #zones = new Set<Zone>();

  constructor(options: OrbstackOptions, machines: readonly Machine[], probes: readonly GuestProbe[]) {
    this.#options = options;
    this.#machines = machines;
    // The weakest of them counts.
    this.mode = MODES.findLast((mode) => probes.some((probe) => probe.mode === mode)) ?? 'L';
    this.limitsHeld = (['memory', 'pids', 'cpu'] as const).filter((limit) =>
      probes.every((probe) => probe.limitsHeld.includes(limit)),
    );
    this.degraded = [
      'all machines of OrbStack share one kernel',
      ...(['memory', 'pids', 'cpu'] as const)
        .filter((limit) => !this.limitsHeld.includes(limit))
        .map((limit) => `some machine holds no ${limit} limit of a zone`),
    ];
  }

  async probe(): ReturnType<ZoneDriver['probe']> {
    try {
      for (const machine of this.#machines) await probeMachine(this.#options, machine);
      return { ok: true, degraded: this.degraded };
    } catch (error) {
      const reason = error instanceof HardshellError ? error.message : 'OrbStack could not be asked';
      return { ok: false, reason, remedy: 'look at it with `orb info`, then start again' };
    }
  }

  async create(spec: ZoneSpec): Promise<Zone> {
    const machine = machineOf(spec.name);
    if (machine === undefined || !this.#machines.includes(machine))
      throw new HardshellError(
        'isolation_failed',
        `no machine carries \`${spec.name}\`; only zones 2 and 3 live in one`,
        {
          fate: 'refuse',
        },
      );
    const zone = await startGuestZone(this.#options, machine, spec);
    this.#zones.add(zone);
    void zone.exited.then(() => this.#zones.delete(zone));
    return zone;
  }

  readonly exec: ZoneDriver['exec'] = (spec, limits) => runToEnd(spec, limits, (asked) => this.create(asked));

  /** Zones first, inside their guests; then each machine by its name. They stay, stopped, for the next start. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#zones].map((zone) => zone.stop()));
    for (const machine of this.#machines) {
      const { instance } = this.#options;
      await runOrb(this.#options, ORB.asRoot(machine, guestCommand('kill', instance)), 20_000).catch(() => undefined);
      await runOrb(this.#options, ORB.stop(machine), 60_000).catch(() => undefined);
    }
  }
}

/** Deletes the machines, each by its name. */
export async function removeMachines(options: OrbOptions, tell: (sentence: string) => void): Promise<void> {
  const there = parseList(await runOrb(options, ORB.list()));
  await runPlan(options, planRemoval(MACHINES.filter(({ name }) => there.has(name))), tell);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
