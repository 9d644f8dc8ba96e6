import { Agents, type ServeAgent } from './agents.ts';
import { ConnectorLink } from './connector-link.ts';
import { answerControl, type ControlDesk } from './control-desk/index.ts';
import { GrantKey } from './grant.ts';
import { Housekeeping } from './housekeeping.ts';
import { fetchForever, readForever } from './intake.ts';
import { Notifier } from './notifier.ts';
import { Outbox } from './outbox.ts';
import { Patience } from './patience.ts';
import { Planners, type StartPlanner } from './planners.ts';
import type { Station } from './ports.ts';
import { ReaderPool, type StartReader } from './reader-pool.ts';
import { TokenTable } from './tokens.ts';
import type { ZoneDesk } from './zone-desk.ts';
import { answerZone } from './zone-service.ts';

export interface ExecutorParts {
  readonly station: Station;
  readonly startReader: StartReader;
  readonly startPlanner: StartPlanner;
  readonly serveAgent: ServeAgent;
  /** Everything of the control desk that is not made here. */
  readonly control: Omit<ControlDesk, keyof ZoneDesk | 'planners' | 'agents' | 'outbox'>;
  /** Faults of ours, for the log of the process; never content. */
  readonly fault: (where: string, cause: unknown) => void;
}

const TICK_MS = 1_000;

/** The stations of Zone 1, joined. The process around it brings sockets, files and other processes. */
export class Executor {
  readonly connector = new ConnectorLink();
  readonly readers: ReaderPool;
  readonly planners: Planners;
  readonly #parts: ExecutorParts;
  readonly #desk: ControlDesk;
  readonly #outbox: Outbox;
  readonly #housekeeping: Housekeeping;
  readonly #notifier = new Notifier();
  readonly #stopped = new AbortController();

  constructor(parts: ExecutorParts) {
    const { station, fault } = parts;
    this.#parts = parts;
    const tokens = new TokenTable();
    const notifier = this.#notifier;
    this.#outbox = new Outbox(station, this.connector, (rid) => notifier.notify(rid));
    this.#housekeeping = new Housekeeping(station, tokens, notifier);
    this.readers = new ReaderPool(parts.startReader);
    this.planners = new Planners({ station, start: parts.startPlanner, notifier, fault });
    this.#desk = {
      ...parts.control,
      station,
      key: new GrantKey(station.random, station.clock),
      tokens,
      notifier,
      patience: new Patience(station),
      planners: this.planners,
      agents: new Agents(station, parts.serveAgent),
      outbox: this.#outbox,
    };
  }

  /** Answers the zone behind the socket of session `sid`. */
  answerZone(sid: string, frame: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<object> {
    return answerZone(this.#desk, sid, frame, signal);
  }

  /** Answers the owner's tools. */
  answerControl(frame: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<object> {
    return answerControl(this.#desk, frame, signal);
  }

  /** Puts in order what a crash left; nothing is served before it is done. */
  async recover(): Promise<void> {
    await this.#outbox.recover();
    await this.#housekeeping.recover();
  }

  /** Starts everything that runs by itself. */
  start(): void {
    const { station, fault } = this.#parts;
    const intake = {
      station,
      connector: this.connector,
      readers: this.readers,
      notifier: this.#notifier,
      signal: this.#stopped.signal,
      fault,
    };
    this.readers.prepare();
    this.#own('fetch', fetchForever(intake));
    this.#own('read', readForever(intake));
    this.#own('planners', this.#planForever());
    this.#own('outbox', this.#dispatchForever());
    this.#own('housekeeping', this.#tickForever());
  }

  stop(): void {
    this.#stopped.abort();
    this.#notifier.notifyAll();
  }

  async #planForever(): Promise<void> {
    await this.planners.resume();
    await this.#forever('planners', 'unhandled', TICK_MS * 5, () => this.planners.turn());
  }

  #dispatchForever(): Promise<void> {
    return this.#forever(
      'outbox',
      'outbox',
      TICK_MS,
      () => this.#outbox.turn(),
      () => this.#outbox.dueInMs(),
    );
  }

  #tickForever(): Promise<void> {
    return this.#forever('housekeeping', 'tick', TICK_MS, () => this.#housekeeping.turn());
  }

  /** Runs `turn` whenever `key` is notified, when `due` says so, and at least every `everyMs`. */
  async #forever(
    where: string,
    key: string,
    everyMs: number,
    turn: () => Promise<void>,
    due: () => number | null = () => null,
  ): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      let wait = everyMs;
      try {
        await turn();
        wait = Math.max(5, Math.min(everyMs, due() ?? everyMs));
      } catch (cause) {
        // What is due and cannot be done is not tried again without a pause.
        this.#parts.fault(where, cause);
      }
      await this.#notifier.wait(key, wait, this.#stopped.signal);
    }
  }

  #own(where: string, work: Promise<void>): void {
    work.catch((cause: unknown) => this.#parts.fault(where, cause));
  }
}
