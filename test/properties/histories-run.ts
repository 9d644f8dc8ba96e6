import * as fc from 'fast-check';
import { sql } from '../../src/state/index.ts';
import { Broken, judgeBooks, judgeEffect, must, ridOf, type Model } from './histories-model.ts';
import { letterParams, makeWorlds, type Frame, type Weather, type World } from './histories-world.ts';

// prettier-ignore
const WEIGHTS = {
  'whole': 3, 'ask': 2, 'free': 1, 'approve': 3, 'deny': 1, 'execute': 3, 'many': 1, 'stolen': 1, 'swapped': 1, 'poll': 1, 'turn': 3, 'tick': 1, 'pass': 1, 'pass long': 1, 'pass day': 1, 'step': 1, 'kill': 1, 'revive': 1, 'crash': 1, 'fault': 1, 'weather': 1, 'edit': 1, 'reopen': 1, 'boot': 1, 'race': 1,
} as const;
const STEPS = typedKeys(WEIGHTS);
type Kind = keyof typeof WEIGHTS;
type Step = readonly [kind: Kind, a: number, b: number];

const WEATHERS: readonly Weather[] = ['answer lost', 'nothing done', 'crash after the act', 'crash before the act'];

export interface HistoriesOptions {
  readonly seed?: number;
  readonly onProgress?: (done: number) => void;
  /** Breaks the stations on purpose. */
  readonly sabotage?: (world: World) => void;
}

/** How much happened: a run in which nothing is sent proves nothing. */
export interface Tally {
  histories: number;
  asked: number;
  approved: number;
  denied: number;
  acts: number;
  restarts: number;
}

/** Runs `count` random histories; throws with the shortest one found that breaks a promise. */
export async function runHistories(count: number, options: HistoriesOptions = {}): Promise<Tally> {
  const tally: Tally = { histories: 0, asked: 0, approved: 0, denied: 0, acts: 0, restarts: 0 };
  const makeWorld = makeWorlds();
  const step: fc.Arbitrary<Step> = fc.tuple(
    fc.oneof(...STEPS.map((kind) => ({ weight: WEIGHTS[kind], arbitrary: fc.constant(kind) }))),
    fc.nat(7),
    fc.nat(7),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 40 }), async (steps) => {
      const world = await makeWorld();
      options.sabotage?.(world);
      const model = await live(world, steps);
      tally.histories += 1;
      tally.asked += model.asked.length;
      tally.approved += model.approved.size;
      tally.denied += model.denied.size;
      tally.acts += world.effects.length;
      tally.restarts += world.restarts;
      if (tally.histories % 1_000 === 0) options.onProgress?.(tally.histories);
    }),
    { numRuns: count, ...(options.seed === undefined ? {} : { seed: options.seed }), endOnFailure: false },
  );
  return tally;
}

async function live(world: World, steps: readonly Step[]): Promise<Model> {
  const model: Model = {
    asked: [],
    approved: new Map(),
    denied: new Set(),
    redeemed: new Set(),
    tokens: new Map(),
    frees: [],
  };
  world.onEffect = (jti, wh) => judgeEffect(world, model, jti, wh);
  for (const step of steps) await survive(world, () => act(world, model, step));
  // What is still on its way comes to its end, and then the books are read.
  await survive(world, async () => {
    world.clock.pass(121_000);
    await world.turn();
    await world.turn();
  });
  judgeBooks(world, model);
  return model;
}

/** A step that meets a failing disk ends the process; the next one starts over the same database. */
async function survive(world: World, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Broken || !world.failed) throw error;
  }
  if (world.failed) await world.restart();
}

