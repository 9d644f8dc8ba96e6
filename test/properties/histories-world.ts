import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createDatabase, Ledger, sql, type Database, type LogPort } from '../../src/state/index.ts';
import { decide, type CompiledPolicy } from '../../src/policy/index.ts';
import { contactBook } from '../../src/zone1-executor/contacts.ts';
import type { ControlDesk } from '../../src/zone1-executor/control-desk/desk.ts';
import { answerControl } from '../../src/zone1-executor/control-desk/index.ts';
import { GrantKey } from '../../src/zone1-executor/grant.ts';
import { Housekeeping } from '../../src/zone1-executor/housekeeping.ts';
import { Notifier } from '../../src/zone1-executor/notifier.ts';
import { Outbox } from '../../src/zone1-executor/outbox.ts';
import type { PerformOutcome, Station } from '../../src/zone1-executor/ports.ts';
import { openPresenceDesk } from '../../src/zone1-executor/presence-desk.ts';
import { openSession, type Session } from '../../src/zone1-executor/sessions.ts';
import { TokenTable } from '../../src/zone1-executor/tokens.ts';
import { Patience } from '../../src/zone1-executor/patience.ts';
import { answerZone } from '../../src/zone1-executor/zone-service.ts';
import { DEFAULT_POLICY, FakeClock, policyOf } from '../support/station.ts';

export type Frame = Readonly<Record<string, unknown>>;

/** What the provider does with the next act. */
export type Weather = 'fine' | 'answer lost' | 'nothing done' | 'crash after the act' | 'crash before the act';
/** What the disk does with the next durable step: written but reported lost, or not written. */
export type Fault = 'none' | 'kept' | 'lost';

const LETTERS = ['ann@example.org', 'bob@example.net', 'eve@evil.example'];
const never = new AbortController().signal;

/**
 * Zone 1 in one process: the real stations over one database in memory, with clocks, disk and provider under control.
 * A crash throws away every object but the database and what the provider has done.
 */
export class World {
  readonly clock = new FakeClock();
  readonly effects: { readonly jti: string; readonly wh: string }[] = [];
  armed = true;
  changed: string | null = null;
  weather: Weather = 'fine';
  fault: Fault = 'none';
  /** Makes the stations believe that nobody has stopped them: histories must notice. */
  deaf = false;
  restarts = 0;
  sessions: readonly Session[] = [];
  /** Called for each effect, before it counts. */
  onEffect: (jti: string, wh: string) => void = () => undefined;
  readonly #db: Database;
  readonly #policy: CompiledPolicy;
  #seq = 0;
  #desk!: ControlDesk;
  #outbox!: Outbox;
  #housekeeping!: Housekeeping;

  constructor(db: Database, policy: CompiledPolicy) {
    this.#db = db;
    this.#policy = policy;
    this.#build();
  }

  get db(): Database {
    return this.#db;
  }

  async begin(): Promise<void> {
    const { station } = this.#desk;
    this.sessions = await station.ledger.commit((tx) =>
      [1, 2].map(() => openSession(station, tx, { zone: 'zone2-planner', origin: 'instruction' })),
    );
  }

  /** The process is gone and comes again. */
  async restart(): Promise<void> {
    this.restarts += 1;
    this.fault = 'none';
    this.#build();
    await this.#outbox.recover();
    await this.#housekeeping.recover();
  }

