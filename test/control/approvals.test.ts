import { describe, expect, it } from 'vitest';
import { parseAuditEvent } from '../../src/contracts/index.ts';
import {
  cancelApprovals,
  denyApproved,
  expireApprovals,
  getApproval,
  listApprovals,
  noteUnexecuted,
  reopenApproval,
  unexecuted,
} from '../../src/control/index.ts';
import { CONTENT, Desk, put } from './support/desk.ts';

const RED = { ...CONTENT, red: [{ kind: 'untrusted_destination', role: 'to', value: 'Ann@Example.org' }] } as const;

describe('one question, one answer', () => {
  it('keeps a question as it was put and approves it once', () => {
    const desk = new Desk();
    const asked = put(desk.ask(desk.openSession()));
    expect(asked).toMatchObject({ state: 'pending', content: CONTENT, expiresBootMs: desk.now.bootMs + 300_000 });
    expect(desk.answer(asked.id)).toMatchObject({ ok: true, value: { state: 'approved', method: 'terminal' } });
    expect(desk.answer(asked.id)).toMatchObject({ ok: false, refusal: { error: 'token_used' } });
    expect(desk.answer(asked.id, { verdict: 'deny' })).toMatchObject({ ok: false, refusal: { error: 'token_used' } });
  });

  it('refuses an answer to other bytes, and accepts it for the bytes shown', () => {
    const desk = new Desk();
    const asked = put(desk.ask(desk.openSession()));
    expect(desk.answer(asked.id, { ah: '3'.repeat(64) })).toMatchObject({
      ok: false,
      refusal: { error: 'params_mismatch' },
    });
    expect(desk.answer(asked.id, { ah: '3'.repeat(64), verdict: 'deny' })).toMatchObject({ ok: false });
    expect(desk.answer(asked.id)).toMatchObject({ ok: true });
  });

  it('refuses a yes after five minutes or another boot, and takes a no', () => {
    for (const change of [{ bootMs: 301_000 }, { bootId: 'boot-2' }]) {
      const desk = new Desk();
      const asked = put(desk.ask(desk.openSession()));
      desk.now = { ...desk.now, ...change };
      expect(desk.answer(asked.id)).toMatchObject({ ok: false, refusal: { error: 'token_expired' } });
      expect(desk.answer(asked.id, { verdict: 'deny' })).toMatchObject({ ok: true, value: { state: 'denied' } });
    }
  });

  it('does not let a wall clock that is set back keep a question open', () => {
    const desk = new Desk();
    const asked = put(desk.ask(desk.openSession()));
    desk.later(300_000);
    desk.now = { ...desk.now, wallMs: desk.now.wallMs - 3_600_000 };
    expect(desk.answer(asked.id)).toMatchObject({ ok: false });
  });

  it('wants a passkey where policy says so', () => {
    const desk = new Desk();
    const asked = put(desk.ask(desk.openSession(), { rule: 'passkey' }));
    for (const method of ['terminal', 'passphrase'] as const) {
      expect(desk.answer(asked.id, { method })).toMatchObject({ ok: false, refusal: { error: 'policy_denied' } });
    }
    expect(desk.answer(asked.id, { method: 'passkey' })).toMatchObject({ ok: true });
  });

  it('wants the marked recipient typed for a red act, whole', () => {
    const desk = new Desk();
    const asked = put(desk.ask(desk.openSession(), { content: RED }));
    for (const typed of [
      undefined,
      '',
      'y',
      'yes',
      'ann@example.com',
      'ann@example.org.evil.example',
      'ann@example.org x@y.example',
    ]) {
      expect(desk.answer(asked.id, { typed })).toMatchObject({ ok: false, refusal: { error: 'invalid_params' } });
    }
    expect(desk.answer(asked.id, { typed: ' ANN@example.org ' })).toMatchObject({ ok: true });
  });

  it('wants every marked recipient, and the first one where the marks name none', () => {
    const two = [
      ...CONTENT.destinations,
      { role: 'cc', value: 'x@evil.example', audience: 'unknown', named: false, contact: null } as const,
    ];
    const desk = new Desk();
    const flow = {
      ...CONTENT,
      destinations: two,
      red: [{ kind: 'flow', sources: 1, recipients: ['x@evil.example', 'ann@example.org'] }],
    } as const;
    const asked = put(desk.ask(desk.openSession(), { content: flow }));
    expect(desk.answer(asked.id, { typed: 'x@evil.example' })).toMatchObject({ ok: false });
    expect(desk.answer(asked.id, { typed: 'x@evil.example, ann@example.org' })).toMatchObject({ ok: true });
    const warned = put(
      desk.ask(desk.openSession(), {
        content: { ...CONTENT, destinations: two, red: [{ kind: 'injection_warning', sources: 1 }] },
      }),
    );
    expect(desk.answer(warned.id, { typed: 'x@evil.example' })).toMatchObject({ ok: false });
    expect(desk.answer(warned.id, { typed: 'ann@example.org' })).toMatchObject({ ok: true });
  });

  it('never lets typing approve a red act that has no destination', () => {
    const desk = new Desk();
    const asked = put(
      desk.ask(desk.openSession(), {
        content: { ...CONTENT, destinations: [], red: [{ kind: 'injection_warning', sources: 1 }] },
      }),
    );
    for (const typed of ['', 'ann@example.org']) expect(desk.answer(asked.id, { typed })).toMatchObject({ ok: false });
    expect(desk.answer(asked.id, { verdict: 'deny' })).toMatchObject({ ok: true });
  });
});

