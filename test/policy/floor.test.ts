import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/index.ts';
import { allowed, denied, mail, policyOf, to, TRUSTED, UNTRUSTED } from './support.ts';

/** The loosest policy that can be written. The floor has to hold under it. */
const loose = policyOf('@id("all") @approval("none") permit (principal, action, resource);');

describe('floor, under a policy that permits everything without asking', () => {
  it('lets an honest act through: the twin of every denial below', () => {
    expect(allowed(decide(mail(), loose)).obligations.approval).toBe('none');
  });

  it('denies everything while killed, and says so before anything else', () => {
    const killed = { killed: true, breakerOpen: true, action: 'no_such_action' };
    expect(denied(decide(mail(killed), loose)).code).toBe('killed');
    expect(denied(decide(mail({ ...killed, killed: false }), loose)).code).toBe('breaker_open');
  });

  it('denies an action that does not exist, also when its name is one of JavaScript', () => {
    for (const action of ['run_command', 'constructor', '__proto__', 'outbound', '', 'send_email ']) {
      expect(denied(decide(mail({ action }), loose)).code).toBe('action_not_allowed');
    }
  });

  it('denies an act that is put forward as another kind than it is', () => {
    expect(denied(decide(mail({ effect: 'read' }), loose)).reason).toContain('another kind');
    expect(denied(decide(mail({ effect: 'draft' }), loose)).code).toBe('policy_denied');
  });

  it('denies a destination in a parameter that may not hold one', () => {
    expect(denied(decide(mail({ values: [to('ann@example.org', { role: 'subject' })] }), loose)).reason).toContain(
      'may not hold one',
    );
    expect(denied(decide(mail({ action: 'read_email', effect: 'read' }), loose)).code).toBe('policy_denied');
    // An action whose part is not built declares no parameters; policy judges what it is told.
    const sms = mail({ action: 'send_sms', values: [to('+15550100', { role: 'to' })] });
    expect(decide(sms, loose).kind).toBe('allow');
  });

  it('denies something secret in payload, destination or source', () => {
    const secret = { ...TRUSTED, confidentiality: 'secret' as const };
    expect(denied(decide(mail({ payload: secret }), loose)).rules).toEqual(['floor: secret']);
    expect(denied(decide(mail({ values: [to('ann@example.org', { label: secret })] }), loose)).rules).toEqual([
      'floor: secret',
    ]);
    const source = { id: 'k1', channel: 'email', confidentiality: 'secret' as const, readers: ['ann@example.org'] };
    expect(denied(decide(mail({ sources: [source] }), loose)).rules).toEqual(['floor: secret']);
    // Reading and drafting something secret sends nothing.
    expect(decide(mail({ action: 'draft_email', effect: 'draft', payload: secret }), loose).kind).toBe('allow');
  });

  it('denies an outbound act without a destination', () => {
    expect(denied(decide(mail({ values: [] }), loose)).rules).toEqual(['floor: no destination']);
    expect(decide(mail({ action: 'read_email', effect: 'read', values: [] }), loose).kind).toBe('allow');
  });

  it('denies an untrusted destination that would go without a person, and allows it with one', () => {
    const request = mail({ values: [to('ann@example.org', { label: UNTRUSTED, audience: 'contact' })] });
    const denial = denied(decide(request, loose));
    expect(denial.rules).toEqual(['floor: untrusted destination', 'all']);
    expect(denial.reason).toContain('`all`');
    expect(allowed(decide(request, policyOf('permit (principal, action, resource);'))).obligations.approval).toBe(
      'owner',
    );
    // A draft stays here: nothing goes.
    expect(decide({ ...request, action: 'draft_email', effect: 'draft' }, loose).kind).toBe('allow');
  });

  it('denies it when only one of several destinations is untrusted, whichever it is', () => {
    const chosen = to('eve@example.net', { label: UNTRUSTED, audience: 'contact' });
    const yours = to('ann@example.org', { named: true, audience: 'contact' });
    for (const values of [
      [chosen, yours],
      [yours, chosen],
      [yours, { ...chosen, role: 'bcc' }],
    ]) {
      expect(denied(decide(mail({ values }), loose)).rules).toEqual(['floor: untrusted destination', 'all']);
    }
    expect(allowed(decide(mail({ values: [yours, { ...yours, role: 'cc' }] }), loose)).obligations.approval).toBe(
      'none',
    );
  });

  it('denies something secret in one of several destinations or sources', () => {
    const secret = { ...TRUSTED, confidentiality: 'secret' as const };
    const values = [to('ann@example.org'), to('bob@example.org', { label: secret })];
    expect(denied(decide(mail({ values }), loose)).rules).toEqual(['floor: secret']);
  });

  it('says in a sentence what to do, under the code that a zone is told', () => {
    const told = (rest: Parameters<typeof mail>[0]): string => {
      const { code, reason } = denied(decide(mail(rest), loose));
      return `${code}: ${reason}`;
    };
    const fault = 'this is a fault in Hardshell, please report it';
    expect(told({ killed: true })).toBe('killed: Hardshell is stopped; run `hardshell revive` at the machine');
    expect(told({ breakerOpen: true })).toBe(
      'breaker_open: the circuit breaker is open (blocked); see `hardshell breaker status`',
    );
    expect(told({ action: 'x' })).toBe('action_not_allowed: this action does not exist in this build');
    expect(told({ effect: 'read' })).toBe(
      `policy_denied: \`send_email\` was put forward as another kind of action than it is; ${fault}`,
    );
    expect(told({ values: [to('a@b.org', { role: 'x' })] })).toBe(
      `policy_denied: a destination of \`send_email\` stands in a parameter that may not hold one; ${fault}`,
    );
    expect(told({ payload: { ...TRUSTED, confidentiality: 'secret' } })).toBe(
      'policy_denied: something secret would go out; no policy can allow this: remove it from what is sent',
    );
    expect(told({ values: [] })).toBe('policy_denied: an outbound act without a destination cannot be judged');
    expect(told({ values: [to('ann@example.org', { label: UNTRUSTED, audience: 'contact' })] })).toBe(
      'policy_denied: something from outside chose a destination, and rule `all` would let it go without a person; no policy can allow this: write @approval("owner")',
    );
  });

  it('raises a red act to a person even when every destination is trusted', () => {
    const source = { id: 'k1', channel: 'email', confidentiality: 'private' as const, readers: ['bob@example.org'] };
    const red = allowed(decide(mail({ sources: [source] }), loose));
    expect(red.red).toEqual([{ kind: 'flow', sources: 1, recipients: ['ann@example.org'] }]);
    expect(red.obligations.approval).toBe('owner');
    const plain = allowed(decide(mail({ sources: [{ ...source, readers: ['ann@example.org'] }] }), loose));
    expect(plain.red).toEqual([]);
    expect(plain.obligations.approval).toBe('none');
  });

  it('never lowers what a policy asks of a red act', () => {
    const strict = policyOf('@approval("2-of-3") permit (principal, action, resource);');
    expect(allowed(decide(mail({ warnedSources: 1 }), strict)).obligations.approval).toBe('2-of-3');
  });
});