async function act(world: World, model: Model, [kind, a, b]: Step): Promise<void> {
  switch (kind) {
    case 'ask':
      return ask(world, model, a, b);
    case 'whole':
      await ask(world, model, a, b);
      await answer(world, model, model.asked.length - 1, 'approve');
      return execute(world, model, model.tokens.size, { asked: model.asked.length - 1 });
    case 'free':
      return free(world, model, a);
    case 'approve':
      return answer(world, model, a, 'approve');
    case 'deny':
      return answer(world, model, a, 'deny');
    case 'execute':
      return execute(world, model, a, {});
    case 'many':
      await Promise.allSettled([1, 2, 3, 4, 5].map(() => execute(world, model, a, {}))).then(rethrow);
      return;
    case 'stolen':
      return execute(world, model, a, { session: b });
    case 'swapped':
      return execute(world, model, a, { letter: b });
    case 'poll':
      return poll(world, model, a);
    case 'turn':
      return world.turn();
    case 'tick':
      return world.tick();
    case 'race':
      await Promise.allSettled([world.turn(), answer(world, model, a, 'deny'), execute(world, model, b, {})]).then(
        rethrow,
      );
      return;
    case 'reopen':
      return reopen(world, model, a);
    case 'crash':
      return world.restart();
    default:
      return turnKnob(world, kind, a);
  }
}

async function turnKnob(world: World, kind: Step[0], a: number): Promise<void> {
  if (kind === 'pass') world.clock.pass(3_000 * (a + 1));
  if (kind === 'pass long') world.clock.pass(60_000 * (a + 1));
  if (kind === 'pass day') world.clock.pass(3_600_000 * (a + 1));
  if (kind === 'step') world.clock.wall += (a - 4) * 3_000;
  // Rarely, or little else would ever happen.
  if (kind === 'kill' && a < 2) world.armed = false;
  if (kind === 'edit' && (a < 2 || world.changed !== null)) world.changed = world.changed === null ? 'edited' : null;
  if (kind === 'fault') world.fault = a % 2 === 0 ? 'kept' : 'lost';
  if (kind === 'weather') world.weather = WEATHERS[a % WEATHERS.length] ?? 'fine';
  if (kind === 'revive' && !world.armed) {
    world.armed = true;
    await world.restart();
  }
  if (kind === 'boot' && a < 2) {
    world.clock.bootId = `00000000-0000-0000-0000-00000000000${a}`;
    world.clock.boot = 5_000 * (a + 1);
    await world.restart();
  }
}

async function ask(world: World, model: Model, a: number, letter: number): Promise<void> {
  const session = world.sessions[a % 2];
  if (session === undefined) return;
  const given = await world.zone(session, {
    type: 'capability_request',
    action: 'send_email',
    params: letterParams(letter),
  });
  must(given['token'] === undefined, 'an outbound act is never allowed without a person');
  const rid = given['request_id'];
  if (typeof rid === 'string' && !model.asked.some((one) => one.rid === rid)) {
    model.asked.push({ rid, session: a % 2, letter, askedAt: world.clock.boot });
  }
}

async function free(world: World, model: Model, a: number): Promise<void> {
  const session = world.sessions[a % 2];
  if (session === undefined) return;
  const given = await world.zone(session, {
    type: 'capability_request',
    action: 'search_emails',
    params: { query: 'x', limit: 1 },
  });
  const { token } = given;
  if (typeof token !== 'string') return;
  const mine = { token, session: a % 2, used: 0 };
  model.frees.push(mine);
  const answers = await Promise.all(
    [1, 2].map(() =>
      world.zone(session, { type: 'execute', token, action: 'search_emails', params: { query: 'x', limit: 1 } }),
    ),
  );
  mine.used = answers.filter((one) => one['type'] === 'result').length;
  must(mine.used <= 1, 'a grant of a free act works once');
}

async function answer(world: World, model: Model, a: number, verdict: 'approve' | 'deny'): Promise<void> {
  const one = model.asked[a % Math.max(1, model.asked.length)];
  const row =
    one === undefined ? undefined : world.db.get(sql.selectFrom('approvals').selectAll().where('rid', '=', one.rid));
  if (one === undefined || row === undefined) return;
  // Possible from now on: the answer may be durable and its confirmation lost.
  if (verdict === 'approve' && !model.approved.has(one.rid)) model.approved.set(one.rid, world.clock.boot);
  const given = await world.owner({ type: 'approvals_answer', approval: row.apr, ah: row.ah, verdict });
  if (given['type'] !== 'approvals_answer') return;
  if (verdict === 'approve') {
    must(world.armed, 'nothing is approved after a kill');
    must(world.changed === null, 'nothing is approved under a file that nobody confirmed');
    must(!model.denied.has(one.rid), 'a denied question is not approved');
    return;
  }
  must(!world.effects.some(({ jti }) => ridOf(world, jti) === one.rid), 'a denial that was taken came before the act');
  model.denied.add(one.rid);
}

