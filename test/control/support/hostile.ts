import * as fc from 'fast-check';
import { makeId, type Approval, type ApprovalContent } from '../../../src/contracts/index.ts';
import { CONTENT } from './desk.ts';

const zeros = (n: number): Uint8Array => new Uint8Array(n);

export function approvalOf(content: Partial<ApprovalContent>, change: Partial<Approval> = {}): Approval {
  return {
    id: makeId('a_', zeros),
    request: makeId('r_', zeros),
    session: makeId('s_', zeros),
    state: 'pending',
    rule: 'owner',
    action: 'send_email',
    wh: '1'.repeat(64),
    ah: '2'.repeat(64),
    content: { ...CONTENT, ...content },
    delayMs: 10_000,
    askedWallMs: 0,
    expiresBootMs: 0,
    bootId: 'b',
    answeredWallMs: null,
    method: null,
    ...change,
  };
}

/** Characters that have been used to make a prompt lie, our own marks, and the escapes that stand for them. */
export const NASTY = [
  ...Array.from('\n\r\t\u0000\u001b\u0007\u0008\u007f\u009b\u0085'),
  ...Array.from(
    '\u00a0\u00ad\u034f\u061c\u115f\u1680\u180e\u2003\u200b\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\u2800\u3000\u3164\ufe0f\ufeff\uffa0\ufffc',
  ),
  '\u{e0041}',
  '\u{1d400}',
  '\u{1f600}',
  '\ud800',
  '\udc00',
  '\u0301',
  '\u0301\u0301\u0301\u0301',
  ...Array.from('│┆┇⟦⟧␠\\'),
  '\\u{202E}',
  '\\n',
  '⟦1:',
  ...Array.from('аеорсԁ'),
  'ａ',
  ...Array.from('אب漢'),
  '   ',
  'Goes to',
  ' body│ ',
  '\u001b[2K\u001b[1A',
  'x'.repeat(50),
];

export const hostileText = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...NASTY) },
      { weight: 2, arbitrary: fc.constantFrom(...Array.from('ab:. 12')) },
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(''));

const span = fc.record({ start: fc.nat(20), end: fc.nat(25), source: fc.nat(2) });
const audience = fc.constantFrom(
  'self' as const,
  'contact' as const,
  'unknown' as const,
  'group' as const,
  'public' as const,
  'service' as const,
);

export const hostileContent: fc.Arbitrary<ApprovalContent> = fc.record({
  action: fc.oneof(fc.constant('send_email'), hostileText),
  zone: fc.oneof(fc.constant('zone2-planner'), hostileText),
  destinations: fc.array(
    fc.record({
      role: fc.oneof(fc.constantFrom('to', 'cc'), hostileText),
      value: hostileText,
      audience,
      named: fc.boolean(),
      contact: fc.option(hostileText),
    }),
    { maxLength: 2 },
  ),
  payload: fc.record({
    kind: fc.constant('mail' as const),
    envelope: fc.record({ from: hostileText, to: fc.array(hostileText, { maxLength: 2 }) }),
    headers: fc.array(fc.tuple(fc.oneof(fc.constantFrom('Subject', 'To'), hostileText), hostileText), { maxLength: 3 }),
    body: hostileText,
    bytes: fc.nat(9),
  }),
  influence: fc.record({ subject: fc.array(span, { maxLength: 2 }), body: fc.array(span, { maxLength: 3 }) }),
  sources: fc.array(
    fc.record({
      channel: fc.constantFrom('email', 'x y'),
      from: hostileText,
      subject: hostileText,
      warned: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  label: fc.record({
    integrity: fc.constantFrom('trusted' as const, 'untrusted' as const),
    confidentiality: fc.constantFrom('public' as const, 'private' as const),
  }),
  reversibility: fc.constantFrom(
    'nothing to take back' as const,
    'can be deleted' as const,
    'cannot be taken back' as const,
  ),
  red: fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant('flow' as const),
        sources: fc.nat(2),
        recipients: fc.array(hostileText, { maxLength: 2 }),
      }),
      fc.record({ kind: fc.constant('untrusted_destination' as const), role: hostileText, value: hostileText }),
      fc.record({ kind: fc.constant('injection_warning' as const), sources: fc.nat(2) }),
    ),
    { maxLength: 2 },
  ),
  rationale: hostileText,
});
