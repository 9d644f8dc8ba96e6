import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupPathsOf } from '../cgroup-find.ts';
import { killCgroups } from '../cgroup.ts';
import type { Zone, ZoneExit, ZoneSpec } from '../driver.ts';
import { isRunning, killProcess, type ProcessId } from '../inspect.ts';
import { EXIT_PROBE_FAILED } from '../self-probe.ts';
import { anything, inspectAnswer, type Inspected } from './answers.ts';
import { checkInspected, checkProcess, findFirstProcess } from './check.ts';
import type { ContainerRequest } from './container.ts';
import type { Engine } from './engine.ts';
import { failed } from './failures.ts';
import type { FileChecker } from './image.ts';

export interface Starting {
  readonly engine: Engine;
  readonly spec: ZoneSpec;
  readonly asked: ContainerRequest;
  readonly instance: string;
  readonly uid: number;
  /** Of the image of ours; undefined for another, which is known by its id alone. */
  readonly files: FileChecker | undefined;
}

export function inspect(engine: Engine, id: string, timeoutMs?: number): Promise<Inspected> {
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  return engine.demand({ method: 'GET', path: `/containers/${id}/json`, ...limit }, inspectAnswer);
}

/** Kills and removes. A container that is gone already is no failure. */
export async function removeContainer(engine: Engine, id: string): Promise<void> {
  const answer = await engine.ask({ method: 'DELETE', path: `/containers/${id}?force=1&v=1` }, anything);
  if (answer.kind === 'ok' || answer.status === 404 || answer.status === 409) return;
  throw failed(`the Docker engine does not remove a container: ${answer.message}`);
}

/** Exit code of the engine when the kernel ended the zone for a forbidden call: 128 + SIGSYS. */
const EXIT_TAMPERED = 159;
const EXIT_KILLED = 137;
const ENGINE_BACK_MS = { first: 50, most: 2_000 } as const;
const LOOK_MS = 100;
/** How long the engine may take to say how a process ended that we see is gone. */
const WORD_MS = { ended: 2_000, stopped: 250 } as const;
const STREAM_MS_MAX = 1_000;

export interface Running {
  readonly starting: Starting;
  readonly id: string;
  /** The engine's answer to how it ended; rejects when the engine goes away. */
  readonly waiting: Promise<unknown>;
  readonly streams: Socket;
}

/** A container that was started, from our side. */
export class RunningContainer {
  readonly #running: Running;
  readonly #exited: Promise<ZoneExit>;
  #process: ProcessId | undefined;
  #cgroupPaths: readonly string[] = [];
  #hasEnded = false;
  #isStopped = false;

  constructor(running: Running) {
    this.#running = running;
    this.#exited = this.#end();
  }

