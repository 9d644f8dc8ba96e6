import type { Clock, Outcome } from '../contracts/index.ts';
import { accepted, refused, toAuditZone } from '../contracts/index.ts';
import type { Station } from './ports.ts';
import type { Session } from './sessions.ts';

/** Refusals that a session may earn at once, and milliseconds until one more is allowed. */
const REFUSALS_MAX = 60;
const REFILL_MS = 10_000;
/** A flood is put on the record this often at most, whatever the zone does. */
const TOLD_MS = 3_600_000;
/** Sessions that are looked through for those that have become calm again. */
const KEPT_MAX = 256;

interface Earned {
  left: number;
  atBootMs: number;
  toldBootMs: number;
}

/**
 * How much a zone may ask that comes to nothing. Rates bind what is allowed and caps bind questions; this binds what is
 * refused, since each refusal costs a look at the policy, a row and a line.
 * INVARIANT: what a session can make the disk take by asking is bounded by time, not by how fast it asks.
 */
export class Patience {
  readonly #station: Pick<Station, 'ledger' | 'subjectHash'> & { readonly clock: Clock };
  readonly #sessions = new Map<string, Earned>();

  constructor(station: Pick<Station, 'ledger' | 'subjectHash' | 'clock'>) {
    this.#station = station;
  }

  /**
   * Answers with `work` and takes one refusal from the session when it comes out as an error. Refuses `rate_limited`
   * without any look at the state while the session has none left.
   */
  async bear(session: Session, work: () => Promise<object>): Promise<Outcome<object>> {
    const earned = this.#of(session.sid);
    if (earned.left < 1) {
      await this.#tell(session, earned);
      return refused('rate_limited', 'too much of what this session asked was refused; wait', {
        retry_after_ms: REFILL_MS,
      });
    }
    // Taken before the work, so that many asks at once cannot share one refusal.
    earned.left -= 1;
    const answer = await work();
    if (!('type' in answer) || answer.type !== 'error') earned.left = Math.min(REFUSALS_MAX, earned.left + 1);
    return accepted(answer);
  }

  #of(sid: string): Earned {
    const now = this.#station.clock.bootMs();
    let earned = this.#sessions.get(sid);
    if (earned === undefined) {
      if (this.#sessions.size >= KEPT_MAX) this.#forgetCalm(now);
      earned = { left: REFUSALS_MAX, atBootMs: now, toldBootMs: Number.NEGATIVE_INFINITY };
      this.#sessions.set(sid, earned);
    }
    earned.left = Math.min(REFUSALS_MAX, earned.left + Math.max(0, now - earned.atBootMs) / REFILL_MS);
    earned.atBootMs = now;
    return earned;
  }

  #forgetCalm(now: number): void {
    for (const [sid, { left, atBootMs }] of this.#sessions)
      if (left + (now - atBootMs) / REFILL_MS >= REFUSALS_MAX) this.#sessions.delete(sid);
  }

  async #tell(session: Session, earned: Earned): Promise<void> {
    const now = this.#station.clock.bootMs();
    if (now - earned.toldBootMs < TOLD_MS) return;
    earned.toldBootMs = now;
    const { ledger, subjectHash } = this.#station;
    await ledger.commit((tx) =>
      tx.record({
        event: 'zone_incident',
        zone: toAuditZone(session.zone),
        session: subjectHash(session.sid),
        details: { kind: 'flood' },
      }),
    );
  }
}
