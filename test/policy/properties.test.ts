import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { APPROVALS, isStricter, join, type DecisionRequest } from '../../src/contracts/index.ts';
import { decide } from '../../src/policy/index.ts';
import {
  anyPolicy,
  anyRequest,
  defaultText,
  denied,
  forbidText,
  label,
  outboundRequest,
  permitText,
  policyOf,
  runs,
} from './support.ts';

const RUNS = { numRuns: runs };

const LOOSEST = '\n@id("loosest") @approval("none") permit (principal, action, resource);';

/** Policies are written by hostile or careless hands here: whole classes of text must not be able to loosen the floor. */
describe('no policy text', { timeout: 120_000 }, () => {
  it('lets something secret out', () => {
    fc.assert(
      fc.property(anyPolicy, outboundRequest, fc.nat({ max: 2 }), (text, request, where) => {
        const secret = { confidentiality: 'secret' as const };
        const tainted: DecisionRequest = {
          ...request,
          payload: where === 0 ? { ...request.payload, ...secret } : request.payload,
          values:
            where === 1
              ? request.values.map((one) => ({ ...one, label: { ...one.label, ...secret } }))
              : request.values,
          sources:
            where === 2 ? [{ id: 'k9', channel: 'email', readers: ['ann@example.org'], ...secret }] : request.sources,
        };
        expect(denied(decide(tainted, policyOf(text))).rules).toEqual(['floor: secret']);
      }),
      RUNS,
    );
  });

  it('lets an outbound act with an untrusted destination, or a red one, go without a person', () => {
    let reached = 0;
    fc.assert(
      fc.property(anyPolicy, outboundRequest, fc.constantFrom('', LOOSEST), (text, request, more) => {
        const decision = decide(request, policyOf(text + more));
        if (decision.kind === 'deny') return;
        reached += 1;
        const outside = request.values.some((value) => value.label.integrity === 'untrusted');
        if (outside || decision.red.length > 0) expect(decision.obligations.approval).not.toBe('none');
      }),
      { numRuns: Math.max(runs, 30) },
    );
    expect(reached).toBeGreaterThan(0);
  });

  it('lets anything happen while killed or while the breaker is open', () => {
    fc.assert(
      fc.property(anyPolicy, anyRequest, fc.boolean(), (text, request, killed) => {
        const decision = decide({ ...request, killed, breakerOpen: !killed }, policyOf(text));
        expect(denied(decision).code).toBe(killed ? 'killed' : 'breaker_open');
      }),
      RUNS,
    );
  });
});

describe('rules together', { timeout: 120_000 }, () => {
  it('deny whenever a forbid matches, whatever is permitted', () => {
    fc.assert(
      fc.property(anyPolicy, anyRequest, (text, request) => {
        const forbidden = policyOf(`${text}\n@id("the forbid") forbid (principal, action, resource);`);
        expect(decide(request, forbidden).kind).toBe('deny');
      }),
      RUNS,
    );
  });

  it('never come to less than one of the permits alone asks: another permit adds terms and takes none away', () => {
    fc.assert(
      fc.property(anyPolicy, permitText, anyRequest, (text, permit, request) => {
        const without = decide(request, policyOf(text));
        const added = decide(request, policyOf(`${text}\n${permit}`));
        if (without.kind === 'allow' && added.kind === 'allow') expect(isStricter(without, added)).toBe(false);
      }),
      RUNS,
    );
  });

  it('never come to more when a forbid is added', () => {
    fc.assert(
      fc.property(anyPolicy, forbidText, anyRequest, (text, forbid, request) => {
        const without = decide(request, policyOf(text));
        const added = decide(request, policyOf(`${text}\n${forbid}`));
        if (without.kind === 'deny') expect(added.kind).toBe('deny');
        else if (added.kind === 'allow') expect(added).toEqual(without);
      }),
      RUNS,
    );
  });
});

describe('the default policy', { timeout: 120_000 }, () => {
  it('never decides more loosely when a label becomes more restricted', () => {
    const policy = policyOf(defaultText);
    fc.assert(
      fc.property(anyRequest, label, fc.boolean(), (request, more, everywhere) => {
        const restricted: DecisionRequest = {
          ...request,
          payload: join(request.payload, more),
          values: request.values.map((value) => (everywhere ? { ...value, label: join(value.label, more) } : value)),
        };
        const before = decide(request, policy);
        const after = decide(restricted, policy);
        if (before.kind === 'deny') expect(after.kind).toBe('deny');
        if (before.kind === 'allow' && after.kind === 'allow') {
          expect(APPROVALS.indexOf(after.obligations.approval)).toBeGreaterThanOrEqual(
            APPROVALS.indexOf(before.obligations.approval),
          );
          expect(after.obligations.delayMs).toBeGreaterThanOrEqual(before.obligations.delayMs);
          expect(after.red.length).toBeGreaterThanOrEqual(before.red.length);
        }
      }),
      { numRuns: RUNS.numRuns * 4 },
    );
  });

  it('asks a person for every outbound act', () => {
    const policy = policyOf(defaultText);
    let reached = 0;
    fc.assert(
      fc.property(outboundRequest, (request) => {
        const decision = decide(request, policy);
        if (decision.kind === 'deny') return;
        reached += 1;
        expect(decision.obligations.approval).not.toBe('none');
      }),
      { numRuns: RUNS.numRuns * 4 },
    );
    expect(reached).toBeGreaterThan(0);
  });
});