async function poll(world: World, model: Model, a: number): Promise<void> {
  const one = model.asked[a % Math.max(1, model.asked.length)];
  const session = world.sessions[one?.session ?? 0];
  if (one === undefined || session === undefined) return;
  const answers: Frame[] = await Promise.all(
    [1, 2, 3].map(() => world.zone(session, { type: 'approval_status', request_id: one.rid })),
  );
  const distinct = new Set(answers.flatMap(({ token }) => (typeof token === 'string' ? [token] : [])));
  must(distinct.size <= 1, 'polls carry one token');
  for (const token of distinct) {
    must(model.approved.has(one.rid), 'no grant without its decision');
    const known = model.tokens.get(one.rid);
    must(known === undefined || known.token === token, 'one grant in the life of an approval');
    if (known === undefined)
      model.tokens.set(one.rid, {
        token,
        session: one.session,
        letter: one.letter,
        rid: one.rid,
        bornAt: world.clock.boot,
        bootId: world.clock.bootId,
      });
  }
}

async function execute(
  world: World,
  model: Model,
  a: number,
  wrong: { session?: number; letter?: number; asked?: number },
): Promise<void> {
  await poll(world, model, wrong.asked ?? a);
  const held = [...model.tokens.values()];
  const one = held.find(({ rid }) => rid === model.asked[wrong.asked ?? -1]?.rid) ?? held[a % Math.max(1, held.length)];
  if (one === undefined) return;
  const from = (wrong.session ?? one.session) % 2;
  const letter = wrong.letter ?? one.letter;
  const session = world.sessions[from];
  if (session === undefined) return;
  const right = from === one.session && sameLetter(letter, one.letter);
  const wasRedeemed = model.redeemed.has(one.rid);
  if (right) model.redeemed.add(one.rid);
  const given = await world.zone(session, {
    type: 'execute',
    token: one.token,
    action: 'send_email',
    params: letterParams(letter),
  });
  if (given['type'] !== 'result') {
    if (right && !wasRedeemed && !world.failed && given['error'] !== 'token_used') model.redeemed.delete(one.rid);
    return;
  }
  must(right, 'a token works for its session and its parameters only');
  must(!model.denied.has(one.rid), 'a token of a denied act is void');
  must(world.armed && world.changed === null, 'nothing is redeemed after a kill or under an unconfirmed file');
  must(world.clock.bootId === one.bootId, 'a token does not outlive its boot');
  must(world.clock.boot - one.bornAt < 300_000 + 1, 'a token lives five minutes');
}

async function reopen(world: World, model: Model, a: number): Promise<void> {
  const one = model.asked[a % Math.max(1, model.asked.length)];
  const row =
    one === undefined ? undefined : world.db.get(sql.selectFrom('approvals').select('apr').where('rid', '=', one.rid));
  if (row !== undefined) await world.owner({ type: 'approvals_reopen', approval: row.apr });
}

function sameLetter(a: number, b: number): boolean {
  return JSON.stringify(letterParams(a)) === JSON.stringify(letterParams(b));
}

function typedKeys<T extends object>(of: T): (keyof T)[] {
  return Object.keys(of) as (keyof T)[];
}

/** A broken promise inside acts that ran side by side is still one. */
function rethrow(results: readonly PromiseSettledResult<unknown>[]): void {
  const failed = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
  const broken = failed.find((reason) => reason instanceof Broken) ?? failed[0];
  if (broken !== undefined) throw broken;
}
