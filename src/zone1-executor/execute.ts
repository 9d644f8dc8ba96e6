import {
  accepted,
  makeId,
  refused,
  type Approval,
  type Decision,
  type DecisionRequest,
  type GrantId,
  type Json,
  type Outcome,
} from '../contracts/index.ts';
import { askApproval, type Asked } from '../control/index.ts';
import { sql, type Reader, type Tables, type Tx } from '../state/index.ts';
import { DOERS } from './actions/index.ts';
import {
  freezeAsk,
  parseAsk,
  recordAsk,
  recordDecision,
  requestedHash,
  type CapabilityAsk,
  type FrozenAsk,
  type ParsedAsk,
} from './ask.ts';
import { mint, redeem, type GrantClaims, type GrantKey, type GrantTerms, type LiveGrant } from './grant.ts';
import { intend, settle, type Entry } from './journal.ts';
import { approvalCaps, delayOf, judge, limitHit, moment, rateWait, stillAllowed } from './judge.ts';
import type { Station } from './ports.ts';
import { countUnits, retryAfter } from './rates.ts';
import { findSession, type Session } from './sessions.ts';
import { approvalContent } from './show.ts';

/** A grant that was minted in a durable step and is signed after it. */
export interface Minted {
  readonly jti: GrantId;
  readonly terms: GrantTerms;
}

export type Asking =
  | { readonly kind: 'allowed'; readonly rid: string; readonly qh: string; readonly minted: Minted }
  | { readonly kind: 'pending'; readonly rid: string; readonly qh: string; readonly approval: Approval };

/**
 * From an ask to a grant or a question, in one durable step: parse, resolve and build, decide, then mint or ask.
 * What is refused on the way is recorded with its reason.
 */
export async function ask(station: Station, session: Session, what: CapabilityAsk): Promise<Outcome<Asking>> {
  const parsed = parseAsk(station, what);
  if (!parsed.ok) return parsed;
  return station.ledger.commit((tx) => askInStep(station, tx, session.sid, parsed.value));
}

function askInStep(station: Station, tx: Tx, sid: string, parsed: ParsedAsk): Outcome<Asking> {
  const session = findSession(tx, sid);
  if (session === undefined || !session.open) return refused('not_found', 'the session has ended');
  const frozen = freezeAsk(station, tx, session, parsed);
  if (!frozen.ok) return frozen;
  const decision = judge(station, frozen.value.facts);
  if (decision.kind === 'deny') return deny(station, tx, session, frozen.value, decision);
  const wait = rateWait(station, tx, frozen.value, decision.obligations.rates);
  if (wait > 0) {
    limitHit(station, tx, session, frozen.value, wait);
    return refused('rate_limited', 'the rate of this action is spent; wait', { retry_after_ms: wait });
  }
  return decision.obligations.approval === 'none'
    ? grantNow(station, tx, session, frozen.value, decision)
    : question(station, tx, session, frozen.value, decision);
}

function deny(
  station: Station,
  tx: Tx,
  session: Session,
  frozen: FrozenAsk,
  decision: Decision & { kind: 'deny' },
): Outcome<Asking> {
  recordAsk(station, tx, session, frozen, { decision, state: 'denied' });
  recordDecision(station, tx, session, frozen, decision, decision.code === 'killed' ? 'killed' : 'forbidden');
  return refused(decision.code, decision.reason);
}

function grantNow(station: Station, tx: Tx, session: Session, frozen: FrozenAsk, decision: Decision): Outcome<Asking> {
  recordAsk(station, tx, session, frozen, { decision, state: 'allowed' });
  recordDecision(station, tx, session, frozen, decision, 'ok');
  countUnits(tx, frozen.declaration.name, frozen.prepared.units, station.clock.wallMs());
  const terms = termsOf(station, session, frozen, null);
  const minted = { jti: mint(station, tx, terms), terms };
  return accepted({ kind: 'allowed', rid: frozen.rid, qh: frozen.qh, minted });
}

