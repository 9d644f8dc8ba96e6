import type { ApprovalSummary, ControlAnswers, InboxItem } from '../../../src/contracts/index.ts';

const HASH = { ah: 'a'.repeat(64), wh: 'b'.repeat(64) };
export const ID = `a_${'q'.repeat(25)}a`;
export const OTHER = `a_${'q'.repeat(25)}b`;
export const SESSION = `s_${'a'.repeat(26)}`;
export const ITEM = `k_${'c'.repeat(26)}`;

export function summary(change: Partial<ApprovalSummary> = {}): ApprovalSummary {
  return {
    id: ID,
    state: 'pending',
    rule: 'owner',
    action: 'send_email',
    zone: 'zone2-planner',
    session: SESSION,
    ah: HASH.ah,
    destination: 'ann@example.org',
    destinations: 1,
    contact: 'Ann',
    red: [],
    asked_ms: Date.now() - 5_000,
    expires_in_ms: 250_000,
    answered_ms: null,
    method: null,
    outbox: null,
    ...change,
  };
}

export function list(...approvals: ApprovalSummary[]): ControlAnswers['approvals_list'] {
  return { type: 'approvals_list', presence: 'terminal', approvals };
}

type Shown = ControlAnswers['approvals_show'];

export function shown(content: Partial<Shown['approval']['content']> = {}, change: Partial<Shown> = {}): Shown {
  return {
    type: 'approvals_show',
    approval: {
      id: ID,
      request: `r_${'a'.repeat(26)}`,
      session: SESSION,
      state: 'pending',
      rule: 'owner',
      action: 'send_email',
      ...HASH,
      content: {
        action: 'send_email',
        zone: 'zone2-planner',
        destinations: [{ role: 'to', value: 'ann@example.org', audience: 'contact', named: true, contact: 'Ann' }],
        payload: {
          kind: 'mail',
          envelope: { from: 'me@example.net', to: ['ann@example.org'] },
          headers: [['Subject', 'Hello']],
          body: 'Dear Ann,\nyes.\n',
          bytes: 99,
        },
        influence: {},
        sources: [],
        label: { integrity: 'trusted', confidentiality: 'private' },
        reversibility: 'cannot be taken back',
        red: [],
        rationale: 'because',
        ...content,
      },
      delayMs: 10_000,
      askedWallMs: 1,
      expiresBootMs: 1,
      bootId: 'b',
      answeredWallMs: null,
      method: null,
    },
    expires_in_ms: 250_000,
    outbox: null,
    presence: 'terminal',
    checkpoint: { size: 7, root: 'c'.repeat(64) },
    ...change,
  };
}

export function challenge(presence: 'terminal' | 'passphrase' = 'terminal'): ControlAnswers['presence_challenge'] {
  return { type: 'presence_challenge', nonce: 'n'.repeat(32), expires_at: '2030-01-01T00:00:00.000Z', presence };
}

export function inboxItem(change: Partial<InboxItem> = {}): InboxItem {
  return {
    item: ITEM,
    channel: 'email',
    from: 'eve@evil.example',
    subject: 'Hello',
    received_ms: Date.now() - 60_000,
    state: 'read',
    warned: true,
    findings: 1,
    handled: false,
    summary: null,
    ...change,
  };
}

export function status(change: Partial<ControlAnswers['status']> = {}): ControlAnswers['status'] {
  return {
    type: 'status',
    ready: true,
    version: '0.1.0',
    deployment: 'checkout',
    mode: 'F',
    minimum_mode: 'L',
    presence: 'terminal',
    killed: false,
    epoch: 1,
    started_ms: Date.now() - 1_000,
    mail: { provider: 'maildir', address: 'me@example.net', inbox: 'mail/in', outbox: 'mail/out' },
    connectors: [
      { name: 'maildir', channels: ['email'], inboxes: ['mail/in'], running: true },
      {
        name: 'chats',
        channels: ['telegram', 'slack'],
        inboxes: ['chats/telegram/in', 'chats/slack/in'],
        running: true,
      },
    ],
    planner: 'rules',
    inbox: { items: 3, unhandled: 1, warned: 1 },
    approvals: { pending: 2, waiting: 0, asked_today: 4, per_day: 20 },
    zones: { running: 4, wanted: 4 },
    audit: { entries: 9, outside_checkpoint: false },
    confirmed: { policy: true, contacts: true, config: true },
    proof: { attempts: 400, held: 400, zones: 4 },
    unproven: ['one thing'],
    warnings: [],
    ...change,
  };
}
