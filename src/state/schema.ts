import type { Channel } from '../contracts/index.ts';

/** Tables of `state.db`. The executor alone opens it for writing. JSON columns hold what a contract's type says. */
export interface Tables {
  meta: { key: string; value: string };
  sessions: {
    sid: string;
    zone: string;
    origin: string;
    state: 'open' | 'closed';
    /** Label as JSON. */
    label: string;
    /** Claimed senders of delivered items, JSON array of address keys. */
    senders: string;
    opened_ms: number;
    closed_ms: number | null;
    /** Asks beyond a cap; over the limit the session may not ask any more. */
    over_cap: number;
    /** JSON: values that the owner typed for a role in this session. */
    named: string;
  };
  contents: {
    kid: string;
    channel: Channel;
    /** The connector's own name of the message; unique a channel. */
    source_key: string;
    received_ms: number;
    raw: Uint8Array | null;
    raw_sha256: string;
    raw_bytes: number;
    state: 'received' | 'read' | 'failed';
    extract: string | null;
    message_id: string | null;
    sender: string;
    confidentiality: string;
    warned: 0 | 1;
    reader_tries: number;
    handled: 0 | 1;
  };
  deliveries: { ref: string; sid: string; kid: string; at_ms: number; done: 0 | 1 };
  instructions: {
    sid: string;
    seq: number;
    text: string;
    at_ms: number;
    taken: 0 | 1;
    task: string | null;
    answer: string | null;
  };
  requests: {
    rid: string;
    sid: string;
    zone: string;
    act: string;
    /** As requested: canonical JSON. */
    params: string;
    qh: string;
    ph: string;
    /** Resolved parameters: canonical JSON. */
    resolved: string;
    wh: string | null;
    /** `DecisionRequest` as policy saw it. */
    facts: string;
    decision: string;
    policy: string;
    rationale: string;
    ah: string;
    state: 'allowed' | 'pending' | 'approved' | 'denied' | 'expired' | 'cancelled' | 'executed';
    at_ms: number;
    expires_boot_ms: number;
    boot_id: string;
  };
  payloads: { wh: string; bytes: Uint8Array; kind: string };
  approvals: {
    apr: string;
    rid: string;
    sid: string;
    state: 'pending' | 'approved' | 'denied' | 'expired' | 'cancelled';
    rule: string;
    act: string;
    wh: string;
    ah: string;
    content: string;
    delay_ms: number;
    asked_ms: number;
    expires_boot_ms: number;
    boot_id: string;
    answered_ms: number | null;
    method: string | null;
    /** Told to the owner as approved and not executed. */
    unexecuted_told: 0 | 1;
    /** Claimed sender whose items asked; empty for the owner's own instruction. */
    sender: string;
  };
  grants: {
    jti: string;
    rid: string;
    apr: string | null;
    sid: string;
    act: string;
    qh: string;
    ph: string;
    wh: string | null;
    ah: string;
    pol: string;
    state: 'minted' | 'used' | 'void';
    expires_boot_ms: number;
    boot_id: string;
  };
  journal: {
    jti: string;
    rid: string;
    act: string;
    wh: string | null;
    state: 'intended' | 'dispatched' | 'succeeded' | 'failed' | 'unknown';
    reason: string | null;
    dispatch_boot_ms: number;
    dispatch_ms: number;
    boot_id: string;
    at_ms: number;
    told: 0 | 1;
  };
  drafts: { did: string; sid: string; params: string; label: string; at_ms: number };
  tasks: {
    tid: string;
    sid: string;
    priority: number;
    due: string | null;
    cron: string | null;
    data: string;
    label: string;
    at_ms: number;
  };
  /** What the owner has confirmed: digest and text of policy, contacts and config. */
  confirmed: { name: string; digest: string; body: string; at_ms: number };
  /** Sliding windows: one row an act or a batch of items. */
  rate_events: { seq?: number; key: string; units: number; at_ms: number };
  audit_outbox: { seq: number; line: string };
}

export const SCHEMA_VERSION = 1;

