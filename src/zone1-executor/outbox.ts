import { HardshellError, type GrantId } from '../contracts/index.ts';
import { sql, type Tables, type Tx } from '../state/index.ts';
import { stillAllowed } from './judge.ts';
import { entriesIn, markDispatched, settle, type EndReason, type Entry } from './journal.ts';
import type { ConnectorPort, PerformOutcome, Station } from './ports.ts';

const RECONCILE_TRIES = 5;

/** What waits between intent and act, and what happens to it. One act at a time: order is the order of the intents. */
export class Outbox {
  readonly #station: Station;
  readonly #connector: ConnectorPort;
  readonly #settled: (rid: string) => void;
  readonly #tries = new Map<string, number>();
  #turning = false;

  /** `settled` is called with the request's id whenever an act has come to an end, for those who wait for it. */
  constructor(station: Station, connector: ConnectorPort, settled: (rid: string) => void) {
    this.#station = station;
    this.#connector = connector;
    this.#settled = settled;
  }

  /** Milliseconds until the next act is due, or null. */
  dueInMs(): number | null {
    const [next] = this.#mine('intended');
    return next === undefined ? null : Math.max(0, next.dispatch_boot_ms - this.#station.clock.bootMs());
  }

  /** Dispatches what is due and reconciles what is unknown. Called by a timer; overlapping calls do nothing. */
  async turn(): Promise<void> {
    if (this.#turning) return;
    this.#turning = true;
    try {
      for (const entry of this.#mine('intended')) {
        if (entry.dispatch_boot_ms <= this.#station.clock.bootMs()) await this.#dispatch(entry);
      }
      for (const entry of entriesIn(this.#station.ledger.reader, 'unknown')) await this.#reconcile(entry);
    } finally {
      this.#turning = false;
    }
  }

  /**
   * After a start: what was only intended was never dispatched and ends as failed; what was dispatched is unknown
   * until the provider is asked. Nothing is repeated.
   */
  async recover(): Promise<void> {
    await this.#station.ledger.commit((tx) => {
      for (const entry of entriesIn(tx, 'intended')) settle(this.#station, tx, entry.jti, 'failed', 'not_dispatched');
      for (const entry of entriesIn(tx, 'dispatched')) settle(this.#station, tx, entry.jti, 'unknown', 'restart');
    });
  }

  #mine(state: 'intended'): Entry[] {
    const { bootId } = this.#station.clock;
    return entriesIn(this.#station.ledger.reader, state).filter((entry) => entry.boot_id === bootId);
  }

  async #dispatch(entry: Entry): Promise<void> {
    const payload = await this.#station.ledger.commit((tx) => beginDispatch(this.#station, tx, entry));
    if (payload !== null) {
      const outcome = await this.#perform(entry, payload);
      const { state, reason } = judgeOutcome(outcome, payload.wh);
      await this.#station.ledger.commit((tx) => settle(this.#station, tx, entry.jti, state, reason));
    }
    this.#settled(entry.rid);
  }

  async #perform(entry: Entry, payload: Tables['payloads']): Promise<PerformOutcome> {
    // Asked once more with nothing in between: a stop that came while the line was written still wins.
    if (!this.#station.armed()) return { state: 'failed', accepted: null, reason: 'killed' };
    try {
      return await this.#connector.perform({ jti: entry.jti, wh: payload.wh, payload: payload.bytes });
    } catch {
      return { state: 'unknown', accepted: null, reason: null };
    }
  }

  async #reconcile(entry: Entry): Promise<void> {
    const tries = this.#tries.get(entry.jti) ?? 0;
    if (tries >= RECONCILE_TRIES || entry.wh === null) return;
    let outcome: PerformOutcome;
    try {
      outcome = await this.#connector.reconcile({ jti: entry.jti, wh: entry.wh });
    } catch (error) {
      // Without a connector nobody was asked.
      const nobody = error instanceof HardshellError && error.code === 'connection_lost';
      if (!nobody) this.#tries.set(entry.jti, tries + 1);
      return;
    }
    this.#tries.set(entry.jti, tries + 1);
    if (outcome.state === 'unknown') return;
    const done = outcome.state === 'succeeded' && outcome.accepted === entry.wh;
    const absent = outcome.state === 'absent' || outcome.state === 'failed';
    if (!done && !absent) return;
    await this.#station.ledger.commit((tx) => {
      settle(this.#station, tx, entry.jti, done ? 'succeeded' : 'failed', done ? 'ok' : 'not_dispatched');
      tx.record({
        event: 'reconciled',
        zone: 'zone1-executor',
        subject: this.#station.subjectHash(entry.rid),
        details: { outcome: done ? 'succeeded' : 'failed' },
      });
    });
    this.#settled(entry.rid);
  }
}

/** The last look, in the step that marks the act dispatched: kill, breaker, policy, lists and a late denial. */
function beginDispatch(station: Station, tx: Tx, entry: Entry): Tables['payloads'] | null {
  const end = (reason: EndReason): null => {
    settle(station, tx, entry.jti, 'failed', reason);
    return null;
  };
  const request = tx.get(sql.selectFrom('requests').selectAll().where('rid', '=', entry.rid));
  const payload = tx.get(
    sql
      .selectFrom('payloads')
      .selectAll()
      .where('wh', '=', entry.wh ?? ''),
  );
  if (request === undefined || payload === undefined) return end('other');
  if (!station.armed()) return end('killed');
  const allowed = stillAllowed(station, tx, request);
  if (!allowed.ok) {
    const approval = tx.get(sql.selectFrom('approvals').select('state').where('rid', '=', entry.rid));
    return end(
      approval?.state === 'denied' ? 'denied' : allowed.refusal.error === 'killed' ? 'killed' : 'policy_changed',
    );
  }
  return markDispatched(station, tx, entry.jti as GrantId) ? payload : null;
}

/** INVARIANT: succeeded means that the provider took exactly the approved bytes. */
function judgeOutcome(
  outcome: PerformOutcome,
  wh: string,
): { state: 'succeeded' | 'failed' | 'unknown'; reason: EndReason } {
  switch (outcome.state) {
    case 'succeeded':
      return outcome.accepted === wh
        ? { state: 'succeeded', reason: 'ok' }
        : { state: 'unknown', reason: 'params_mismatch' };
    case 'failed':
    case 'absent':
      return {
        state: 'failed',
        reason:
          outcome.reason === 'killed' ? 'killed' : outcome.reason === 'disk_full' ? 'disk_failed' : 'provider_error',
      };
    case 'unknown':
      return { state: 'unknown', reason: 'provider_error' };
  }
}
