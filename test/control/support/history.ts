import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { Approval, SessionId } from '../../../src/contracts/index.ts';
import {
  cancelApprovals,
  denyApproved,
  expireApprovals,
  getApproval,
  reopenApproval,
} from '../../../src/control/index.ts';
import { CONTENT, Desk } from './desk.ts';

const DAY = 86_400_000;

export type Step =
  | {
      readonly do: 'ask';
      readonly session: number;
      readonly ph: number;
      readonly outside: number | null;
      readonly red: boolean;
    }
  | {
      readonly do: 'answer';
      readonly which: number;
      readonly verdict: 'approve' | 'deny';
      readonly right: boolean;
      readonly typed: boolean;
    }
  | { readonly do: 'withdraw'; readonly which: number; readonly dispatched: boolean }
  | { readonly do: 'wait' | 'clock'; readonly ms: number }
  | { readonly do: 'reboot' | 'expire' | 'cancel' }
  | { readonly do: 'reopen' | 'grant'; readonly which: number };

const which = fc.nat(30);
const verdict = fc.constantFrom('approve' as const, 'deny' as const);

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      session: fc.nat(3),
      ph: fc.nat(6),
      outside: fc.option(fc.nat(3)),
      red: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      which,
      verdict,
      right: fc.boolean(),
      typed: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('withdraw' as const), which, dispatched: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1_000, 100_000, 299_999, 300_000, DAY),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('clock' as const), ms: fc.constantFrom(-DAY, -3_600_000, 3_600_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('reboot' as const, 'expire' as const, 'cancel' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('reopen' as const, 'grant' as const), which }) },
);

/** What a person would remember of one question. */
interface Memory {
  readonly approval: Approval;
  state: Approval['state'];
  openUntilBootMs: number;
  bootId: string;
  granted: boolean;
}

/** The desk beside a memory of what was asked and answered; every step is judged by the memory. */
export class History {
  readonly #desk = new Desk();
  readonly #sessions: readonly SessionId[] = [0, 1, 2, 3].map(() => this.#desk.openSession());
  readonly #asked: Memory[] = [];
  #day: { atMs: number; outside: boolean }[] = [];
  #reopened = 0;