  zone(session: Session, frame: object): Promise<Frame> {
    return answerZone(this.#desk, session.sid, frame as Frame, never) as Promise<Frame>;
  }

  owner(frame: object): Promise<Frame> {
    return answerControl(this.#desk, { ...frame, presence: { method: 'terminal' } }, never) as Promise<Frame>;
  }

  async turn(): Promise<void> {
    await this.#outbox.turn();
  }

  async tick(): Promise<void> {
    await this.#housekeeping.turn();
  }

  get failed(): boolean {
    return this.#desk.station.ledger.failure !== undefined;
  }

  #build(): void {
    const station = this.#station();
    const tokens = new TokenTable();
    const notifier = new Notifier();
    this.#outbox = new Outbox(
      station,
      { perform: (act) => this.#perform(act), reconcile: (act) => this.#reconcile(act) },
      () => undefined,
    );
    this.#housekeeping = new Housekeeping(station, tokens, notifier);
    const parts = {
      station,
      tokens,
      notifier,
      patience: new Patience(station),
      key: new GrantKey(station.random, station.clock),
      presence: openPresenceDesk(station, { terminalAllowed: true }),
      planners: { reopen: () => Promise.resolve() },
    };
    // The rest of the desk serves the inbox, contacts and status, which histories do not ask for.
    this.#desk = parts as unknown as ControlDesk;
  }

  #station(): Station {
    const { clock } = this;
    return {
      ledger: new Ledger(this.#db, this.#log()),
      clock,
      random: (n) => randomBytes(n),
      sha256Hex: (data) => createHash('sha256').update(data).digest('hex'),
      subjectHash: (id) => createHmac('sha256', 'histories').update(id).digest('hex').slice(0, 32),
      confirmed: {
        policy: () => ({
          digest: this.#policy.digest,
          decide: (request) => decide(request, this.#policy),
          explain: () => '',
        }),
        contacts: () =>
          contactBook([{ address: 'bob@example.net', name: 'Bob' }], { address: 'owner@example.com', name: '' }),
        changed: () => this.changed,
      },
      armed: () => this.armed || this.deaf,
      breakerOpen: () => false,
      caps: {
        pendingPerSession: 20,
        questionsPerDay: 200,
        questionsPerSender: 200,
        questionsReserved: 5,
        outboxDelayMs: 1_000,
        retentionDays: 30,
        rawRetentionDays: 7,
      },
    };
  }

  /** A log that keeps nothing and fails when it is told to: inside the transaction (lost) or after it (kept). */
  #log(): LogPort {
    return {
      next: () => ({ seq: (this.#seq += 1), line: '{}' }),
      mark: () => this.#seq,
      reset: (mark) => void (this.#seq = Number(mark)),
      head: () => {
        if (this.fault === 'lost') throw new Error('the disk took nothing');
        return { seq: this.#seq, hash: '' };
      },
      append: async () => {
        if (this.fault === 'kept') throw new Error('the disk took it and did not say so');
      },
    };
  }

  async #perform(act: { jti: string; wh: string }): Promise<PerformOutcome> {
    const { weather } = this;
    this.weather = 'fine';
    if (weather === 'crash before the act' || weather === 'crash after the act') this.fault = 'lost';
    if (weather === 'nothing done' || weather === 'crash before the act') throw new Error('nobody answers');
    this.onEffect(act.jti, act.wh);
    this.effects.push({ jti: act.jti, wh: act.wh });
    if (weather !== 'fine') throw new Error('the answer was lost');
    return { state: 'succeeded', accepted: act.wh, reason: null };
  }

  async #reconcile(act: { jti: string; wh: string }): Promise<PerformOutcome> {
    const done = this.effects.find(({ jti }) => jti === act.jti);
    return done === undefined
      ? { state: 'absent', accepted: null, reason: null }
      : { state: 'succeeded', accepted: done.wh, reason: null };
  }
}

const TABLES = [
  'meta',
  'sessions',
  'instructions',
  'requests',
  'payloads',
  'approvals',
  'grants',
  'journal',
  'rate_events',
  'audit_outbox',
  'deliveries',
  'tasks',
  'drafts',
] as const;

/** Makes worlds over one database that is emptied between them: making its tables anew would cost more than a history. */
export function makeWorlds(): () => Promise<World> {
  const db = createDatabase(':memory:');
  const policy = policyOf(DEFAULT_POLICY);
  return async () => {
    db.exec('BEGIN');
    for (const table of TABLES) db.run(sql.deleteFrom(table));
    db.exec('COMMIT');
    const world = new World(db, policy);
    await world.begin();
    return world;
  };
}

export function letterParams(n: number): { to: string[]; subject: string; body: string } {
  return { to: [LETTERS[n % LETTERS.length] ?? ''], subject: `letter ${n % 6}`, body: 'Yes.' };
}
