import { LIMITS, type SessionId } from '../contracts/index.ts';
import { cancelApprovals } from '../control/index.ts';
import { sql, type Tx } from '../state/index.ts';
import { markHandled, unhandled } from './content-store.ts';
import { moment } from './judge.ts';
import { voidGrants } from './grant.ts';
import type { Notifier } from './notifier.ts';
import type { Station } from './ports.ts';
import {
  closeSession,
  deliver,
  findSession,
  openSession,
  openSessions,
  recordOpened,
  type Session,
} from './sessions.ts';
import { openDueTasks } from './tasks.ts';

/** Starts the process of a session and serves its socket. Resolves with the process's name. */
export type StartPlanner = (session: Session, standing: boolean) => Promise<StartedPlanner>;

export interface StartedPlanner {
  readonly name: string;
  /** Closes its socket. */
  readonly stop: () => Promise<void>;
  /** Ends its process; the end is told like any other. */
  readonly end: () => Promise<void>;
}

const RESTARTS_MAX = 3;
/** Milliseconds that the standing planner has to live for its earlier deaths to count no more. */
const FORGIVEN_AFTER_MS = 60_000;
const STANDING = 'standing_session';

interface Running {
  readonly sid: SessionId;
  readonly standing: boolean;
  readonly startedBootMs: number;
  readonly stop: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/**
 * One planner process a session: an inbound item, an owner's instruction, a due task, and the standing session.
 * The session outlives the process: one that died is started again with the same session, label and ids.
 */
export class Planners {
  readonly #station: Station;
  readonly #start: StartPlanner;
  readonly #notifier: Notifier;
  readonly #fault: (where: string, cause: unknown) => void;
  readonly #running = new Map<string, Running>();
  readonly #starting = new Set<string>();
  readonly #restarts = new Map<string, number>();
  /** Sessions whose process had ended before its start was told, and how. */
  readonly #endedEarly = new Map<string, 'clean' | 'crashed' | 'incident'>();

  constructor(parts: {
    station: Station;
    start: StartPlanner;
    notifier: Notifier;
    fault: (where: string, cause: unknown) => void;
  }) {
    this.#station = parts.station;
    this.#start = parts.start;
    this.#notifier = parts.notifier;
    this.#fault = parts.fault;
  }