const STRICT_TABLES = [
  `meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)`,
  `sessions (sid TEXT PRIMARY KEY, zone TEXT NOT NULL, origin TEXT NOT NULL, state TEXT NOT NULL, label TEXT NOT NULL,
    senders TEXT NOT NULL, opened_ms INTEGER NOT NULL, closed_ms INTEGER, over_cap INTEGER NOT NULL, named TEXT NOT NULL)`,
  `contents (kid TEXT PRIMARY KEY, channel TEXT NOT NULL, source_key TEXT NOT NULL, received_ms INTEGER NOT NULL, raw BLOB,
    raw_sha256 TEXT NOT NULL, raw_bytes INTEGER NOT NULL, state TEXT NOT NULL, extract TEXT, message_id TEXT,
    sender TEXT NOT NULL, confidentiality TEXT NOT NULL, warned INTEGER NOT NULL, reader_tries INTEGER NOT NULL,
    handled INTEGER NOT NULL, UNIQUE (channel, source_key))`,
  `deliveries (ref TEXT PRIMARY KEY, sid TEXT NOT NULL, kid TEXT NOT NULL, at_ms INTEGER NOT NULL, done INTEGER NOT NULL)`,
  `instructions (sid TEXT NOT NULL, seq INTEGER NOT NULL, text TEXT NOT NULL, at_ms INTEGER NOT NULL, taken INTEGER NOT NULL,
    task TEXT, answer TEXT, PRIMARY KEY (sid, seq))`,
  `requests (rid TEXT PRIMARY KEY, sid TEXT NOT NULL, zone TEXT NOT NULL, act TEXT NOT NULL, params TEXT NOT NULL,
    qh TEXT NOT NULL, ph TEXT NOT NULL, resolved TEXT NOT NULL, wh TEXT, facts TEXT NOT NULL, decision TEXT NOT NULL,
    policy TEXT NOT NULL, rationale TEXT NOT NULL, ah TEXT NOT NULL, state TEXT NOT NULL, at_ms INTEGER NOT NULL,
    expires_boot_ms INTEGER NOT NULL, boot_id TEXT NOT NULL)`,
  `payloads (wh TEXT PRIMARY KEY, bytes BLOB NOT NULL, kind TEXT NOT NULL)`,
  `approvals (apr TEXT PRIMARY KEY, rid TEXT NOT NULL UNIQUE, sid TEXT NOT NULL, state TEXT NOT NULL, rule TEXT NOT NULL,
    act TEXT NOT NULL, wh TEXT NOT NULL, ah TEXT NOT NULL, content TEXT NOT NULL, delay_ms INTEGER NOT NULL,
    asked_ms INTEGER NOT NULL, expires_boot_ms INTEGER NOT NULL, boot_id TEXT NOT NULL, answered_ms INTEGER, method TEXT,
    unexecuted_told INTEGER NOT NULL, sender TEXT NOT NULL)`,
  `grants (jti TEXT PRIMARY KEY, rid TEXT NOT NULL UNIQUE, apr TEXT UNIQUE, sid TEXT NOT NULL, act TEXT NOT NULL,
    qh TEXT NOT NULL, ph TEXT NOT NULL, wh TEXT, ah TEXT NOT NULL, pol TEXT NOT NULL, state TEXT NOT NULL,
    expires_boot_ms INTEGER NOT NULL, boot_id TEXT NOT NULL)`,
  `journal (jti TEXT PRIMARY KEY, rid TEXT NOT NULL, act TEXT NOT NULL, wh TEXT, state TEXT NOT NULL, reason TEXT,
    dispatch_boot_ms INTEGER NOT NULL, dispatch_ms INTEGER NOT NULL, boot_id TEXT NOT NULL, at_ms INTEGER NOT NULL,
    told INTEGER NOT NULL)`,
  `drafts (did TEXT PRIMARY KEY, sid TEXT NOT NULL, params TEXT NOT NULL, label TEXT NOT NULL, at_ms INTEGER NOT NULL)`,
  `tasks (tid TEXT PRIMARY KEY, sid TEXT NOT NULL, priority INTEGER NOT NULL, due TEXT, cron TEXT, data TEXT NOT NULL,
    label TEXT NOT NULL, at_ms INTEGER NOT NULL)`,
  `confirmed (name TEXT PRIMARY KEY, digest TEXT NOT NULL, body TEXT NOT NULL, at_ms INTEGER NOT NULL)`,
  `rate_events (seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, units INTEGER NOT NULL, at_ms INTEGER NOT NULL)`,
  `audit_outbox (seq INTEGER PRIMARY KEY, line TEXT NOT NULL)`,
];

const INDEXES = [
  `deliveries_by_session ON deliveries (sid, kid)`,
  `deliveries_by_content ON deliveries (kid)`,
  `contents_by_state ON contents (state, received_ms)`,
  `contents_by_channel ON contents (channel, state, received_ms)`,
  `contents_unhandled ON contents (handled, state, channel, received_ms)`,
  `contents_by_time ON contents (received_ms, kid)`,
  `requests_by_session ON requests (sid, act, ph, state)`,
  `approvals_by_state ON approvals (state, asked_ms)`,
  `journal_by_state ON journal (state)`,
  `tasks_by_session ON tasks (sid, priority)`,
  `rate_by_key ON rate_events (key, at_ms)`,
];

export const CREATE_SCHEMA: string = [
  ...STRICT_TABLES.map((table) => `CREATE TABLE ${table} STRICT;`),
  ...INDEXES.map((index) => `CREATE INDEX ${index};`),
  `PRAGMA user_version = ${SCHEMA_VERSION};`,
].join('\n');
