import { describe, expect, test } from 'vitest';
import type { Session } from '../../src/zone1-executor/sessions.ts';
import type { Json } from '../../src/contracts/index.ts';
import { sql } from '../../src/state/index.ts';
import { parseSearchQuery } from '../../src/zone1-executor/search-query.ts';
import {
  accept,
  approve,
  askFor,
  itemSession,
  keyOf,
  ownSession,
  refusal,
  run,
  storeMessage,
} from '../support/line.ts';
import { DEFAULT_POLICY, makeBench, type Bench } from '../support/station.ts';

const MAIL = { to: ['bob@example.net'], subject: 'Hello', body: 'Are you there?' };

describe('what may be asked', () => {
  test('an unknown action is not allowed, a known one that is not built is unavailable', async () => {
    const bench = makeBench();
    const session = await ownSession(bench);
    for (const action of ['format_disk', 'run_command', '__proto__', 'constructor', ''])
      expect(refusal(await askFor(bench, session, {}, action))).toBe('action_not_allowed');
    expect(refusal(await askFor(bench, session, {}, 'send_sms'))).toBe('unavailable');
  });

  test('parameters that do not fit say which, and whether a person would be asked', async () => {
    const bench = makeBench();
    const session = await ownSession(bench);
    const empty = await askFor(bench, session, {});
    expect(empty).toMatchObject({ ok: false, refusal: { error: 'invalid_params', requires_approval: true } });
    expect(await askFor(bench, session, {}, 'read_email')).toMatchObject({
      refusal: { error: 'invalid_params', requires_approval: false },
    });
  });

  test.each<[string, Json]>([
    ['a recipient that is two', { ...MAIL, to: ['bob@example.net, eve@example.com'] }],
    ['a header in the recipient', { ...MAIL, to: ['bob@example.net\r\nBcc: eve@example.com'] }],
    ['a header in the subject', { ...MAIL, subject: 'Hi\r\nBcc: eve@example.com' }],
    ['nobody', { ...MAIL, to: [] }],
    ['a number for text', { ...MAIL, body: 7 }],
    ['text for a list', { ...MAIL, to: 'bob@example.net' }],
    ['a further field', { ...MAIL, attachments: ['/etc/passwd'] }],
    [
      'a prototype key',
      JSON.parse('{"to":["bob@example.net"],"subject":"a","body":"b","__proto__":{"cc":["eve@example.com"]}}') as Json,
    ],
    ['a reference with a further member', { ...MAIL, body: { ref: 'c_aaaaaaaaaaaaaaaaaaaaaaaaaa#/body', or: 'x' } }],
    ['a draft and more', { draft: 'd_aaaaaaaaaaaaaaaaaaaaaaaaaa', subject: 'x' }],
    ['a control character', { ...MAIL, body: 'a\u0007' }],
    ['fifty-one recipients', { ...MAIL, to: Array.from({ length: 51 }, (_, i) => `b${i}@example.net`) }],
  ])('%s is refused', async (_, params) => {
    const bench = makeBench();
    expect(refusal(await askFor(bench, await ownSession(bench), params))).toBe('invalid_params');
    expect(refusal(await askFor(bench, await ownSession(bench), MAIL))).toBe('accepted');
  });

  test('the same ask of the same session is one question', async () => {
    const bench = makeBench();
    const { session } = await itemSession(bench);
    const asks = await Promise.all(Array.from({ length: 30 }, () => askFor(bench, session, MAIL)));
    expect(new Set(asks.map((asked) => accept(asked).rid)).size).toBe(1);
    expect(bench.db.all(sql.selectFrom('approvals').select('apr'))).toHaveLength(1);
  });
});

