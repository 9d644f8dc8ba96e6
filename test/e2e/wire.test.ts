import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFrames, type Frame, type RequestClient } from '../../src/bridge/index.ts';
import { Instance, until } from './instance.ts';

// The wire as a zone speaks it, on the socket that `zone list` names: with the acceptance sentences of the plan.
const instance = new Instance();
let zone: RequestClient;

beforeAll(async () => {
  await instance.up();
  const zones = JSON.parse(instance.run('zone', 'list', '--json').out) as { name: string; socket: string }[];
  const planner = zones.find(({ name }) => name === 'zone2-planner');
  if (planner === undefined) throw new Error('no planner');
  zone = await connectFrames({ target: { path: planner.socket }, retryMs: 5_000 });
});
afterAll(async () => {
  zone.destroy();
  await instance.remove();
});

const ask = (message: object): Promise<Frame> => zone.request(message, 20_000);
const request = (action: string, params: object): Promise<Frame> => ask({ type: 'capability_request', action, params });

describe('the wire of a planner', () => {
  test('ping is answered with the zone', async () => {
    expect(await ask({ type: 'ping' })).toEqual({ type: 'pong', zone: 'zone2-planner' });
    expect(await ask({ type: 'hello', v: 1 })).toMatchObject({
      type: 'hello',
      v: 1,
      zone: 'zone2-planner',
      session: expect.stringMatching(/^s_/),
    });
    expect(await ask({ type: 'hello', v: 2 })).toMatchObject({ error: 'unknown_version' });
  });

  test('send_email without parameters says that it requires approval; format_disk is no action', async () => {
    expect(await request('send_email', {})).toMatchObject({
      type: 'error',
      error: 'invalid_params',
      requires_approval: true,
    });
    expect(await request('format_disk', {})).toMatchObject({ type: 'error', error: 'action_not_allowed' });
  });

  test('reading is allowed at once and done with its token, once', async () => {
    await until(() => {
      const { items, unhandled } = instance.run('status', '--json').json()['inbox'] as {
        items: number;
        unhandled: number;
      };
      return items >= 7 && unhandled === 0;
    }, 30_000);
    const params = { limit: 3 };
    const allowed = await request('read_email', params);
    expect(allowed).toMatchObject({ type: 'capability_response', decision: 'allowed', requires_approval: false });
    const done = await ask({ type: 'execute', token: allowed['token'], action: 'read_email', params });
    const { items, content_refs: refs } = done['value'] as { items: { body: string }[]; content_refs: string[] };
    expect([items.length, refs.length]).toEqual([3, 3]);
    expect(await ask({ type: 'execute', token: allowed['token'], action: 'read_email', params })).toMatchObject({
      error: 'token_used',
    });
    expect(await request('read_email', { content_ref: refs[0] })).toMatchObject({ decision: 'allowed' });
  });

  test('a draft is kept in Zone 1 and can be asked to be sent', async () => {
    const params = { to: ['ann@example.org'], subject: 'Hello', body: 'A draft.' };
    const allowed = await request('draft_email', params);
    const made = await ask({ type: 'execute', token: allowed['token'], action: 'draft_email', params });
    const { draft } = made['value'] as { draft: string };
    expect(draft).toMatch(/^d_/);
    expect(await request('send_email', { draft })).toMatchObject({
      decision: 'pending_approval',
      requires_approval: true,
      params_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test('notes are kept for the session, found again, and deleted', async () => {
    const put = await ask({ type: 'task_put', priority: 5, data: { kind: 'test', text: 'remember' } });
    expect(put).toMatchObject({ task: expect.stringMatching(/^t_/) });
    const list = (await ask({ type: 'task_list' }))['tasks'] as { task: string }[];
    expect(list.map(({ task }) => task)).toContain(put['task']);
    expect(await ask({ type: 'task_delete', task: put['task'] })).not.toMatchObject({ type: 'error' });
    expect(await ask({ type: 'task_delete', task: put['task'] })).toMatchObject({ error: 'not_found' });
  });

  test('an unknown type, an unknown field and a missing type are told apart', async () => {
    expect(await ask({ type: 'shutdown' })).toMatchObject({ error: 'unknown_type' });
    expect(await ask({ type: 'ping', please: true })).toMatchObject({ error: 'malformed' });
    expect(await ask({})).toMatchObject({ error: 'malformed' });
  });
});