  /** Opens the standing session at a first start, and goes on with every session that was open. */
  async resume(): Promise<void> {
    const { ledger } = this.#station;
    const standing = await ledger.commit((tx) => standingSession(this.#station, tx));
    for (const session of openSessions(ledger.reader)) {
      // An agent's session waits for the owner to run its program.
      if (session.origin === 'agent') continue;
      if (session.sid === standing) await this.#launch(session, true);
      else await this.#continue(session);
    }
  }

  /** Gives planners to what waits, as far as there is room. */
  async turn(): Promise<void> {
    const { ledger } = this.#station;
    if (!this.#station.armed()) return;
    await this.#endOld();
    const due = await this.#openDue();
    for (const session of due) await this.#launch(session, false);
    for (const kid of unhandled(ledger.reader, LIMITS.plannersMax.value)) {
      if (this.#room(LIMITS.plannersMax.value) <= 0) return;
      const session = await ledger.commit((tx) => {
        markHandled(tx, kid);
        const opened = openSession(this.#station, tx, { zone: 'zone2-planner', origin: 'item' });
        deliver(this.#station, tx, opened.sid, kid, 'item');
        return opened;
      });
      await this.#launch(session, false);
    }
  }

  /** Opens a session for the owner's own words. */
  async instruct(what: {
    text: string;
    named: readonly string[];
    item: string | null;
    standing: boolean;
  }): Promise<SessionId> {
    const { ledger } = this.#station;
    const session = await ledger.commit((tx) => {
      const opened = what.standing
        ? findSession(tx, standingSession(this.#station, tx))
        : openSession(this.#station, tx, { zone: 'zone2-planner', origin: 'instruction', named: what.named });
      if (opened === undefined) throw new Error('the standing session is gone');
      if (what.item !== null) deliver(this.#station, tx, opened.sid, what.item, 'item');
      const seq = tx.all(sql.selectFrom('instructions').select('seq').where('sid', '=', opened.sid)).length + 1;
      tx.run(
        sql.insertInto('instructions').values({
          sid: opened.sid,
          seq,
          text: what.text,
          at_ms: this.#station.clock.wallMs(),
          taken: 0,
          task: null,
          answer: null,
        }),
      );
      return opened;
    });
    this.#notifier.notify(`session:${session.sid}`);
    if (!what.standing) await this.#launch(session, false);
    return session.sid;
  }

  /** Goes on with a session that had ended: a question of it was put again, and its answer needs somebody to execute it. */
  async reopen(sid: string): Promise<void> {
    if (this.#runs(sid)) return;
    const { ledger } = this.#station;
    const session = await ledger.commit((tx) => {
      tx.run(sql.updateTable('sessions').set({ state: 'open', closed_ms: null }).where('sid', '=', sid));
      tx.run(sql.updateTable('instructions').set({ taken: 0 }).where('sid', '=', sid));
      const known = findSession(tx, sid);
      if (known !== undefined) recordOpened(this.#station, tx, known);
      const first = tx.get(sql.selectFrom('deliveries').select('ref').where('sid', '=', sid).orderBy('at_ms').limit(1));
      if (known?.origin === 'item' && first !== undefined) {
        tx.run(sql.updateTable('deliveries').set({ done: 0 }).where('ref', '=', first.ref));
      }
      return known;
    });
    if (session !== undefined) await this.#launch(session, session.origin === 'standing');
  }

  /** The process of session `sid` has ended. `clean` when it ended by itself with nothing wrong. */
  async ended(name: string, how: 'clean' | 'crashed' | 'incident', sid: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) {
      if (this.#starting.has(sid)) this.#endedEarly.set(sid, how);
      return;
    }
    this.#running.delete(name);
    await running.stop();
    const session = findSession(this.#station.ledger.reader, running.sid);
    if (session === undefined || !session.open) return;
    if (how === 'incident') return this.#close(session, 'crashed');
    if (session.origin === 'standing') {
      // It is to be there for as long as the instance runs: deaths of long ago are forgotten.
      if (this.#station.clock.bootMs() - running.startedBootMs > FORGIVEN_AFTER_MS) this.#restarts.delete(session.sid);
      return this.#again(session, true);
    }
    if (how === 'crashed') return this.#again(session, false);
    return this.#close(session, 'done');
  }

  get count(): number {
    return this.#running.size;
  }

  /** Ends what should have ended by itself long ago: only the standing planner stays. */
  async #endOld(): Promise<void> {
    const before = this.#station.clock.bootMs() - LIMITS.plannerMsMax.value;
    for (const { sid, standing, startedBootMs, end } of this.#running.values()) {
      const session = findSession(this.#station.ledger.reader, sid);
      if (standing || startedBootMs > before || session === undefined) continue;
      if (session.open) await this.#close(session, 'crashed');
      await end();
    }
  }

  #room(max: number): number {
    return max - this.#running.size - this.#starting.size;
  }

  async #continue(session: Session): Promise<void> {
    const { reader } = this.#station.ledger;
    const item = reader.get(
      sql.selectFrom('deliveries').select('ref').where('sid', '=', session.sid).where('done', '=', 0).limit(1),
    );
    const words = reader.get(sql.selectFrom('instructions').select('seq').where('sid', '=', session.sid).limit(1));
    if (item === undefined && words === undefined) return this.#close(session, 'done');
    await this.#launch(session, false);
  }

  async #again(session: Session, standing: boolean): Promise<void> {
    const tries = (this.#restarts.get(session.sid) ?? 0) + 1;
    this.#restarts.set(session.sid, tries);
    if (!standing && tries > RESTARTS_MAX) return this.#close(session, 'crashed');
    const wait = Math.min(30_000, 200 * 2 ** Math.min(tries, 8));
    setTimeout(() => {
      this.#launch(session, standing).catch((cause: unknown) => this.#fault('planner', cause));
    }, wait).unref();
  }

  /** INVARIANT: what nobody will execute any more is not left before a person: questions of an ended session go too. */
  async #close(session: Session, reason: 'done' | 'crashed'): Promise<void> {
    this.#restarts.delete(session.sid);
    const { ledger, subjectHash } = this.#station;
    await ledger.commit((tx) => {
      closeSession(this.#station, tx, session.sid, reason);
      const gone = cancelApprovals(tx, { session: session.sid }, 'session_closed', moment(this.#station), {
        hash: subjectHash,
      });
      for (const { request } of gone) {
        tx.run(sql.updateTable('requests').set({ state: 'cancelled' }).where('rid', '=', request));
      }
      voidGrants(this.#station, tx, { sid: session.sid }, 'session_closed');
    });
    this.#notifier.notify(`answer:${session.sid}`);
    this.#notifier.notify('unhandled');
  }

  async #launch(session: Session, standing: boolean): Promise<void> {
    if (this.#starting.has(session.sid) || this.#runs(session.sid)) return;
    this.#starting.add(session.sid);
    let started: string | undefined;
    try {
      // What was taken and not finished by a process that died is given again.
      if (this.#restarts.has(session.sid)) {
        await this.#station.ledger.commit((tx) =>
          tx.run(sql.updateTable('instructions').set({ taken: 0 }).where('sid', '=', session.sid)),
        );
      }
      const { name, stop, end } = await this.#start(session, standing);
      const startedBootMs = this.#station.clock.bootMs();
      this.#running.set(name, { sid: session.sid, standing, startedBootMs, stop, end });
      started = name;
    } catch (cause) {
      this.#fault('planner', cause);
      await this.#again(session, standing);
    } finally {
      this.#starting.delete(session.sid);
    }
    const early = this.#endedEarly.get(session.sid);
    this.#endedEarly.delete(session.sid);
    if (started !== undefined && early !== undefined) await this.ended(started, early, session.sid);
  }

  #runs(sid: string): boolean {
    return [...this.#running.values()].some((running) => running.sid === sid);
  }

  /** What a planner has scheduled leaves half of the places to mail and to the owner. */
  #openDue(): Promise<Session[]> | Session[] {
    const { ledger } = this.#station;
    const room = this.#room(Math.floor(LIMITS.plannersMax.value / 2));
    if (room <= 0) return [];
    const any = ledger.reader.get(
      sql
        .selectFrom('tasks')
        .select('tid')
        .where(({ or, eb }) => or([eb('due', 'is not', null), eb('cron', 'is not', null)]))
        .limit(1),
    );
    return any === undefined ? [] : ledger.commit((tx) => openDueTasks(this.#station, tx, room));
  }
}

/** The session of the owner's own talk: made once, kept for the life of the instance. */
function standingSession(station: Station, tx: Tx): SessionId {
  const known = tx.get(sql.selectFrom('meta').select('value').where('key', '=', STANDING));
  if (known !== undefined) return known.value as SessionId;
  const { sid } = openSession(station, tx, { zone: 'zone2-planner', origin: 'standing' });
  tx.run(sql.insertInto('meta').values({ key: STANDING, value: sid }));
  return sid;
}
