import {
  accepted,
  ACTIONS,
  canonicalJson,
  LIMITS,
  makeId,
  refused,
  toAuditAction,
  toAuditZone,
  UNBUILT_ACTIONS,
  type ActionDeclaration,
  type AuditReason,
  type Decision,
  type DecisionRequest,
  type Json,
  type Outcome,
  type RequestId,
} from '../contracts/index.ts';
import { prepare, sql, type Tables, type Tx } from '../state/index.ts';
import { DOERS, type Doer, type Prepared } from './actions/index.ts';
import { describeIssues } from './issues.ts';
import type { Station } from './ports.ts';
import type { Session } from './sessions.ts';

/** A capability request as it came over the wire. */
export interface CapabilityAsk {
  readonly action: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly rationale: string;
}

/** An ask whose shape is known to fit its action. */
export interface ParsedAsk {
  readonly declaration: ActionDeclaration;
  readonly doer: Doer;
  readonly params: Readonly<Record<string, unknown>>;
  readonly paramsText: string;
  readonly rationale: string;
  readonly qh: string;
}

/** Station one: is this an action, and do the parameters fit it? Nothing is stored for what is refused here. */
export function parseAsk(station: Station, ask: CapabilityAsk): Outcome<ParsedAsk> {
  const declaration = ACTIONS.get(ask.action);
  const doer = DOERS.get(ask.action);
  if (declaration === undefined || doer === undefined) {
    return UNBUILT_ACTIONS.has(ask.action)
      ? refused('unavailable', 'this action comes with a later part; nothing was done')
      : refused('action_not_allowed', 'no such action');
  }
  // Copied before it is checked, so that nothing can change between check and use.
  const text = canonicalJson(ask.params as Json);
  if (text.length > LIMITS.paramsBytesMax.value) return refused('too_large', 'the parameters are too long');
  const parsed = declaration.requested.safeParse(JSON.parse(text));
  if (!parsed.success) {
    const issues = describeIssues(parsed.error.issues);
    return refused('invalid_params', `the parameters do not fit \`${declaration.name}\``, {
      requires_approval: declaration.effect === 'outbound',
      issues,
    });
  }
  const qh = requestedHash(station, declaration.name, JSON.parse(text) as Json);
  return accepted({ declaration, doer, params: parsed.data, paramsText: text, rationale: ask.rationale, qh });
}

/** `qh`: SHA-256 of RFC 8785 `{action, params}`, the wire's `params_hash`. */
export function requestedHash(station: Pick<Station, 'sha256Hex'>, action: string, params: Json): string {
  return station.sha256Hex(canonicalJson({ action, params }));
}

/** An ask with all its hashes, as it will be recorded. */
export interface FrozenAsk extends ParsedAsk {
  readonly rid: RequestId;
  readonly prepared: Prepared;
  readonly resolvedText: string;
  readonly ph: string;
  readonly ah: string;
  readonly facts: DecisionRequest;
}

/** Station two: references are resolved and the payload is built, once; every hash is taken here. */
export function freezeAsk(station: Station, tx: Tx, session: Session, ask: ParsedAsk): Outcome<FrozenAsk> {
  const prepared = ask.doer.prepare(station, tx, session, ask.params);
  if (!prepared.ok) return prepared;
  const { value } = prepared;
  const rid = makeId('r_', station.random);
  const resolvedText = canonicalJson(value.resolved);
  const ph = station.sha256Hex(canonicalJson({ action: ask.declaration.name, params: value.resolved }));
  const wh = value.payload?.wh ?? null;
  const ah = station.sha256Hex(canonicalJson({ rid, act: ask.declaration.name, ph, wh, rationale: ask.rationale }));
  const facts: DecisionRequest = {
    zone: session.zone,
    origin: session.origin,
    action: ask.declaration.name,
    effect: ask.declaration.effect,
    values: value.values,
    payload: value.payloadLabel,
    sources: value.sources,
    warnedSources: value.warnedSources,
    killed: !station.armed(),
    breakerOpen: station.breakerOpen(),
  };
  return accepted({ ...ask, rid, prepared: value, resolvedText, ph, ah, facts });
}

