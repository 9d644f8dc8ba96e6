import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupPathsOf } from '../cgroup-find.ts';
import { killCgroups } from '../cgroup.ts';
import type { Zone, ZoneExit, ZoneSpec } from '../driver.ts';
import { isRunning, killProcess, type ProcessId } from '../inspect.ts';
import { EXIT_PROBE_FAILED } from '../self-probe.ts';
import { anything, createdAnswer, inspectAnswer, listAnswer, waitAnswer, type Inspected } from './answers.ts';
import { checkInspected, checkProcess, findFirstProcess, programPath } from './check.ts';
import { LABEL, type ContainerRequest } from './container.ts';
import type { Engine } from './engine.ts';
import { failed, refused } from './failures.ts';
import { readFrames } from './streams.ts';

/** Exit code of the engine when the kernel ended the zone for a forbidden call: 128 + SIGSYS. */
const EXIT_TAMPERED = 159;
const EXIT_KILLED = 137;
const ENGINE_BACK_MS = { first: 50, most: 2_000 } as const;

export interface Starting {
  readonly engine: Engine;
  readonly spec: ZoneSpec;
  readonly asked: ContainerRequest;
  readonly instance: string;
  readonly uid: number;
}

/** Creates, checks, starts and checks again. Nothing of the zone is left when this throws. */
export async function startZone(starting: Starting): Promise<Zone> {
  const { engine, spec } = starting;
  const startedAtMs = Date.now();
  const id = await createContainer(starting);
  try {
    checkInspected(spec.name, starting.asked, await inspect(engine, id));
    const streams = await engine.attach(id, { input: spec.descriptor !== undefined });
    readFrames(streams, (stream, chunk) => spec.onOutput?.(stream, chunk));
    const waiting = engine.ask(
      { method: 'POST', path: `/containers/${id}/wait?condition=next-exit`, timeoutMs: 0 },
      waitAnswer,
    );
    waiting.catch(() => undefined);
    await engine.demand({ method: 'POST', path: `/containers/${id}/start` }, anything);
    const container = new RunningContainer(starting, id, waiting);
    await container.check();
    return container.zone(startedAtMs);
  } catch (error) {
    await removeContainer(engine, id).catch(() => undefined);
    throw error;
  }
}

async function createContainer({ engine, spec, asked, instance }: Starting): Promise<string> {
  const name = `hardshell-${instance}-${spec.name}`;
  const answer = await engine.ask(
    { method: 'POST', path: `/containers/create?name=${encodeURIComponent(name)}`, json: asked },
    createdAnswer,
  );
  if (answer.kind === 'ok') return answer.value.Id;
  if (answer.status === 409)
    throw refused(
      `a container named \`${name}\` that is not this zone's is in the way; look at it, then remove or rename it`,
    );
  throw failed(`the Docker engine does not make a container for \`${spec.name}\`: ${answer.message}`);
}

export function inspect(engine: Engine, id: string): Promise<Inspected> {
  return engine.demand({ method: 'GET', path: `/containers/${id}/json` }, inspectAnswer);
}

/** Kills and removes; true where it is gone. A container that is gone already is no failure. */
export async function removeContainer(engine: Engine, id: string): Promise<void> {
  const answer = await engine.ask({ method: 'DELETE', path: `/containers/${id}?force=1&v=1` }, anything);
  if (answer.kind === 'ok' || answer.status === 404 || answer.status === 409) return;
  throw failed(`the Docker engine does not remove a container: ${answer.message}`);
}

class RunningContainer {
  readonly #starting: Starting;
  readonly #id: string;
  readonly #exited: Promise<ZoneExit>;
  #process: ProcessId | undefined;
  #cgroupPaths: readonly string[] = [];
  #hasEnded = false;

  constructor(starting: Starting, id: string, waiting: Promise<unknown>) {
    this.#starting = starting;
    this.#id = id;
    this.#exited = this.#end(waiting);
  }

