import { LIMITS } from '../contracts/index.ts';
import { expireApprovals, noteUnexecuted, unexecuted } from '../control/index.ts';
import { sql } from '../state/index.ts';
import { retire } from './content-store.ts';
import { moment } from './judge.ts';
import { voidGrants } from './grant.ts';
import type { Notifier } from './notifier.ts';
import type { Station } from './ports.ts';
import { forgetOldUnits } from './rates.ts';
import { retireRecords } from './retention.ts';
import type { TokenTable } from './tokens.ts';

const HOUR_MS = 3_600_000;

/** What time does by itself: questions expire, a stepped clock voids grants, old content goes. */
export class Housekeeping {
  readonly #station: Station;
  readonly #tokens: TokenTable;
  readonly #notifier: Notifier;
  #offsetMs: number;
  #retiredAtBootMs = Number.NEGATIVE_INFINITY;

  constructor(station: Station, tokens: TokenTable, notifier: Notifier) {
    this.#station = station;
    this.#tokens = tokens;
    this.#notifier = notifier;
    this.#offsetMs = station.clock.wallMs() - station.clock.bootMs();
  }

  /**
   * After a start: what was allowed or approved and not redeemed is over, since the key of its token is gone.
   * Questions of an earlier boot are over too; those of this boot go on.
   */
  async recover(): Promise<void> {
    const { ledger } = this.#station;
    await ledger.commit((tx) => {
      voidGrants(this.#station, tx, { all: true }, 'restart');
      tx.run(sql.updateTable('requests').set({ state: 'expired' }).where('state', 'in', ['allowed', 'approved']));
    });
    await this.turn();
  }

  /** Called about once a second. */
  async turn(): Promise<void> {
    await this.#checkClock();
    await this.#expire();
    await this.#tellUnexecuted();
    this.#tokens.forgetExpired(this.#station.clock.bootMs());
    await this.#retireOld();
  }

  /** A step of the wall clock voids grants: somebody may be moving time to keep one alive. */
  async #checkClock(): Promise<void> {
    const { clock, ledger } = this.#station;
    const offset = clock.wallMs() - clock.bootMs();
    const step = offset - this.#offsetMs;
    this.#offsetMs = offset;
    if (Math.abs(step) <= LIMITS.clockStepMsMax.value) return;
    await ledger.commit((tx) => {
      const voided = voidGrants(this.#station, tx, { all: true }, 'time_stepped');
      tx.record({ event: 'time_stepped', zone: 'zone1-executor', details: { step_ms: Math.round(step), voided } });
    });
    this.#tokens.clear();
  }

  async #expire(): Promise<void> {
    const { ledger, subjectHash } = this.#station;
    const now = moment(this.#station);
    const due = ledger.reader.get(
      sql
        .selectFrom('approvals')
        .leftJoin('grants', 'grants.apr', 'approvals.apr')
        .select('approvals.apr')
        .where(({ or, and, eb }) =>
          or([
            and([
              eb('approvals.state', '=', 'pending'),
              or([eb('approvals.boot_id', '!=', now.bootId), eb('approvals.expires_boot_ms', '<=', now.bootMs)]),
            ]),
            and([eb('approvals.state', '=', 'approved'), eb('grants.state', '!=', 'used')]),
          ]),
        )
        .limit(1),
    );
    if (due === undefined) return;
    const expired = await ledger.commit((tx) => {
      const ended = expireApprovals(tx, now, { hash: subjectHash });
      for (const { request } of ended) {
        tx.run(
          sql
            .updateTable('requests')
            .set({ state: 'expired' })
            .where('rid', '=', request)
            .where('state', 'in', ['pending', 'approved']),
        );
      }
      return ended;
    });
    for (const approval of expired) {
      this.#notifier.notify(approval.request);
      this.#notifier.notify(`answer:${approval.session}`);
    }
  }

  async #tellUnexecuted(): Promise<void> {
    const { ledger, subjectHash } = this.#station;
    const now = moment(this.#station);
    const late = unexecuted(ledger.reader, now, LIMITS.executeWithinMs.value);
    if (late.length === 0) return;
    await ledger.commit((tx) => {
      for (const approval of late) noteUnexecuted(tx, approval, now, { hash: subjectHash });
    });
  }

  async #retireOld(): Promise<void> {
    const { clock, ledger } = this.#station;
    if (clock.bootMs() - this.#retiredAtBootMs < HOUR_MS) return;
    this.#retiredAtBootMs = clock.bootMs();
    await ledger.commit((tx) => {
      retire(this.#station, tx);
      retireRecords(this.#station, tx);
      forgetOldUnits(tx, clock.wallMs());
    });
  }
}