const INSERT = prepare<keyof Tables['requests'], unknown>((hole) =>
  sql.insertInto('requests').values({
    rid: hole('rid'),
    sid: hole('sid'),
    zone: hole('zone'),
    act: hole('act'),
    params: hole('params'),
    qh: hole('qh'),
    ph: hole('ph'),
    resolved: hole('resolved'),
    wh: hole('wh'),
    facts: hole('facts'),
    decision: hole('decision'),
    policy: hole('policy'),
    rationale: hole('rationale'),
    ah: hole('ah'),
    state: hole<Tables['requests']['state']>('state'),
    at_ms: hole('at_ms'),
    expires_boot_ms: hole('expires_boot_ms'),
    boot_id: hole('boot_id'),
  }),
);

/** Records a request with the decision as it was made. `state` is what it waits for. */
export function recordAsk(
  station: Station,
  tx: Tx,
  session: Session,
  ask: FrozenAsk,
  judged: { readonly decision: Decision; readonly state: 'allowed' | 'pending' | 'denied' },
): void {
  const wh = ask.prepared.payload?.wh ?? null;
  if (ask.prepared.payload !== null && judged.state !== 'denied') {
    tx.run(
      sql
        .insertInto('payloads')
        .values({ wh: ask.prepared.payload.wh, bytes: ask.prepared.payload.bytes, kind: 'mail' })
        .onConflict((conflict) => conflict.doNothing()),
    );
  }
  tx.run(
    INSERT({
      rid: ask.rid,
      sid: session.sid,
      zone: session.zone,
      act: ask.declaration.name,
      // Of what was denied nothing will be redeemed: the facts and the hashes say what was judged.
      params: judged.state === 'denied' ? '{}' : ask.paramsText,
      qh: ask.qh,
      ph: ask.ph,
      resolved: judged.state === 'denied' ? '{}' : ask.resolvedText,
      wh,
      facts: JSON.stringify(ask.facts),
      decision: JSON.stringify(judged.decision),
      policy: station.confirmed.policy().digest,
      rationale: ask.rationale,
      ah: ask.ah,
      state: judged.state,
      at_ms: station.clock.wallMs(),
      expires_boot_ms: Math.ceil(station.clock.bootMs() + LIMITS.approvalTtlMs.value),
      boot_id: station.clock.bootId,
    }),
  );
  tx.record({
    event: 'capability_requested',
    ...aboutRequest(station, session, ask.declaration.name, ask.rid),
    details: {
      params: station.subjectHash(ask.ph),
      references: ask.prepared.references,
      influenced: ask.prepared.payloadLabel.integrity === 'untrusted',
    },
  });
}

/** Writes the decision beside the request. */
export function recordDecision(
  station: Station,
  tx: Tx,
  session: Session,
  ask: Pick<FrozenAsk, 'declaration' | 'rid'>,
  decision: Decision,
  reason: AuditReason,
): void {
  const allow = decision.kind === 'allow';
  tx.record({
    event: 'decision',
    ...aboutRequest(station, session, ask.declaration.name, ask.rid),
    details: {
      outcome: !allow ? 'deny' : decision.obligations.approval === 'none' ? 'allow' : 'require_approval',
      reason,
      policy: station.confirmed.policy().digest,
      approval: allow ? decision.obligations.approval : 'none',
      delay_ms: allow ? decision.obligations.delayMs : 0,
      red: allow && decision.red.length > 0,
    },
  });
}

function aboutRequest(
  station: Station,
  session: Session,
  action: string,
  rid: string,
): {
  zone: ReturnType<typeof toAuditZone>;
  session: string;
  action: ReturnType<typeof toAuditAction>;
  subject: string;
} {
  return {
    zone: toAuditZone(session.zone),
    session: station.subjectHash(session.sid),
    action: toAuditAction(action),
    subject: station.subjectHash(rid),
  };
}