  async check(): Promise<void> {
    const { engine, spec, asked, uid } = this.#starting;
    const found = await inspect(engine, this.#id);
    checkInspected(spec.name, asked, found);
    if (!found.State.Running) return;
    this.#process = findFirstProcess(this.#id, found.State.Pid);
    if (this.#process === undefined) return;
    this.#cgroupPaths = cgroupPathsOf(this.#process.pid).filter((path) => path.includes(this.#id));
    await checkProcess({
      name: spec.name,
      process: this.#process,
      program: programPath(spec.program),
      uid,
      hasEnded: () => this.#hasEnded || (this.#process !== undefined && !isRunning(this.#process)),
    });
  }

  zone(startedAtMs: number): Zone {
    return {
      name: this.#starting.spec.name,
      processes: this.#process === undefined ? [] : [this.#process],
      cgroupPaths: this.#cgroupPaths,
      startedAtMs,
      exited: this.#exited,
      stop: () => this.#stop(),
    };
  }

  /** The first process is the zone's process namespace: its end is the end of whatever runs in it. */
  async #stop(): Promise<void> {
    const { engine } = this.#starting;
    if (!this.#hasEnded) {
      killCgroups(this.#cgroupPaths);
      if (this.#process !== undefined) killProcess(this.#process);
      await engine
        .ask({ method: 'POST', path: `/containers/${this.#id}/kill?signal=KILL` }, anything)
        .catch(() => undefined);
    }
    await this.#exited;
  }

  async #end(waiting: Promise<unknown>): Promise<ZoneExit> {
    const answered = await waiting.then(
      (answer) => answer,
      () => undefined,
    );
    const exit = answered === undefined ? await this.#endWithoutEngine() : await this.#classify();
    this.#hasEnded = true;
    await removeContainer(this.#starting.engine, this.#id).catch(() => undefined);
    return exit;
  }

  async #classify(): Promise<ZoneExit> {
    const { engine } = this.#starting;
    const state = await inspect(engine, this.#id).then(
      (found) => found.State,
      () => undefined,
    );
    if (state === undefined) return this.#endWithoutEngine();
    if (state.OOMKilled) return { kind: 'killed', outOfMemory: true };
    if (state.ExitCode === EXIT_TAMPERED) return { kind: 'tampered' };
    if (state.ExitCode === EXIT_PROBE_FAILED) return { kind: 'probe_failed' };
    if (state.ExitCode === EXIT_KILLED) return { kind: 'killed', outOfMemory: false };
    return { kind: 'exited', code: state.ExitCode };
  }

  /**
   * Nobody watches the container any more, so it must not run: it is killed by number where we can see it, and by the
   * engine once that is back.
   */
  async #endWithoutEngine(): Promise<ZoneExit> {
    const { engine } = this.#starting;
    for (let waitMs: number = ENGINE_BACK_MS.first; ; waitMs = Math.min(waitMs * 2, ENGINE_BACK_MS.most)) {
      killCgroups(this.#cgroupPaths);
      if (this.#process !== undefined) killProcess(this.#process);
      if (this.#process !== undefined && !isRunning(this.#process)) break;
      const gone = await removeContainer(engine, this.#id).then(
        () => true,
        () => false,
      );
      if (gone) break;
      await sleep(waitMs);
    }
    return { kind: 'killed', outOfMemory: false };
  }
}

/** What a crash left: containers that carry our label, and only those. Returns how many were removed. */
export async function removeLeftovers(engine: Engine, instance: string): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`${LABEL.instance}=${instance}`] }));
  const found = await engine.demand({ method: 'GET', path: `/containers/json?all=1&filters=${filters}` }, listAnswer);
  const ours = found.filter(({ Labels }) => Labels?.[LABEL.instance] === instance);
  await Promise.all(ours.map(({ Id }) => removeContainer(engine, Id)));
  return ours.length;
}
