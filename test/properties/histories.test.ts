import { expect, it } from 'vitest';
import { sql } from '../../src/state/index.ts';
import { letterParams, makeWorlds, type World } from './histories-world.ts';
import { runHistories } from './histories-run.ts';

/** `npm run redteam` and `HISTORIES=100000` run them all; a test run takes a sample with a fresh seed. */
const COUNT = Number(process.env['HISTORIES'] ?? 1_500);

it(`${COUNT} random histories never act without a grant, never grant without a decision, never act twice`, async () => {
  const tally = await runHistories(COUNT);
  console.log(JSON.stringify(tally));
  expect(tally.histories).toBe(COUNT);
  expect(tally.acts).toBeGreaterThan(COUNT / 20);
  expect(tally.restarts).toBeGreaterThan(COUNT / 2);
}, 3_600_000);

it('and they notice stations that do not hear the stop', async () => {
  const sabotage = (world: World): void => void (world.deaf = true);
  const broken: unknown = await runHistories(2_000, { seed: 7, sabotage }).catch((error: unknown) => error);
  expect(broken).toMatchObject({
    cause: { message: expect.stringMatching(/after a kill|nothing after kill/) as unknown },
  });
}, 120_000);

it('and the same stations do send what is asked for, approved and executed', async () => {
  const world = await makeWorlds()();
  const [session] = world.sessions;
  if (session === undefined) throw new Error('no session');
  const asked = await world.zone(session, {
    type: 'capability_request',
    action: 'send_email',
    params: letterParams(0),
  });
  const row = world.db.get(sql.selectFrom('approvals').select(['apr', 'ah']));
  await world.owner({ type: 'approvals_answer', approval: row?.apr, ah: row?.ah, verdict: 'approve' });
  const { token } = await world.zone(session, { type: 'approval_status', request_id: asked['request_id'] });
  await world.zone(session, { type: 'execute', token, action: 'send_email', params: letterParams(0) });
  await world.turn();
  expect(world.effects).toHaveLength(0);
  world.clock.pass(11_000);
  await world.turn();
  expect(world.effects).toHaveLength(1);
});
