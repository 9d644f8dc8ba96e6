import { describe, expect, it } from 'vitest';
import { DEFAULT_CAPS } from '../../src/control/index.ts';
import { Desk, put } from './support/desk.ts';

const DAY = 86_400_000;
const outside = (sender: string): { origin: 'outside'; sender: string } => ({ origin: 'outside', sender });

describe('caps on questions', () => {
  it('puts five of one session and no sixth until one is answered', () => {
    const desk = new Desk();
    const session = desk.openSession();
    const first = put(desk.ask(session));
    for (let i = 0; i < 4; i++) put(desk.ask(session));
    desk.later(1_000);
    expect(desk.ask(session)).toEqual({ kind: 'capped', retryAfterMs: 299_000, sessionClosed: false });
    put(desk.ask(desk.openSession()));
    desk.answer(first.id, { verdict: 'deny' });
    put(desk.ask(session));
  });

  it('frees the places of a session when its questions expire, swept or not', () => {
    const desk = new Desk();
    const session = desk.openSession();
    for (let i = 0; i < 5; i++) put(desk.ask(session));
    desk.later(300_000);
    put(desk.ask(session));
  });

  it('puts twenty a day over all sessions, and the next when the oldest is a day old', () => {
    const desk = new Desk();
    for (let i = 0; i < 20; i++) put(desk.later(1_000).ask(desk.openSession()));
    const session = desk.openSession();
    expect(desk.ask(session)).toEqual({ kind: 'capped', retryAfterMs: DAY - 19_000, sessionClosed: false });
    desk.later(DAY - 19_000);
    put(desk.ask(session));
    expect(desk.ask(desk.openSession()).kind).toBe('capped');
  });

  it('puts three a day from one claimed sender, however it is spelt and whatever session it is in', () => {
    const desk = new Desk();
    for (const sender of ['eve@x.example', 'EVE@x.example', 'Eve@X.example'])
      put(desk.ask(desk.openSession(), outside(sender)));
    expect(desk.ask(desk.openSession(), outside('eve@x.example'))).toMatchObject({ kind: 'capped', retryAfterMs: DAY });
    put(desk.ask(desk.openSession(), outside('ann@x.example')));
  });

  it('counts mail without a sender as one stranger, never as the owner', () => {
    const desk = new Desk();
    for (let i = 0; i < 3; i++) put(desk.ask(desk.openSession(), outside('')));
    expect(desk.ask(desk.openSession(), outside('')).kind).toBe('capped');
    put(desk.ask(desk.openSession(), { origin: 'owner', sender: '' }));
  });

  it('keeps five questions that strangers together cannot spend', () => {
    const desk = new Desk();
    for (let i = 0; i < 15; i++) put(desk.ask(desk.openSession(), outside(`s${i}@x.example`)));
    expect(desk.ask(desk.openSession(), outside('new@x.example')).kind).toBe('capped');
    for (let i = 0; i < 5; i++) put(desk.ask(desk.openSession(), { origin: 'owner' }));
    expect(desk.ask(desk.openSession(), { origin: 'owner' }).kind).toBe('capped');
  });

  it('counts a question for the day whatever became of it', () => {
    const desk = new Desk({ ...DEFAULT_CAPS, questionsPerDay: 2, questionsReservedForOwner: 0 });
    for (let i = 0; i < 2; i++) desk.answer(put(desk.ask(desk.openSession())).id, { verdict: 'deny' });
    expect(desk.ask(desk.openSession()).kind).toBe('capped');
  });

  it('does not free a day when the clock is set back', () => {
    const desk = new Desk({ ...DEFAULT_CAPS, questionsPerDay: 1 });
    put(desk.ask(desk.openSession()));
    desk.now = { ...desk.now, wallMs: desk.now.wallMs - 10 * DAY };
    expect(desk.ask(desk.openSession()).kind).toBe('capped');
  });

  it('lets nobody ask where the caps are zero, and no session that is not on record', () => {
    const none = new Desk({ ...DEFAULT_CAPS, questionsPerDay: 0 });
    expect(none.ask(none.openSession())).toMatchObject({ kind: 'capped', retryAfterMs: DAY });
    const desk = new Desk();
    const unknown = desk.makeAsk(desk.openSession()).session.replace(/.$/, 'z');
    expect(desk.ask(unknown as ReturnType<Desk['openSession']>)).toMatchObject({ kind: 'capped', sessionClosed: true });
  });
});

describe('asking on after a refusal', () => {
  it('closes the session to asking after twenty, for good, and records it once', () => {
    const desk = new Desk();
    const session = desk.openSession();
    for (let i = 0; i < 5; i++) put(desk.ask(session));
    for (let i = 0; i < 20; i++) expect(desk.ask(session)).toMatchObject({ kind: 'capped', sessionClosed: false });
    for (let i = 0; i < 50; i++) expect(desk.ask(session)).toMatchObject({ kind: 'capped', sessionClosed: true });
    expect(desk.events.filter((event) => event.event === 'limit_hit')).toHaveLength(1);
    expect(desk.events.filter((event) => event.event === 'zone_incident')).toHaveLength(1);
    desk.later(2 * DAY);
    expect(desk.ask(session)).toMatchObject({ kind: 'capped', sessionClosed: true });
    put(desk.ask(desk.openSession()));
  });

  it('never closes a session that waits as it was told', () => {
    const desk = new Desk();
    const blocked = desk.openSession();
    for (let i = 0; i < 20; i++) put(desk.ask(desk.openSession(), { origin: 'owner' }));
    for (let day = 0; day < 25; day++) {
      const asked = desk.ask(blocked);
      expect(asked).toMatchObject({ kind: 'capped', sessionClosed: false });
      if (asked.kind === 'capped') desk.later(asked.retryAfterMs);
      for (let i = 0; i < 20; i++) desk.ask(desk.openSession(), { origin: 'owner' });
    }
  });
});
