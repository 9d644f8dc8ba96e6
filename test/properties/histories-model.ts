import { sql } from '../../src/state/index.ts';
import type { World } from './histories-world.ts';

/** What an onlooker knows who counts a thing as done only when it was answered, and as possible when the answer was lost. */
export interface Model {
  readonly asked: { rid: string; session: number; letter: number; askedAt: number }[];
  readonly approved: Map<string, number>;
  readonly denied: Set<string>;
  readonly redeemed: Set<string>;
  readonly tokens: Map<
    string,
    { token: string; session: number; letter: number; rid: string; bornAt: number; bootId: string }
  >;
  readonly frees: { token: string; session: number; used: number }[];
}

export class Broken extends Error {}

export function must(condition: boolean, promise: string): void {
  if (!condition) throw new Broken(promise);
}

/** Asked by the provider itself, before the effect counts. */
export function judgeEffect(world: World, model: Model, jti: string, wh: string): void {
  const grant = world.db.get(sql.selectFrom('grants').selectAll().where('jti', '=', jti));
  must(grant !== undefined && grant.state === 'used', 'never an effect without a grant');
  const rid = grant?.rid ?? '';
  const request = world.db.get(sql.selectFrom('requests').selectAll().where('rid', '=', rid));
  must(request?.wh === wh && grant?.wh === wh, 'what was shown is what is sent');
  must(model.approved.has(rid), 'never a grant without its decision');
  must(model.redeemed.has(rid), 'never an effect without a redemption');
  must(!model.denied.has(rid), 'a denial before dispatch wins');
  must(world.armed, 'nothing after kill');
  must(!world.effects.some((effect) => effect.jti === jti || ridOf(world, effect.jti) === rid), 'never twice');
}

export function judgeBooks(world: World, model: Model): void {
  for (const grant of world.db.all(sql.selectFrom('grants').selectAll())) {
    if (grant.apr !== null) must(model.approved.has(grant.rid), 'never a grant without its decision');
    else must(grant.act !== 'send_email', 'an outbound grant names its approval');
  }
  for (const entry of world.db.all(sql.selectFrom('journal').selectAll())) {
    if (entry.act !== 'send_email') continue;
    const done = world.effects.filter(({ jti }) => jti === entry.jti).length;
    must(done <= 1, 'never twice');
    if (entry.state === 'succeeded') must(done === 1, 'what the journal calls done was done');
    if (entry.state === 'failed' || entry.state === 'intended')
      must(done === 0, 'what the journal calls undone was not done');
  }
  for (const { jti } of world.effects) {
    must(
      world.db.get(sql.selectFrom('journal').select('jti').where('jti', '=', jti)) !== undefined,
      'never an effect without its intent',
    );
  }
}

export function ridOf(world: World, jti: string): string {
  return world.db.get(sql.selectFrom('grants').select('rid').where('jti', '=', jti))?.rid ?? '';
}
