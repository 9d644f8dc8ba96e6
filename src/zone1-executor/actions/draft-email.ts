import { accepted, joinAll, LIMITS, makeId, refused, type Json, type Label } from '../../contracts/index.ts';
import { sql } from '../../state/index.ts';
import { draftOf, resolveMail } from '../resolve.ts';
import type { Doer } from './doer.ts';

/** `draft_email`: kept in Zone 1 under the session that made it, until a grant of `send_email` takes it. */
export const draftEmailDoer: Doer = {
  prepare: (station, tx, session, requested) => {
    const kept = tx.all(sql.selectFrom('drafts').select('did').where('sid', '=', session.sid));
    if (kept.length >= LIMITS.draftsPerSessionMax.value) {
      return refused('rate_limited', 'this session keeps as many drafts as it may', { retry_after_ms: 3_600_000 });
    }
    const mail = resolveMail(tx, session, station.confirmed.contacts(), requested);
    if (!mail.ok) return mail;
    const draft = JSON.parse(draftOf(mail.value, session)) as Json;
    return accepted({
      resolved: draft,
      values: mail.value.values,
      payloadLabel: mail.value.payload,
      sources: mail.value.sources,
      warnedSources: mail.value.warnedSources,
      references: mail.value.references,
      payload: null,
      units: { items: 0 },
    });
  },
  performHere: (station, tx, session, request) => {
    const did = makeId('d_', station.random);
    const { labels } = JSON.parse(request.resolved) as { labels: [string, Label][] };
    tx.run(
      sql.insertInto('drafts').values({
        did,
        sid: session.sid,
        params: request.resolved,
        label: JSON.stringify(joinAll(labels.map(([, label]) => label))),
        at_ms: station.clock.wallMs(),
      }),
    );
    return accepted({ draft: did });
  },
};
