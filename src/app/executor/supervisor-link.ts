import { setTimeout as sleep } from 'node:timers/promises';
import { connectFrames, type Frame, type RequestClient } from '../../bridge/index.ts';
import {
  HardshellError,
  SUPERVISOR_ANSWERS,
  type SpawnProfile,
  type SupervisorAnswer,
  type ZoneEvent,
} from '../../contracts/index.ts';

type Answer<T extends SupervisorAnswer['type']> = Extract<SupervisorAnswer, { type: T }>;

const WATCH_MS = 30_000;
const SPAWN_MS = 30_000;

/** The executor's side of the supervisor's socket: names go over it, never paths or arguments. */
export class SupervisorLink {
  readonly #client: RequestClient;

  constructor(client: RequestClient) {
    this.#client = client;
  }

  static async connect(path: string): Promise<SupervisorLink> {
    return new SupervisorLink(await connectFrames({ target: { path }, retryMs: 5_000 }));
  }

  /** Starts a process of the table. Resolves when it runs and its walls were checked from outside. */
  async spawn(
    profile: SpawnProfile,
    what: { sid?: string; standing?: boolean; model?: boolean } = {},
  ): Promise<Answer<'spawned'>> {
    return this.#ask('spawned', { type: 'spawn', profile, ...what }, SPAWN_MS);
  }

  /** Makes the places of an agent's zone. */
  async place(sid: string, model: boolean): Promise<Answer<'placed'>> {
    return this.#ask('placed', { type: 'place', sid, model }, SPAWN_MS);
  }

  async unplace(name: string): Promise<void> {
    await this.#ask('unplaced', { type: 'unplace', name }, SPAWN_MS);
  }

  async stopZone(name: string): Promise<void> {
    await this.#ask('stopped', { type: 'stop_zone', name }, SPAWN_MS);
  }

  /** Tells that the executor serves. */
  async ready(): Promise<void> {
    await this.#ask('ready', { type: 'ready' }, SPAWN_MS);
  }

  status(): Promise<Answer<'status'>> {
    return this.#ask('status', { type: 'status' }, 5_000);
  }

  /** Number of the newest event: what came before belongs to an executor before us. */
  async lastEvent(): Promise<number> {
    const { next } = await this.#ask('events', { type: 'watch', after: Number.MAX_SAFE_INTEGER }, 5_000);
    return next;
  }

  /** Hands every event of the supervisor above number `from` to `take`, in order, until `signal`. */
  async watch(take: (event: ZoneEvent) => void, signal: AbortSignal, from: number): Promise<void> {
    let after = from;
    while (!signal.aborted) {
      try {
        const answer = await this.#ask('events', { type: 'watch', after, wait_ms: WATCH_MS }, WATCH_MS + 10_000);
        after = answer.next;
        for (const event of answer.events) take(event);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof HardshellError && error.code === 'connection_lost') throw error;
        await sleep(500);
      }
    }
  }

  close(): void {
    this.#client.destroy();
  }

  async #ask<T extends SupervisorAnswer['type']>(type: T, message: object, timeoutMs: number): Promise<Answer<T>> {
    const frame: Frame = await this.#client.request(message, timeoutMs);
    if (frame['type'] === 'error') {
      throw new HardshellError('unavailable', `the supervisor refused: ${String(frame['message']).slice(0, 200)}`, {
        fate: 'retry',
      });
    }
    const schema: { safeParse: (value: unknown) => { success: boolean; data?: unknown } } = SUPERVISOR_ANSWERS[type];
    const parsed = schema.safeParse(frame);
    if (!parsed.success)
      throw new HardshellError('malformed', 'the supervisor answered something else', { fate: 'stop' });
    return parsed.data as Answer<T>;
  }
}