describe('asking the same again', () => {
  it('is one question while it waits, and after any answer', () => {
    const desk = new Desk();
    const session = desk.openSession();
    const asked = put(desk.ask(session, { ph: 'p' }));
    expect(desk.ask(session, { ph: 'p' })).toMatchObject({
      kind: 'same',
      approval: { id: asked.id, state: 'pending' },
    });
    desk.answer(asked.id, { verdict: 'deny' });
    expect(desk.ask(session, { ph: 'p' })).toMatchObject({ kind: 'same', approval: { state: 'denied' } });
    expect(desk.ask(desk.openSession(), { ph: 'p' }).kind).toBe('asked');
    expect(desk.ask(session, { ph: 'q' }).kind).toBe('asked');
  });

  it('is a new question once the first was executed or cancelled', () => {
    const desk = new Desk();
    const session = desk.openSession();
    const first = put(desk.ask(session, { ph: 'p' }));
    desk.answer(first.id);
    expect(desk.ask(session, { ph: 'p' }).kind).toBe('same');
    desk.setRequest(first.request, 'executed');
    put(desk.ask(session, { ph: 'p' }));
    cancelApprovals(desk.tx, { session }, 'session_closed', desk.now, desk.ports);
    expect(desk.ask(session, { ph: 'p' }).kind).toBe('asked');
  });
});

describe('denial after approval', () => {
  it('wins until dispatch, and not after', () => {
    const desk = new Desk();
    const session = desk.openSession();
    const [a, b] = [put(desk.ask(session)), put(desk.ask(session))];
    desk.answer(a.id);
    desk.answer(b.id);
    const deny = (id: typeof a.id, dispatched: boolean, ah = a.ah): unknown =>
      denyApproved(desk.tx, { id, ah, method: 'terminal', dispatched }, desk.now, desk.ports);
    expect(deny(a.id, false, '9'.repeat(64))).toMatchObject({ ok: false, refusal: { error: 'params_mismatch' } });
    expect(deny(a.id, false)).toMatchObject({ ok: true, value: { state: 'denied' } });
    expect(deny(b.id, true)).toMatchObject({ ok: false, refusal: { error: 'token_used' } });
    expect(getApproval(desk.tx, b.id)?.state).toBe('approved');
  });
});

