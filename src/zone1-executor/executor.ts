import { CHANNELS, CONNECTOR_NAMES, CONNECTORS, type Channel, type ConnectorName } from '../contracts/index.ts';
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
  readonly control: Omit<ControlDesk, keyof ZoneDesk | 'planners' | 'agents' | 'outbox' | 'haltedChannels'>;
  /** Faults of ours, for the log of the process; never content. */
  readonly fault: (where: string, cause: unknown) => void;
}

const TICK_MS = 1_000;

/** The stations of Zone 1, joined. The process around it brings sockets, files and other processes. */
export class Executor {
  readonly connectors: Readonly<Record<ConnectorName, ConnectorLink>> = {
    maildir: new ConnectorLink(CONNECTORS.maildir.channels),
    chats: new ConnectorLink(CONNECTORS.chats.channels),
  };
  readonly readers: Readonly<Record<Channel, ReaderPool>>;
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
    this.#outbox = new Outbox(station, this.connectors.maildir, (rid) => notifier.notify(rid));
    this.#housekeeping = new Housekeeping(station, tokens, notifier);
    const poolOf = (channel: Channel): ReaderPool => new ReaderPool({ channel, start: parts.startReader, fault });
    this.readers = { email: poolOf('email'), telegram: poolOf('telegram'), slack: poolOf('slack') };
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
      haltedChannels: () => CHANNELS.filter((channel) => this.readers[channel].halted),
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
    const intake = { station, notifier: this.#notifier, signal: this.#stopped.signal, fault };
    // Spares for chats start with the first chat: whoever has mail only pays for one spare.
    this.readers.email.prepare();
    for (const name of CONNECTOR_NAMES) this.#own('fetch', fetchForever(intake, this.connectors[name]));
    for (const channel of CHANNELS) this.#own('read', readForever(intake, this.readers[channel]));
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
