import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { initSync } from '@cedar-policy/cedar-wasm/web';
import * as cedar from '@cedar-policy/cedar-wasm/web';
import { Chain, EMPTY } from '../../src/audit/index.ts';
import type { Clock, Extract } from '../../src/contracts/index.ts';
import { compilePolicy, decide, explain, type CompiledPolicy } from '../../src/policy/index.ts';
import { createDatabase, Ledger, type Database } from '../../src/state/index.ts';
import { contactBook, type Contact } from '../../src/zone1-executor/contacts.ts';
import type { ContactBook, PolicyPort, Station } from '../../src/zone1-executor/ports.ts';

const ROOT = join(import.meta.dirname, '..', '..');
export const DEFAULT_POLICY = readFileSync(join(ROOT, 'policies', 'default.cedar'), 'utf8');
export const sha256Hex = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');

/** Both clocks under the test's control; `boot` changes the boot id. */
export class FakeClock implements Clock {
  boot = 1_000_000;
  wall = Date.parse('2026-11-20T10:00:00Z');
  bootId = '00000000-0000-0000-0000-000000000001';
  readonly bootMs = (): number => this.boot;
  readonly wallMs = (): number => this.wall;

  pass(ms: number): void {
    this.boot += ms;
    this.wall += ms;
  }
}

const loaded = { done: false };

/** A policy of the given text, compiled by the real engine. */
export function policyOf(text: string): CompiledPolicy {
  if (!loaded.done) {
    initSync({ module: readFileSync(join(ROOT, 'node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm')) });
    loaded.done = true;
  }
  const compiled = compilePolicy(text, { cedar, sha256: sha256Hex });
  if (compiled.kind === 'refused') throw new Error(compiled.problems.map(({ message }) => message).join('; '));
  return compiled.policy;
}

export interface Bench {
  readonly station: Station;
  readonly clock: FakeClock;
  readonly db: Database;
  /** Lines of the log, as they would be appended. */
  readonly lines: string[];
  /** What the test may turn while it runs. */
  readonly knobs: {
    armed: boolean;
    changed: string | null;
    policy: CompiledPolicy;
    contacts: Contact[];
    appendFails: boolean;
  };
  /** A new station over the same database, as after a restart of the process. */
  readonly restart: () => Bench;
}

/** A whole station of Zone 1 on an in-memory database with the real policy engine and a log that is kept in memory. */
export function makeBench(
  options: { policy?: string; contacts?: Contact[]; caps?: Partial<Station['caps']> } = {},
): Bench {
  const clock = new FakeClock();
  const knobs: Bench['knobs'] = {
    armed: true,
    changed: null,
    policy: policyOf(options.policy ?? DEFAULT_POLICY),
    contacts: options.contacts ?? [{ address: 'bob@example.net', name: 'Bob' }],
    appendFails: false,
  };
  return build(
    createDatabase(':memory:'),
    new Chain({ head: EMPTY, mode: 'none', wallMs: () => clock.wall }),
    clock,
    knobs,
    [],
    options.caps ?? {},
  );
}

function build(
  db: Database,
  chain: Chain,
  clock: FakeClock,
  knobs: Bench['knobs'],
  lines: string[],
  caps: Partial<Station['caps']>,
): Bench {
  const log = {
    next: (event: Parameters<Chain['next']>[0]) => ({ line: chain.next(event), seq: chain.head().seq }),
    mark: () => chain.mark(),
    reset: (mark: unknown) => chain.reset(mark as ReturnType<Chain['mark']>),
    head: () => ({ seq: chain.head().seq, hash: chain.head().hash }),
    append: async (more: readonly string[]) => {
      if (knobs.appendFails) throw new Error('ENOSPC');
      lines.push(...more);
    },
  };
  const station: Station = {
    ledger: new Ledger(db, log),
    clock,
    random: (n) => randomBytes(n),
    sha256Hex,
    subjectHash: (id) => createHmac('sha256', 'test').update(id).digest('hex').slice(0, 32),
    confirmed: {
      policy: (): PolicyPort => {
        const { policy } = knobs;
        return { digest: policy.digest, decide: (request) => decide(request, policy), explain: (request) => explain(request, policy) };
      },
      contacts: (): ContactBook => contactBook(knobs.contacts, { address: 'owner@example.com', name: 'Olivia Owner' }),
      changed: () => knobs.changed,
    },
    armed: () => knobs.armed,
    breakerOpen: () => false,
    caps: {
      pendingPerSession: 5,
      questionsPerDay: 20,
      questionsPerSender: 3,
      questionsReserved: 5,
      outboxDelayMs: 0,
      retentionDays: 30,
      rawRetentionDays: 7,
      ...caps,
    },
  };
  return { station, clock, db, lines, knobs, restart: () => build(db, chain, clock, knobs, lines, caps) };
}

/** A sanitized message with sensible values. */
export function extractOf(parts: Partial<Extract> = {}): Extract {
  const body = parts.body ?? 'Could we meet on Friday at noon in the small office?';
  return {
    channel: 'email',
    from: 'ann@example.org',
    to: ['owner@example.com'],
    subject: 'Meeting',
    date: '2026-11-20T09:00:00Z',
    content_type: 'text/plain',
    injection_warning: false,
    injection_score: 0,
    findings: [],
    links: [],
    attachments: [],
    hidden_removed: 0,
    truncated: false,
    original_length: body.length,
    sanitized_at: '2026-11-20T09:00:01Z',
    ...parts,
    body,
    sanitized_length: body.length,
  };
}