  /** What must hold once it runs. Throws `isolation_failed`. */
  async check(): Promise<void> {
    const { engine, spec, asked, uid } = this.#running.starting;
    const found = await inspect(engine, this.#running.id);
    checkInspected(spec.name, asked, found);
    if (!found.State.Running) return;
    this.#process = findFirstProcess(this.#running.id, found.State.Pid);
    if (this.#process === undefined) return;
    this.#cgroupPaths = cgroupPathsOf(this.#process.pid).filter((path) => path.includes(this.#running.id));
    const hasEnded = (): boolean => this.#isOver();
    await checkProcess({ name: spec.name, process: this.#process, program: spec.program, uid, hasEnded });
    await this.#checkFiles(this.#process.pid);
  }

  zone(startedAtMs: number): Zone {
    return {
      name: this.#running.starting.spec.name,
      processes: this.#process === undefined ? [] : [this.#process],
      cgroupPaths: this.#cgroupPaths,
      startedAtMs,
      exited: this.#exited,
      stop: () => this.#stop(),
    };
  }

  /** Only root may look through another's root; an ordinary user relies on the engine's own digests. */
  async #checkFiles(pid: number): Promise<void> {
    const { files, spec } = this.#running.starting;
    if (process.getuid?.() !== 0 || files === undefined) return;
    const wrong = await files.differing(pid).catch((cause: unknown) => {
      if (this.#isOver()) return [];
      throw failed(`the files of \`${spec.name}\` cannot be looked at`, cause);
    });
    if (wrong.length === 0) return;
    const names = wrong.join('`, `');
    throw failed(`the image of the zones was changed inside the Docker engine (\`${names}\`); look at who did`);
  }

  #isOver(): boolean {
    return this.#hasEnded || (this.#process !== undefined && !isRunning(this.#process));
  }

  /**
   * The first process is the zone's process namespace: its end is the end of whatever runs in it. Killed by us where we
   * can see it, so that a stop does not wait for an engine that hangs; and by the engine in any case.
   */
  async #stop(): Promise<void> {
    this.#isStopped = true;
    if (!this.#hasEnded) {
      this.#kill();
      const { engine } = this.#running.starting;
      const path = `/containers/${this.#running.id}/kill?signal=KILL`;
      engine.ask({ method: 'POST', path }, anything).catch(() => undefined);
    }
    await this.#exited;
  }

  #kill(): void {
    killCgroups(this.#cgroupPaths);
    if (this.#process !== undefined) killProcess(this.#process);
  }

  async #end(): Promise<ZoneExit> {
    const { starting, id, waiting, streams } = this.#running;
    const answered = await Promise.race([waiting.catch(() => undefined), this.#gone()]);
    const exit = answered === undefined ? await this.#endWithoutEngine() : await this.#classify();
    this.#hasEnded = true;
    if (answered !== undefined) await endOf(streams);
    streams.destroy();
    const removed = removeContainer(starting.engine, id).catch(() => undefined);
    // An engine that hangs removes it when it wakes, or the next start does.
    if (answered !== undefined) await removed;
    return exit;
  }

  /** Resolves a while after the first process is seen to be gone: the engine has not said so, though it had the time. */
  async #gone(): Promise<undefined> {
    for (;;) {
      await sleep(LOOK_MS);
      if (this.#hasEnded) return undefined;
      if (this.#process === undefined || isRunning(this.#process)) continue;
      await sleep(this.#isStopped ? WORD_MS.stopped : WORD_MS.ended);
      return undefined;
    }
  }

  async #classify(): Promise<ZoneExit> {
    const { starting, id } = this.#running;
    const state = await inspect(starting.engine, id, WORD_MS.ended).then(
      (found) => found.State,
      () => undefined,
    );
    if (state === undefined) return this.#endWithoutEngine();
    return classify(state, starting.spec.profile);
  }

  /**
   * Nobody watches the container any more, so it must not run: it is killed by number where we can see it, and by the
   * engine once that is back.
   */
  async #endWithoutEngine(): Promise<ZoneExit> {
    const { starting, id } = this.#running;
    for (let waitMs: number = ENGINE_BACK_MS.first; ; waitMs = Math.min(waitMs * 2, ENGINE_BACK_MS.most)) {
      this.#kill();
      if (this.#process !== undefined && !isRunning(this.#process)) break;
      const gone = await removeContainer(starting.engine, id).then(
        () => true,
        () => false,
      );
      if (gone) break;
      await sleep(waitMs);
    }
    return { kind: 'killed', outOfMemory: false };
  }
}

/** An agent may outlive a program of its own that took too much, and any code but the kernel's is its own to end with. */
function classify({ OOMKilled, ExitCode }: Inspected['State'], profile: ZoneSpec['profile']): ZoneExit {
  const isAgent = profile === 'agent';
  if (OOMKilled && (!isAgent || ExitCode === EXIT_KILLED)) return { kind: 'killed', outOfMemory: true };
  if (ExitCode === EXIT_TAMPERED) return { kind: 'tampered' };
  if (ExitCode === EXIT_PROBE_FAILED && !isAgent) return { kind: 'probe_failed' };
  if (ExitCode === EXIT_KILLED) return { kind: 'killed', outOfMemory: false };
  return { kind: 'exited', code: ExitCode };
}

/** What was written last may come after the end is told. */
async function endOf(streams: Socket): Promise<void> {
  if (streams.closed || streams.readableEnded) return;
  await Promise.race([
    new Promise((resolve) => streams.once('end', resolve).once('close', resolve)),
    sleep(STREAM_MS_MAX, undefined, { ref: false }),
  ]);
}
