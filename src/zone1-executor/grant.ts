import { jwtVerify, SignJWT } from 'jose';
import * as z from 'zod';
import {
  accepted,
  LIMITS,
  makeId,
  refused,
  toAuditAction,
  type Clock,
  type GrantId,
  type Outcome,
  type RandomBytes,
  type SubjectHash,
} from '../contracts/index.ts';
import { prepare, sql, type Tables, type Tx } from '../state/index.ts';

const TYPE = 'hs-grant+jwt';
const ALGORITHM = 'HS256';

/** What a grant binds. `qh`, `ph`, `wh`, `ah` are the hashes of the design, section 7. */
export interface GrantTerms {
  readonly rid: string;
  readonly apr: string | null;
  readonly zone: string;
  readonly sid: string;
  readonly act: string;
  readonly qh: string;
  readonly ph: string;
  readonly wh: string | null;
  readonly ah: string;
  readonly pol: string;
}

/** A grant whose token was verified and whose row was marked used in this very step. Made by `redeem` alone. */
export interface LiveGrant {
  readonly jti: GrantId;
  readonly row: Tables['grants'];
}

// The seal: a value that merely looks like a grant is not in here.
const live = new WeakSet<LiveGrant>();

/** True only for a value that `redeem` returned in this process. */
export function isLive(grant: LiveGrant): boolean {
  return live.has(grant);
}

const INSERT = prepare<keyof Tables['grants'], unknown>((hole) =>
  sql.insertInto('grants').values({
    jti: hole('jti'),
    rid: hole('rid'),
    apr: hole('apr'),
    sid: hole('sid'),
    act: hole('act'),
    qh: hole('qh'),
    ph: hole('ph'),
    wh: hole('wh'),
    ah: hole('ah'),
    pol: hole('pol'),
    state: hole<'minted'>('state'),
    expires_boot_ms: hole('expires_boot_ms'),
    boot_id: hole('boot_id'),
  }),
);
const BY_JTI = prepare<'jti', Tables['grants']>((hole) =>
  sql.selectFrom('grants').selectAll().where('jti', '=', hole<string>('jti')),
);
const MARK_USED = prepare<'jti', unknown>((hole) =>
  sql.updateTable('grants').set({ state: 'used' }).where('jti', '=', hole<string>('jti')).where('state', '=', 'minted'),
);

interface GrantPorts {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly subjectHash: SubjectHash;
}

/**
 * Mints in the caller's durable step. A second grant of one request or one approval violates a UNIQUE column and takes
 * the whole step back. The token is signed after the step is durable.
 */
export function mint(ports: GrantPorts, tx: Tx, terms: GrantTerms): GrantId {
  const jti = makeId('g_', ports.random);
  const { zone: _, ...row } = terms;
  tx.run(
    INSERT({
      ...row,
      jti,
      state: 'minted',
      expires_boot_ms: ports.clock.bootMs() + LIMITS.grantTtlMs.value,
      boot_id: ports.clock.bootId,
    }),
  );
  tx.record({
    event: 'grant_minted',
    zone: 'zone1-executor',
    session: ports.subjectHash(terms.sid),
    action: toAuditAction(terms.act),
    subject: ports.subjectHash(terms.rid),
    details: { expires_in_ms: LIMITS.grantTtlMs.value },
  });
  return jti;
}

const claimsSchema = z.object({
  jti: z.string(),
  sub: z.string(),
  sid: z.string(),
  act: z.string(),
  qh: z.string(),
  ph: z.string(),
  wh: z.string().nullable(),
  ah: z.string(),
  rid: z.string(),
  apr: z.string().nullable(),
  pol: z.string(),
  exp: z.number(),
});
export type GrantClaims = z.infer<typeof claimsSchema>;

/** Signs and verifies tokens with a key that lives as long as this process. */
export class GrantKey {
  readonly #key: Uint8Array;
  readonly #clock: Clock;

  constructor(random: RandomBytes, clock: Clock) {
    this.#key = Uint8Array.from(random(32));
    this.#clock = clock;
  }

