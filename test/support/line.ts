import { parseMailAddress, type Extract, type Json, type Outcome, type SessionId } from '../../src/contracts/index.ts';
import { answerApproval, type Answer } from '../../src/control/index.ts';
import { putExtract, putRaw } from '../../src/zone1-executor/content-store.ts';
import {
  ask,
  execute,
  mintApproved,
  type Asking,
  type Minted,
  type Redeemed,
} from '../../src/zone1-executor/execute.ts';
import { moment } from '../../src/zone1-executor/judge.ts';
import { GrantKey } from '../../src/zone1-executor/grant.ts';
import { deliver, findSession, openSession, type Session } from '../../src/zone1-executor/sessions.ts';
import { extractOf, sha256Hex, type Bench } from './station.ts';

/** Stores a message as intake and a reader would, and opens an item session that was given it. */
export async function itemSession(
  bench: Bench,
  parts: Partial<Extract> = {},
): Promise<{ session: Session; ref: string; kid: string }> {
  const { station } = bench;
  const kid = await storeMessage(bench, parts);
  return station.ledger.commit((tx) => {
    const { sid } = openSession(station, tx, { zone: 'zone2-planner', origin: 'item' });
    const { ref } = deliver(station, tx, sid, kid, 'item');
    return { session: found(findSession(tx, sid)), ref, kid };
  });
}

export async function storeMessage(bench: Bench, parts: Partial<Extract> = {}): Promise<string> {
  const { station } = bench;
  const extract = extractOf(parts);
  const bytes = Buffer.from(JSON.stringify(extract));
  return station.ledger.commit((tx) => {
    const kid = found(
      putRaw(station, tx, {
        channel: extract.channel,
        key: `${Math.random()}`,
        bytes,
        sha256: sha256Hex(bytes),
        receivedMs: station.clock.wallMs(),
      }) ?? undefined,
    );
    putExtract(station, tx, kid, {
      extract,
      messageId: '<m1@example.org>',
      sender: parseMailAddress(extract.from)?.key ?? '',
    });
    return kid;
  });
}

/** A session of the owner's own words. */
export function ownSession(bench: Bench, named: readonly string[] = []): Promise<Session> {
  const { station } = bench;
  return station.ledger.commit((tx) =>
    openSession(station, tx, { zone: 'zone2-planner', origin: 'instruction', named }),
  );
}

export function fresh(bench: Bench, sid: SessionId): Session {
  return found(findSession(bench.station.ledger.reader, sid));
}

export function askFor(
  bench: Bench,
  session: Session,
  params: Json,
  action = 'send_email',
  rationale = '',
): Promise<Outcome<Asking>> {
  return ask(bench.station, session, { action, params: params as Record<string, unknown>, rationale });
}

/** Answers yes as the control desk does: approval and mint in one step. */
export function approve(bench: Bench, asked: Outcome<Asking>, more: Partial<Answer> = {}): Promise<Outcome<Minted>> {
  const { station } = bench;
  if (!asked.ok || asked.value.kind !== 'pending') throw new Error('nothing was asked');
  const { id, ah } = asked.value.approval;
  return station.ledger.commit((tx) => {
    const answered = answerApproval(tx, { id, ah, verdict: 'approve', method: 'terminal', ...more }, moment(station), {
      hash: station.subjectHash,
    });
    return answered.ok ? mintApproved(station, tx, answered.value) : answered;
  });
}

export async function run(
  bench: Bench,
  key: GrantKey,
  session: Session,
  minted: Minted,
  params: Json,
  action = minted.terms.act,
): Promise<Outcome<Redeemed>> {
  const token = await key.sign(minted.jti, minted.terms);
  return execute(bench.station, key, session, { token, action, params });
}

export function keyOf(bench: Bench): GrantKey {
  return new GrantKey(bench.station.random, bench.station.clock);
}

export function accept<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(`refused: ${outcome.refusal.error}: ${outcome.refusal.message}`);
}

export function refusal(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'accepted' : outcome.refusal.error;
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not found');
  return value;
}