  perform(step: Step): void {
    switch (step.do) {
      case 'ask':
        return this.#ask(step);
      case 'answer':
        return this.#answer(step);
      case 'withdraw':
        return this.#withdraw(step);
      case 'wait':
        return void this.#desk.later(step.ms);
      case 'clock':
        return void (this.#desk.now = { ...this.#desk.now, wallMs: this.#desk.now.wallMs + step.ms });
      case 'reboot':
        return void (this.#desk.now = { ...this.#desk.now, bootMs: 0, bootId: `${this.#desk.now.bootId}+` });
      case 'expire':
        return this.#expire();
      case 'cancel':
        cancelApprovals(this.#desk.tx, 'all', 'killed', this.#desk.now, this.#desk.ports);
        for (const memory of this.#asked) if (memory.state === 'pending') memory.state = 'cancelled';
        return undefined;
      case 'reopen':
        return this.#reopen(step.which);
      case 'grant':
        return this.#grant(step.which);
      default:
        return step satisfies never;
    }
  }

  /** What always holds: the queue is as remembered, and nobody is asked more than the caps allow. */
  check(): void {
    for (const memory of this.#asked) expect(getApproval(this.#desk.tx, memory.approval.id)?.state).toBe(memory.state);
    expect(this.#day.length).toBeLessThanOrEqual(20);
    expect(this.#day.filter(({ outside }) => outside).length).toBeLessThanOrEqual(15);
    for (const session of this.#sessions) {
      const open = this.#asked.filter((memory) => memory.approval.session === session && this.#isOpen(memory));
      // What the owner reopens stands beside the five that a session may put by itself.
      expect(open.length).toBeLessThanOrEqual(5 + this.#reopened);
    }
  }

  #ask(step: Extract<Step, { do: 'ask' }>): void {
    const { now } = this.#desk;
    const session = this.#sessions[step.session];
    if (session === undefined) return;
    const content = step.red ? { ...CONTENT, red: [{ kind: 'injection_warning' as const, sources: 1 }] } : CONTENT;
    const origin = step.outside === null ? 'owner' : 'outside';
    const result = this.#desk.ask(session, {
      ph: `p${step.ph}`,
      content,
      origin,
      sender: `s${step.outside}@x.example`,
    });
    if (result.kind !== 'asked') return;
    const openUntilBootMs = now.bootMs + 300_000;
    this.#asked.push({
      approval: result.approval,
      state: 'pending',
      openUntilBootMs,
      bootId: now.bootId,
      granted: false,
    });
    this.#day = [
      ...this.#day.filter(({ atMs }) => atMs > now.wallMs - DAY),
      { atMs: now.wallMs, outside: origin === 'outside' },
    ];
  }

  #answer(step: Extract<Step, { do: 'answer' }>): void {
    const memory = this.#pick(step.which);
    if (memory === undefined) return;
    const attentive = memory.approval.content.red.length === 0 || step.typed;
    const inTime = step.verdict === 'deny' || (this.#isOpen(memory) && attentive);
    const may = step.right && memory.state === 'pending' && inTime;
    const given = { ah: (step.right ? '2' : '3').repeat(64), typed: step.typed ? 'ann@example.org' : undefined };
    expect(this.#desk.answer(memory.approval.id, { verdict: step.verdict, ...given }).ok).toBe(may);
    if (may) memory.state = step.verdict === 'deny' ? 'denied' : 'approved';
  }

  #withdraw(step: Extract<Step, { do: 'withdraw' }>): void {
    const memory = this.#pick(step.which);
    if (memory === undefined) return;
    const { id, ah } = memory.approval;
    const may = memory.state === 'approved' && !step.dispatched;
    const denial = { id, ah, method: 'terminal', dispatched: step.dispatched } as const;
    expect(denyApproved(this.#desk.tx, denial, this.#desk.now, this.#desk.ports).ok).toBe(may);
    if (may) memory.state = 'denied';
  }

  #expire(): void {
    const ended = new Set<string>(expireApprovals(this.#desk.tx, this.#desk.now, this.#desk.ports).map(({ id }) => id));
    for (const memory of this.#asked) {
      const { bootId, bootMs } = this.#desk.now;
      const over = memory.bootId !== bootId || bootMs >= memory.openUntilBootMs;
      const due = over && (memory.state === 'pending' || (memory.state === 'approved' && memory.granted));
      expect(ended.has(memory.approval.id)).toBe(due);
      if (due) memory.state = 'expired';
    }
  }

  #reopen(at: number): void {
    const memory = this.#pick(at);
    if (memory === undefined) return;
    const may = memory.state === 'expired' && !memory.granted;
    const asked = { id: memory.approval.id, method: 'terminal' } as const;
    expect(reopenApproval(this.#desk.tx, asked, this.#desk.now, this.#desk.ports).ok).toBe(may);
    if (!may) return;
    this.#reopened += 1;
    this.#deadline(memory);
    memory.state = 'pending';
  }

  #grant(at: number): void {
    const memory = this.#pick(at);
    if (memory === undefined || memory.state !== 'approved' || memory.granted) return;
    this.#desk.addGrant(memory.approval.id, memory.approval.request, 'minted');
    memory.granted = true;
    this.#deadline(memory);
  }

  #deadline(memory: Memory): void {
    memory.openUntilBootMs = this.#desk.now.bootMs + 300_000;
    memory.bootId = this.#desk.now.bootId;
  }

  #pick(at: number): Memory | undefined {
    return this.#asked[at % Math.max(1, this.#asked.length)];
  }

  #isOpen(memory: Memory): boolean {
    const { bootId, bootMs } = this.#desk.now;
    return memory.state === 'pending' && memory.bootId === bootId && bootMs < memory.openUntilBootMs;
  }
}