  /** The token of a minted grant. Its text is not canonical and is never compared; `jti` is its identity. */
  sign(jti: GrantId, terms: GrantTerms): Promise<string> {
    const { zone, ...claims } = terms;
    const now = Math.floor(this.#clock.wallMs() / 1_000);
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
      .setJti(jti)
      .setSubject(zone)
      .setExpirationTime(now + Math.floor(LIMITS.grantTtlMs.value / 1_000))
      .sign(this.#key);
  }

  /** The claims of a token of ours, or the refusal. Says nothing of whether the grant was used: the row does. */
  async verify(token: string): Promise<Outcome<GrantClaims>> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [ALGORITHM],
        typ: TYPE,
        currentDate: new Date(this.#clock.wallMs()),
        requiredClaims: ['jti', 'sub', 'exp'],
      });
      return accepted(claimsSchema.parse(payload));
    } catch (error) {
      const expired = error instanceof Error && 'code' in error && error.code === 'ERR_JWT_EXPIRED';
      return expired
        ? refused('token_expired', 'the token has expired; ask again')
        : refused('token_invalid', 'this is no token of this executor; ask again');
    }
  }
}

/** What the zone says it is redeeming: who it is comes from the socket, the rest from its message. */
export interface Redemption {
  readonly zone: string;
  readonly sid: string;
  readonly act: string;
  readonly qh: string;
}

/**
 * Marks the grant used in the caller's durable step and returns it sealed.
 * INVARIANT: of any number of redemptions of one grant exactly one leaves here accepted.
 */
export function redeem(ports: GrantPorts, tx: Tx, claims: GrantClaims, asked: Redemption): Outcome<LiveGrant> {
  const row = tx.get(BY_JTI({ jti: claims.jti }));
  // A token of another session is as good as none: neither says that the other exists.
  if (row === undefined || claims.sid !== asked.sid || claims.sub !== asked.zone || row.sid !== asked.sid) {
    return refused('token_invalid', 'this is no token of this session; ask again');
  }
  if (
    row.act !== asked.act ||
    row.qh !== asked.qh ||
    claims.qh !== row.qh ||
    claims.wh !== row.wh ||
    claims.ah !== row.ah
  ) {
    return refused('params_mismatch', 'the token is bound to other parameters; ask for these');
  }
  if (row.state === 'used') return refused('token_used', 'the token was used; it works once');
  if (row.state === 'void') return refused('token_invalid', 'the token was voided; ask again');
  if (row.boot_id !== ports.clock.bootId || ports.clock.bootMs() >= row.expires_boot_ms) {
    return refused('token_expired', 'the token has expired; ask again');
  }
  const marked = tx.run(MARK_USED({ jti: row.jti }));
  if (marked !== 1) return refused('token_used', 'the token was used; it works once');
  const age = LIMITS.grantTtlMs.value - (row.expires_boot_ms - ports.clock.bootMs());
  tx.record({
    event: 'grant_redeemed',
    zone: 'zone1-executor',
    session: ports.subjectHash(row.sid),
    action: toAuditAction(row.act),
    subject: ports.subjectHash(row.rid),
    details: { age_ms: Math.max(0, Math.round(age)) },
  });
  const grant: LiveGrant = { jti: row.jti as GrantId, row };
  live.add(grant);
  return accepted(grant);
}

/** Voids grants that were minted and not used: all, of one session, or of one request. Returns how many. */
export function voidGrants(
  ports: GrantPorts,
  tx: Tx,
  which: { readonly all: true } | { readonly sid: string } | { readonly rid: string },
  reason: 'restart' | 'time_stepped' | 'denied' | 'stricter_decision' | 'session_closed' | 'policy_changed',
): number {
  const minted = sql.selectFrom('grants').select(['jti', 'rid', 'act']).where('state', '=', 'minted');
  const rows = tx.all(
    'all' in which
      ? minted
      : 'sid' in which
        ? minted.where('sid', '=', which.sid)
        : minted.where('rid', '=', which.rid),
  );
  for (const row of rows) {
    tx.run(sql.updateTable('grants').set({ state: 'void' }).where('jti', '=', row.jti).where('state', '=', 'minted'));
    tx.record({
      event: 'grant_voided',
      zone: 'zone1-executor',
      action: toAuditAction(row.act),
      subject: ports.subjectHash(row.rid),
      details: { reason },
    });
  }
  return rows.length;
}
