import {
  makeId,
  type ApprovalContent,
  type AuditEvent,
  type RequestId,
  type SessionId,
} from '../../../src/contracts/index.ts';
import {
  answerApproval,
  askApproval,
  DEFAULT_CAPS,
  type ApprovalCaps,
  type Ask,
  type Asked,
  type Moment,
} from '../../../src/control/index.ts';
import { createDatabase, sql, type Database, type Tx } from '../../../src/state/index.ts';

let counter = 0;
const random = (n: number): Uint8Array =>
  Uint8Array.from({ length: n }, (_, i) => (i < 4 ? (counter++ >> (8 * i)) & 255 : Math.floor(Math.random() * 256)));

export const CONTENT: ApprovalContent = {
  action: 'send_email',
  zone: 'zone2-planner',
  destinations: [{ role: 'to', value: 'ann@example.org', audience: 'contact', named: true, contact: 'Ann' }],
  payload: {
    kind: 'mail',
    envelope: { from: 'me@example.net', to: ['ann@example.org'] },
    headers: [
      ['From', 'me@example.net'],
      ['To', 'ann@example.org'],
      ['Subject', 'Hello'],
    ],
    body: 'Dear Ann,\nyes.\n',
    bytes: 200,
  },
  influence: {},
  sources: [],
  label: { integrity: 'untrusted', confidentiality: 'private' },
  reversibility: 'cannot be taken back',
  red: [],
  rationale: 'the sender asked',
};

/** A desk with a real database and hand-moved clocks. */
export class Desk {
  readonly db: Database = createDatabase(':memory:');
  readonly events: AuditEvent[] = [];
  now: Moment = { wallMs: 1_800_000_000_000, bootMs: 1_000, bootId: 'boot-1' };
  readonly tx: Tx = {
    all: (query) => this.db.all(query),
    get: (query) => this.db.get(query),
    run: (query) => this.db.run(query),
    record: (event) => void this.events.push(event),
  };
  readonly ports: { caps: ApprovalCaps; hash: (text: string) => string };

  constructor(caps: ApprovalCaps = DEFAULT_CAPS) {
    this.ports = { caps, hash: (text) => Buffer.from(text).toString('hex').padEnd(32, '0').slice(0, 32) };
  }

  later(ms: number): this {
    this.now = { ...this.now, wallMs: this.now.wallMs + ms, bootMs: this.now.bootMs + ms };
    return this;
  }

  openSession(): SessionId {
    const sid = makeId('s_', random);
    const label = JSON.stringify({ integrity: 'trusted', confidentiality: 'public', sources: [] });
    const row = { sid, zone: 'zone2-planner', origin: 'item', state: 'open' as const, label, senders: '[]' };
    this.db.run(sql.insertInto('sessions').values({ ...row, opened_ms: 0, closed_ms: null, over_cap: 0, named: '[]' }));
    return sid;
  }

  makeAsk(session: SessionId, change: Partial<Ask> = {}): Ask {
    const request = makeId('r_', random);
    const base: Ask = {
      id: makeId('a_', random),
      request,
      session,
      rule: 'owner',
      action: 'send_email',
      ph: request,
      wh: '1'.repeat(64),
      ah: '2'.repeat(64),
      content: CONTENT,
      delayMs: 10_000,
      origin: 'owner',
      sender: 'stranger@example.com',
    };
    return { ...base, ...change };
  }

  /** Asks, with the request on record as the executor writes it. */
  ask(session: SessionId, change: Partial<Ask> = {}): Asked {
    const ask = this.makeAsk(session, change);
    const asked = askApproval(this.tx, ask, this.now, this.ports);
    if (asked.kind === 'asked') this.#recordRequest(ask);
    return asked;
  }

  answer(id: Ask['id'], change: Partial<Parameters<typeof answerApproval>[1]> = {}): ReturnType<typeof answerApproval> {
    const answer = { id, ah: '2'.repeat(64), verdict: 'approve', method: 'terminal', ...change } as const;
    return answerApproval(this.tx, answer, this.now, this.ports);
  }

  setRequest(rid: RequestId, state: 'executed' | 'pending'): void {
    this.db.run(sql.updateTable('requests').set({ state }).where('rid', '=', rid));
  }

  addGrant(apr: string, rid: string, state: 'minted' | 'used' | 'void'): void {
    const grant = {
      jti: `g_${apr}`,
      rid,
      apr,
      sid: 's',
      act: 'send_email',
      qh: '',
      ph: '',
      wh: null,
      ah: '',
      pol: '',
      state,
    };
    this.db.run(
      sql
        .insertInto('grants')
        .values({ ...grant, expires_boot_ms: Math.ceil(this.now.bootMs) + 300_000, boot_id: this.now.bootId }),
    );
  }

  #recordRequest(ask: Ask): void {
    const row = {
      rid: ask.request,
      sid: ask.session,
      zone: 'zone2-planner',
      act: ask.action,
      params: '{}',
      qh: '',
      ph: ask.ph,
    };
    const more = {
      resolved: '{}',
      wh: ask.wh,
      facts: '{}',
      decision: '{}',
      policy: '',
      rationale: '',
      ah: ask.ah,
      state: 'pending' as const,
    };
    this.db.run(
      sql.insertInto('requests').values({ ...row, ...more, at_ms: this.now.wallMs, expires_boot_ms: 0, boot_id: '' }),
    );
  }
}

/** The approval of an ask that must have been put. */
export function put(asked: Asked): Extract<Asked, { kind: 'asked' }>['approval'] {
  if (asked.kind !== 'asked') throw new Error(`expected a question, got ${asked.kind}`);
  return asked.approval;
}