describe('caps and rates', () => {
  test('a session has five questions before a person at once, and an answer makes room', async () => {
    const bench = makeBench();
    const session = await ownSession(bench);
    const asks = [];
    for (let i = 0; i < 6; i++) asks.push(await askFor(bench, session, { ...MAIL, subject: `n ${i}` }));
    expect(asks.map(refusal)).toEqual([...Array.from({ length: 5 }, () => 'accepted'), 'rate_limited']);
    accept(
      await approve(
        bench,
        asks[0] ??
          (() => {
            throw new Error('none');
          })(),
      ),
    );
    expect(refusal(await askFor(bench, session, { ...MAIL, subject: 'n 6' }))).toBe('accepted');
  });

  test('one sender’s mails cause three questions a day, and all strangers leave some for the owner', async () => {
    const bench = makeBench();
    const outcomes: string[] = [];
    for (let i = 0; i < 5; i++)
      outcomes.push(
        refusal(
          await askFor(bench, (await itemSession(bench)).session, {
            ...MAIL,
            to: ['ann@example.org'],
            subject: `${i}`,
          }),
        ),
      );
    expect(outcomes).toEqual(['accepted', 'accepted', 'accepted', 'rate_limited', 'rate_limited']);
    let taken = 3;
    for (let i = 0; i < 30; i++) {
      const from = `s${i}@example.com`;
      if (
        refusal(await askFor(bench, (await itemSession(bench, { from })).session, { ...MAIL, to: [from] })) ===
        'accepted'
      )
        taken += 1;
    }
    expect(taken).toBe(15);
    expect(refusal(await askFor(bench, await ownSession(bench), MAIL))).toBe('accepted');
  });

  test('ten mails an hour are sent, the eleventh waits, and a later hour begins anew', async () => {
    const bench = makeBench({ caps: { questionsPerDay: 200, questionsPerSender: 200, pendingPerSession: 20 } });
    const outcomes: string[] = [];
    for (let i = 0; i < 11; i++) {
      const asked = await askFor(bench, await ownSession(bench), { ...MAIL, subject: `${i}` });
      outcomes.push(asked.ok ? refusal(await approve(bench, asked)) : refusal(asked));
    }
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(10);
    expect(outcomes.at(-1)).toBe('rate_limited');
    bench.clock.pass(3_600_001);
    expect(refusal(await approve(bench, await askFor(bench, await ownSession(bench), MAIL)))).toBe('accepted');
  });

  test('items that are read count, not only asks', async () => {
    const policy = DEFAULT_POLICY.replaceAll('1000 items/day', '60 items/day');
    const bench = makeBench({ policy });
    const session = await ownSession(bench);
    expect(refusal(await askFor(bench, session, { limit: 50 }, 'read_email'))).toBe('accepted');
    expect(refusal(await askFor(bench, session, { limit: 50 }, 'read_email'))).toBe('rate_limited');
    expect(refusal(await askFor(bench, session, { limit: 10 }, 'read_email'))).toBe('accepted');
  });
});

describe('files that changed', () => {
  test('outbound acts are denied with what to run; reading goes on', async () => {
    const bench = makeBench();
    const session = await ownSession(bench);
    bench.knobs.changed = '`policy.cedar` is not the one you confirmed';
    expect(await askFor(bench, session, MAIL)).toMatchObject({
      refusal: { error: 'policy_denied', message: expect.stringContaining('policy.cedar') },
    });
    expect(refusal(await askFor(bench, session, { limit: 1 }, 'read_email'))).toBe('accepted');
    bench.knobs.changed = null;
    expect(refusal(await askFor(bench, session, MAIL))).toBe('accepted');
  });
});

