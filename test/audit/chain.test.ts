import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeSubjectHash, readFrame } from '../../src/audit/index.ts';
import { AUDIT_EVENT_NAMES, parseAuditEvent, toAuditAction, toAuditZone } from '../../src/contracts/index.ts';
import { makeChain, nextRows, sampleEvent } from './support/logs.ts';

describe('a line', () => {
  it('has the members in the order of the format, hash last, over the domain and the bytes before it', () => {
    const line = makeChain().next(sampleEvent(2));
    expect(Object.keys(JSON.parse(line) as object)).toEqual([
      'v',
      'seq',
      'time',
      'mode',
      'event',
      'zone',
      'session',
      'action',
      'subject',
      'details',
      'prev',
      'hash',
    ]);
    const [before = '', after = ''] = line.split(',"hash":');
    const digest = createHash('sha256').update('hardshell/audit/v1\n').update(before).digest('hex');
    expect(after).toBe(`"${digest}"}`);
    expect(line).toContain(`"prev":"${'0'.repeat(64)}"`);
  });

  it('names the hash of the line before it', () => {
    const [first, second] = nextRows(makeChain(), 2).map((row) => readFrame(row.line));
    expect(second?.prev).toBe(first?.hash);
    expect(second?.seq).toBe(2);
  });

  it('leaves out what an event does not carry', () => {
    expect(makeChain().next(sampleEvent(3))).not.toMatch(/session|action|subject|undefined|null/);
  });
});

describe('a chain', () => {
  it('goes back to a mark and makes the same lines again', () => {
    const chain = makeChain();
    nextRows(chain, 2);
    const mark = chain.mark();
    const head = chain.head();
    nextRows(chain, 3);
    chain.reset(mark);
    expect(chain.head()).toEqual(head);
    expect(readFrame(chain.next(sampleEvent(1)))?.prev).toBe(head.hash);
  });

  it('stays where it was when an event is refused', () => {
    const chain = makeChain();
    const head = chain.head();
    expect(() => chain.next({ event: 'armed', zone: 'control', details: { epoch: -1 } })).toThrow('details.epoch');
    expect(chain.head()).toEqual(head);
  });
});

describe('an event', () => {
  const text = 'Dear Bob, the password is hunter2';
  it.each([
    [
      'free text in a reason',
      { event: 'outcome', zone: 'zone1-executor', details: { outcome: 'failed', reason: text } },
    ],
    ['an unknown member', { event: 'armed', zone: 'control', details: { epoch: 1, note: text } }],
    ['a zone that a peer named', { event: 'armed', zone: text, details: { epoch: 1 } }],
    ['an identifier that is not hashed', { event: 'armed', zone: 'control', subject: text, details: { epoch: 1 } }],
    ['an unknown event', { event: text, zone: 'control', details: {} }],
    ['a member beside the format', { event: 'armed', zone: 'control', details: { epoch: 1 }, message: text }],
    ['no details', { event: 'armed', zone: 'control' }],
    ['something else', text],
  ])('is refused with %s, and the refusal does not repeat it', (_, event) => {
    const result = parseAuditEvent(event);
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });

  it('is accepted when it holds counts, enumerations and digests only', () => {
    for (const n of [1, 2, 3]) expect(parseAuditEvent(sampleEvent(n))).toEqual({ ok: true, event: sampleEvent(n) });
    expect(AUDIT_EVENT_NAMES.length).toBeGreaterThan(40);
  });

  it('names only zones and actions of ours', () => {
    expect(toAuditZone('zone2-planner.s_abc')).toBe('zone2-planner');
    expect(toAuditZone('evil\n')).toBe('unknown');
    expect(toAuditAction('send_email')).toBe('send_email');
    expect(toAuditAction('__proto__')).toBe('unknown');
  });
});

describe('an identifier in the log', () => {
  it('is 32 hex digits that depend on the key', () => {
    const one = makeSubjectHash(new Uint8Array(32).fill(1));
    expect(one('alice@example.org')).toMatch(/^[0-9a-f]{32}$/);
    expect(one('alice@example.org')).toBe(one('alice@example.org'));
    expect(makeSubjectHash(new Uint8Array(32).fill(2))('alice@example.org')).not.toBe(one('alice@example.org'));
    expect(() => makeSubjectHash(new Uint8Array(31))).toThrow('32 bytes');
  });
});