function question(
  station: Station,
  tx: Tx,
  session: Session,
  frozen: FrozenAsk,
  decision: Decision & { kind: 'allow' },
): Outcome<Asking> {
  const { payload } = frozen.prepared;
  const { approval: rule } = decision.obligations;
  if (payload === null || rule === 'none')
    return refused('policy_denied', 'this action cannot be put to a person; change the policy');
  const asked = askApproval(
    tx,
    {
      id: makeId('a_', station.random),
      request: frozen.rid,
      session: session.sid,
      rule,
      action: frozen.declaration.name,
      ph: frozen.ph,
      wh: payload.wh,
      ah: frozen.ah,
      content: approvalContent(station, tx, session, frozen, payload.shown, decision.red),
      delayMs: delayOf(station, decision),
      ...whoAsks(tx, session),
    },
    moment(station),
    { caps: approvalCaps(station), hash: station.subjectHash },
  );
  return answerAsked(station, tx, session, frozen, decision, asked);
}

function answerAsked(
  station: Station,
  tx: Tx,
  session: Session,
  frozen: FrozenAsk,
  decision: Decision,
  asked: Asked,
): Outcome<Asking> {
  switch (asked.kind) {
    case 'capped':
      return refused(
        'rate_limited',
        asked.sessionClosed
          ? 'this session has asked on after a refusal and may not ask any more'
          : 'too many questions wait or were put today; wait',
        {
          retry_after_ms: asked.retryAfterMs,
        },
      );
    case 'same':
      return accepted({ kind: 'pending', rid: asked.approval.request, qh: frozen.qh, approval: asked.approval });
    case 'asked':
      recordAsk(station, tx, session, frozen, { decision, state: 'pending' });
      recordDecision(station, tx, session, frozen, decision, 'ok');
      return accepted({ kind: 'pending', rid: frozen.rid, qh: frozen.qh, approval: asked.approval });
  }
}

/**
 * The owner's own words may spend the questions that are kept for them; what a stranger has touched, what a planner has
 * scheduled and what it thinks up by itself may not.
 */
function whoAsks(reader: Reader, session: Session): { origin: 'owner' | 'outside'; sender: string } {
  if (session.origin === 'instruction' || (session.origin === 'standing' && isOwnTalk(reader, session)))
    return { origin: 'owner', sender: '' };
  const [only, ...others] = session.senders;
  return { origin: 'outside', sender: only !== undefined && others.length === 0 ? only : '(several)' };
}

/** The owner has said something in this session, and nothing from outside has come to it. */
function isOwnTalk(reader: Reader, session: Session): boolean {
  const words = sql.selectFrom('instructions').select('seq').where('sid', '=', session.sid).where('task', 'is', null);
  return session.label.integrity === 'trusted' && reader.get(words.limit(1)) !== undefined;
}

/**
 * Mints the grant of an approved question, in the step that approves it.
 * INVARIANT: at most once in an approval's life (`UNIQUE(apr)`), and only while policy still allows it.
 */
export function mintApproved(station: Station, tx: Tx, approval: Approval): Outcome<Minted> {
  const request = tx.get(sql.selectFrom('requests').selectAll().where('rid', '=', approval.request));
  if (request === undefined) return refused('not_found', 'the request is not on record any more');
  const decision = judge(station, JSON.parse(request.facts) as DecisionRequest);
  if (decision.kind === 'deny') return refused(decision.code, decision.reason);
  const wait = retryAfter(tx, request.act, decision.obligations.rates, { items: 0 }, station.clock.wallMs());
  if (wait > 0)
    return refused('rate_limited', 'the rate of this action is spent; approve it later', { retry_after_ms: wait });
  countUnits(tx, request.act, { items: 0 }, station.clock.wallMs());
  tx.run(sql.updateTable('requests').set({ state: 'approved' }).where('rid', '=', request.rid));
  const { rid, zone, sid, act, qh, ph, wh, ah } = request;
  const terms: GrantTerms = {
    rid,
    zone,
    sid,
    act,
    qh,
    ph,
    wh,
    ah,
    apr: approval.id,
    pol: station.confirmed.policy().digest,
  };
  return accepted({ jti: mint(station, tx, terms), terms });
}

