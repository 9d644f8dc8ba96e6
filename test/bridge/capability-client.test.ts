import { afterEach, describe, expect, it } from 'vitest';
import { CapabilityClient, hashOfParams, serveFrames } from '../../src/bridge/index.ts';
import { ScriptedZone1, SESSION } from '../zone2-planner/scripted-zone1.ts';

const MAIL = { to: ['ann@example.org'], subject: 'Hi', body: 'Hello' };
const open: { zone1: ScriptedZone1; client: CapabilityClient }[] = [];

async function pair(): Promise<{ zone1: ScriptedZone1; client: CapabilityClient }> {
  const zone1 = await new ScriptedZone1().listen();
  const made = { zone1, client: new CapabilityClient({ socketPath: zone1.socketPath, retryMs: 2_000 }) };
  open.push(made);
  return made;
}

afterEach(async () => {
  for (const { zone1, client } of open.splice(0)) {
    await client.close();
    await zone1.close();
    expect(zone1.faults.filter((fault) => fault.startsWith('off the wire'))).toEqual([]);
  }
});

describe('capability client', () => {
  it('answers ping and hello with the zone and session that the socket stands for', async () => {
    const { client } = await pair();
    expect(await client.ping()).toEqual({ zone: 'zone2-planner' });
    expect(await client.hello()).toEqual({ zone: 'zone2-planner', session: SESSION });
  });

  it('asks, waits for the person and executes what was approved', async () => {
    const { zone1, client } = await pair();
    const asked = await client.requestCapability('send_email', MAIL, { rationale: 'a test' });
    expect(asked).toMatchObject({ kind: 'pending', paramsHash: hashOfParams('send_email', MAIL) });
    if (asked.kind !== 'pending') return;
    const approved = await client.waitForApproval(asked.requestId);
    expect(approved.kind).toBe('approved');
    if (approved.kind !== 'approved') return;
    expect(await client.executeWithToken(approved.token, 'send_email', MAIL)).toEqual({
      kind: 'ok',
      value: { state: 'succeeded' },
    });
    expect(zone1.acts).toHaveLength(1);
  });

  it('returns a refusal for parameters that were swapped after approval, and acts for the ones that were asked', async () => {
    const { zone1, client } = await pair();
    zone1.decide = () => 'allow';
    const asked = await client.requestCapability('send_email', MAIL);
    if (asked.kind !== 'allowed') throw new Error('not allowed');
    const swapped = await client.executeWithToken(asked.token, 'send_email', { ...MAIL, to: ['eve@example.com'] });
    expect(swapped).toMatchObject({ kind: 'refused', error: 'params_mismatch' });
    expect(zone1.acts).toHaveLength(0);
    expect((await client.executeWithToken(asked.token, 'send_email', MAIL)).kind).toBe('ok');
    expect(await client.executeWithToken(asked.token, 'send_email', MAIL)).toMatchObject({
      kind: 'refused',
      error: 'token_invalid',
    });
    expect(zone1.acts).toHaveLength(1);
  });

  it('returns the refusals of Zone 1 as values with their code', async () => {
    const { client } = await pair();
    expect(await client.requestCapability('format_disk', {})).toMatchObject({
      kind: 'refused',
      error: 'action_not_allowed',
    });
    expect(await client.requestCapability('send_email', {})).toMatchObject({
      kind: 'refused',
      error: 'invalid_params',
      requiresApproval: true,
    });
  });

  it('tells denial from silence', async () => {
    const { zone1, client } = await pair();
    zone1.decide = ({ params }) => (params['subject'] === 'Hi' ? 'deny' : 'wait');
    const denied = await client.requestCapability('send_email', MAIL);
    const silent = await client.requestCapability('send_email', { ...MAIL, subject: 'Other' });
    if (denied.kind !== 'pending' || silent.kind !== 'pending') throw new Error('not pending');
    expect(await client.waitForApproval(denied.requestId, { timeoutMs: 1_000 })).toEqual({ kind: 'denied' });
    expect(await client.waitForApproval(silent.requestId, { timeoutMs: 50 })).toEqual({ kind: 'timeout' });
    expect(await client.waitForApproval('r_unknown')).toMatchObject({ kind: 'refused', error: 'not_found' });
  });

  it('goes on waiting for an approval when Zone 1 restarts', async () => {
    const { zone1, client } = await pair();
    zone1.decide = () => 'wait';
    const asked = await client.requestCapability('send_email', MAIL);
    if (asked.kind !== 'pending') throw new Error('not pending');
    const waiting = client.waitForApproval(asked.requestId);
    await zone1.drop();
    await zone1.listen();
    zone1.answerAll('approved');
    expect((await waiting).kind).toBe('approved');
  });

  it('refuses to believe an answer about other parameters than it asked for', async () => {
    const zone1 = await new ScriptedZone1().listen();
    const socketPath = `${zone1.directory}/lying.sock`;
    const lying = await serveFrames({
      path: socketPath,
      mode: 0o600,
      handle: async () => ({
        type: 'capability_response',
        request_id: 'r_1',
        decision: 'allowed',
        requires_approval: false,
        params_hash: hashOfParams('send_email', { ...MAIL, to: ['eve@example.com'] }),
        token: 'token',
      }),
    });
    const client = new CapabilityClient({ socketPath });
    expect(await client.requestCapability('send_email', MAIL)).toMatchObject({
      kind: 'refused',
      error: 'params_mismatch',
    });
    await client.close();
    await lying.close();
    await zone1.close();
  });

  it('throws connection_lost when nobody listens and after close', async () => {
    const client = new CapabilityClient({ socketPath: '/nonexistent/zone-bridge.sock', retryMs: 0 });
    await expect(client.ping()).rejects.toMatchObject({ code: 'connection_lost' });
    await client.close();
    await expect(client.ping()).rejects.toMatchObject({ code: 'connection_lost' });
  });

  it('keeps, lists and deletes tasks', async () => {
    const { client } = await pair();
    const put = await client.taskPut({ priority: 4, due: '2026-12-01T09:00:00Z', data: { text: 'x' } });
    if (put.kind !== 'ok') throw new Error('not kept');
    expect(await client.taskList()).toEqual({
      kind: 'ok',
      value: [{ task: put.value, priority: 4, due: '2026-12-01T09:00:00Z', cron: null, data: { text: 'x' } }],
    });
    expect((await client.taskDelete(put.value)).kind).toBe('ok');
    expect(await client.taskDelete(put.value)).toMatchObject({ kind: 'refused', error: 'not_found' });
  });
});