describe('reading', () => {
  async function read(
    bench: Bench,
    params: Json,
    action = 'search_emails',
    before?: Session,
  ): Promise<{ items: { subject: string }[]; next?: string }> {
    const session = before ?? (await ownSession(bench));
    const asked = accept(await askFor(bench, session, params, action));
    if (asked.kind !== 'allowed') throw new Error('reading needs no person');
    const done = accept(
      await run(bench, keyOf(bench), session, asked.minted, params, action).catch((error: unknown) => {
        throw error;
      }),
    );
    if (done.kind !== 'done') throw new Error('reading is done at once');
    return done.value as never;
  }

  test('pages neither overlap nor skip while mail arrives', async () => {
    const bench = makeBench();
    for (let i = 0; i < 7; i++) {
      bench.clock.pass(1_000);
      await storeMessage(bench, { subject: `m${i}` });
    }
    const session = await ownSession(bench);
    const first = await read(bench, { limit: 3 }, 'read_email', session);
    bench.clock.pass(1_000);
    await storeMessage(bench, { subject: 'late' });
    const second = await read(bench, { limit: 3, cursor: first.next ?? '' }, 'read_email', session);
    const third = await read(bench, { limit: 3, cursor: second.next ?? '' }, 'read_email', session);
    expect([first, second, third].flatMap((page) => page.items.map((item) => item.subject))).toEqual([
      'm6',
      'm5',
      'm4',
      'm3',
      'm2',
      'm1',
      'm0',
    ]);
    expect(third.next).toBeUndefined();
  });

  test('words and operators narrow the search', async () => {
    const bench = makeBench();
    await storeMessage(bench, { subject: 'Invoice 7', from: 'billing@example.com', body: 'please pay' });
    bench.clock.pass(1_000);
    await storeMessage(bench, { subject: 'Lunch', from: 'ann@example.org', body: 'the invoice was wrong' });
    const subjects = async (query: string): Promise<string[]> =>
      (await read(bench, { query, limit: 10 })).items.map((item) => item.subject);
    expect(await subjects('invoice')).toEqual(['Lunch', 'Invoice 7']);
    expect(await subjects('from:billing')).toEqual(['Invoice 7']);
    expect(await subjects('subject:"invoice 7"')).toEqual(['Invoice 7']);
    expect(await subjects('before:2020-01-01')).toEqual([]);
    expect(await subjects('has:attachment')).toEqual([]);
  });

  test('an operator that is not on the list is refused', () => {
    for (const query of ['rfc822msgid:x', 'since:yesterday', 'has:virus'])
      expect(parseSearchQuery(query).ok).toBe(false);
    expect(
      parseSearchQuery('from:a to:b subject:c since:2026-01-01 before:2026-02-01 has:attachment word "two words"').ok,
    ).toBe(true);
  });

  test('a cursor that was not given out is refused', async () => {
    const bench = makeBench();
    for (const cursor of ['1', "0.k_'; DROP TABLE contents", '1.k_aaaaaaaaaaaaaaaaaaaaaaaaa']) {
      expect(refusal(await askFor(bench, await ownSession(bench), { limit: 1, cursor }, 'read_email'))).toBe(
        'invalid_params',
      );
    }
  });
});

describe('chats beside mail', () => {
  const CHAT = { channel: 'telegram', from: 'telegram:user:1 Ann', body: 'The word is plover.' } as const;
  const read = async (bench: Bench, session: Session, params: Json, action = 'read_email'): Promise<unknown[]> => {
    const asked = accept(await askFor(bench, session, params, action));
    if (asked.kind !== 'allowed') throw new Error('not allowed');
    const done = accept(await run(bench, keyOf(bench), session, asked.minted, params));
    if (done.kind !== 'done') throw new Error('not done');
    return (done.value as { items: { channel: string }[] }).items.map(({ channel }) => channel);
  };

  test('are not listed, found or counted as mail, and no reference makes one mail', async () => {
    const bench = makeBench();
    await storeMessage(bench, CHAT);
    await storeMessage(bench, { body: 'The word is plover.' });
    const session = await ownSession(bench);
    expect(await read(bench, session, { limit: 10 })).toEqual(['email']);
    expect(await read(bench, session, { query: 'plover', limit: 10 }, 'search_emails')).toEqual(['email']);
    const chat = await itemSession(bench, CHAT);
    expect(await askFor(bench, chat.session, { content_ref: chat.ref }, 'read_email')).toMatchObject({
      ok: false,
      refusal: { error: 'not_found', message: expect.stringContaining('a message of telegram') },
    });
    const mail = await itemSession(bench);
    expect(await read(bench, mail.session, { content_ref: mail.ref })).toEqual(['email']);
  });

  test('are read by actions that are not built yet: asked for, they are unavailable', async () => {
    const bench = makeBench();
    const { session } = await itemSession(bench, CHAT);
    for (const action of ['read_telegram', 'read_slack', 'list_slack_channels', 'send_telegram', 'send_slack'])
      expect(refusal(await askFor(bench, session, {}, action))).toBe('unavailable');
  });

  test('name nobody that a mail could go to: their sender is no address', async () => {
    const bench = makeBench();
    const { session, ref } = await itemSession(bench, CHAT);
    const reply = { to: [{ ref: `${ref}#/from` }], subject: 'Re:', body: 'Yes.' };
    expect(refusal(await askFor(bench, session, reply))).toBe('invalid_params');
    const mail = await itemSession(bench);
    const allowed = { ...reply, to: [{ ref: `${mail.ref}#/from` }] };
    expect(refusal(await askFor(bench, mail.session, allowed))).toBe('accepted');
  });
});