export type Redeemed =
  { readonly kind: 'done'; readonly value: Json } | { readonly kind: 'queued'; readonly entry: Entry };

/**
 * From a token to an act: verify, redeem and write the intent in one durable step. Acts that stay in Zone 1 happen in
 * that step; acts that leave wait in the outbox for `dispatch`.
 */
export async function execute(
  station: Station,
  key: GrantKey,
  session: Session,
  what: { readonly token: string; readonly action: string; readonly params: Json },
): Promise<Outcome<Redeemed>> {
  if (!station.armed()) return refused('killed', 'everything is stopped; the owner has to revive it at the machine');
  if (station.breakerOpen()) return refused('breaker_open', 'everything is blocked until the owner closes the breaker');
  const claims = await key.verify(what.token);
  if (!claims.ok) return claims;
  const qh = requestedHash(station, what.action, what.params);
  return station.ledger.commit((tx) => redeemInStep(station, tx, session, claims.value, { action: what.action, qh }));
}

function redeemInStep(
  station: Station,
  tx: Tx,
  session: Session,
  claims: GrantClaims,
  asked: { readonly action: string; readonly qh: string },
): Outcome<Redeemed> {
  const request = tx.get(sql.selectFrom('requests').selectAll().where('rid', '=', claims.rid));
  const now = findSession(tx, session.sid);
  if (request === undefined || now === undefined || !now.open)
    return refused('token_invalid', 'this is no token of this session; ask again');
  const grant = redeem(station, tx, claims, { zone: session.zone, sid: session.sid, act: asked.action, qh: asked.qh });
  // A grant that was redeemed and is not allowed any more is spent: it cannot be tried again under a looser policy.
  const allowed = grant.ok ? stillAllowed(station, tx, request) : grant;
  if (!grant.ok || !allowed.ok) {
    const reason = grant.ok ? 'stricter_decision' : refusalReason(grant.refusal.error);
    const details = { reason } as const;
    tx.record({ event: 'grant_refused', zone: 'zone1-executor', session: station.subjectHash(session.sid), details });
    if (!grant.ok) return grant;
    return allowed.ok ? refused('token_invalid', 'ask again') : allowed;
  }
  tx.run(sql.updateTable('requests').set({ state: 'executed' }).where('rid', '=', request.rid));
  return act(station, tx, now, request, grant.value, allowed.value);
}

function act(
  station: Station,
  tx: Tx,
  session: Session,
  request: Tables['requests'],
  grant: LiveGrant,
  how: { readonly delayMs: number },
): Outcome<Redeemed> {
  const doer = DOERS.get(request.act);
  if (doer === undefined) return refused('action_not_allowed', 'no such action');
  if (doer.performHere === null) {
    const payload = tx.get(
      sql
        .selectFrom('payloads')
        .select('bytes')
        .where('wh', '=', request.wh ?? ''),
    );
    if (payload === undefined) return refused('unavailable', 'the payload is not stored any more; ask again');
    return accepted({ kind: 'queued', entry: intend(station, tx, grant, how.delayMs, payload.bytes.length) });
  }
  intend(station, tx, grant, 0, 0);
  const done = doer.performHere(station, tx, session, request);
  settle(station, tx, grant.jti, done.ok ? 'succeeded' : 'failed', done.ok ? 'ok' : 'other');
  return done.ok ? accepted({ kind: 'done', value: done.value }) : done;
}

function termsOf(station: Station, session: Session, frozen: FrozenAsk, apr: string | null): GrantTerms {
  return {
    rid: frozen.rid,
    apr,
    zone: session.zone,
    sid: session.sid,
    act: frozen.declaration.name,
    qh: frozen.qh,
    ph: frozen.ph,
    wh: frozen.prepared.payload?.wh ?? null,
    ah: frozen.ah,
    pol: station.confirmed.policy().digest,
  };
}

function refusalReason(code: string): 'token_invalid' | 'token_expired' | 'token_used' | 'params_mismatch' {
  return code === 'token_expired' || code === 'token_used' || code === 'params_mismatch' ? code : 'token_invalid';
}