describe('time', () => {
  it('expires questions past their deadline and approvals whose grant is gone', () => {
    const desk = new Desk();
    const session = desk.openSession();
    const open = put(desk.ask(session));
    const granted = (state: 'minted' | 'used' | 'void'): ReturnType<typeof put> => {
      const approval = put(desk.ask(session));
      desk.answer(approval.id);
      desk.addGrant(approval.id, approval.request, state);
      return approval;
    };
    const [minted, used, voided] = [granted('minted'), granted('used'), granted('void')];
    expect(expireApprovals(desk.tx, desk.now, desk.ports).map((one) => one.id)).toEqual([voided.id]);
    desk.later(300_000);
    const ended = expireApprovals(desk.tx, desk.now, desk.ports).map((one) => one.id);
    expect(new Set(ended)).toEqual(new Set([open.id, minted.id]));
    expect(getApproval(desk.tx, used.id)?.state).toBe('approved');
    expect(expireApprovals(desk.tx, desk.now, desk.ports)).toEqual([]);
  });

  it('reopens an expired question with the same hash, never one that was approved', () => {
    const desk = new Desk();
    const session = desk.openSession();
    const [a, b] = [put(desk.ask(session)), put(desk.ask(session))];
    const reopen = (id: typeof a.id): unknown =>
      reopenApproval(desk.tx, { id, method: 'terminal' }, desk.now, desk.ports);
    expect(reopen(a.id)).toMatchObject({ ok: false, refusal: { error: 'token_used' } });
    desk.answer(b.id);
    desk.addGrant(b.id, b.request, 'minted');
    desk.later(300_001);
    expireApprovals(desk.tx, desk.now, desk.ports);
    expect(reopen(b.id)).toMatchObject({ ok: false, refusal: { error: 'token_used' } });
    expect(reopen(a.id)).toMatchObject({ ok: true, value: { state: 'pending', ah: a.ah, content: a.content } });
    expect(desk.answer(a.id)).toMatchObject({ ok: true });
  });

  it('tells once of an approval that nobody executed', () => {
    const desk = new Desk();
    const session = desk.openSession();
    const [a, b] = [put(desk.ask(session)), put(desk.ask(session))];
    desk.answer(a.id);
    desk.answer(b.id);
    desk.addGrant(b.id, b.request, 'used');
    expect(unexecuted(desk.tx, desk.now, 60_000)).toEqual([]);
    desk.later(60_000);
    const [late, ...more] = unexecuted(desk.tx, desk.now, 60_000);
    expect([late?.id, more]).toEqual([a.id, []]);
    if (late !== undefined) noteUnexecuted(desk.tx, late, desk.now, desk.ports);
    expect(unexecuted(desk.tx, desk.now, 60_000)).toEqual([]);
  });

  it('lists what waits and what is on its way, and everything with `all`', () => {
    const desk = new Desk();
    const session = desk.openSession();
    const [a, b, c] = [put(desk.ask(session)), put(desk.ask(session)), put(desk.ask(session))];
    desk.answer(b.id);
    desk.answer(c.id, { verdict: 'deny' });
    expect(new Set(listApprovals(desk.tx, { all: false }).map((one) => one.id))).toEqual(new Set([a.id, b.id]));
    expect(listApprovals(desk.tx, { all: true })).toHaveLength(3);
  });
});

it('records events without content', () => {
  const desk = new Desk();
  const session = desk.openSession();
  const asked = put(desk.ask(session, { content: { ...CONTENT, rationale: 'SECRETWORD' } }));
  desk.answer(asked.id);
  put(desk.ask(session));
  cancelApprovals(desk.tx, 'all', 'killed', desk.now, desk.ports);
  expect(desk.events.map((event) => event.event)).toEqual([
    'approval_asked',
    'approval_answered',
    'approval_asked',
    'approval_cancelled',
  ]);
  for (const event of desk.events) expect(parseAuditEvent(event)).toMatchObject({ ok: true });
  expect(JSON.stringify(desk.events)).not.toMatch(/SECRETWORD|example/);
});
