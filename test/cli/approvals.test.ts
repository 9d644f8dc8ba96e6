import { describe, expect, it } from 'vitest';
import { againstControl, cli, control, oneApproval } from './support/against-control.ts';
import { challenge, ID, list, OTHER, shown, summary } from './support/answers.ts';

againstControl(oneApproval);

const answer = (): unknown => control.requests.find((request) => request.type === 'approvals_answer');
const RED = { red: [{ kind: 'untrusted_destination' as const, role: 'to', value: 'ann@example.org' }] };

describe('approvals list', () => {
  it('shows age, time left, destination, red and what a denial can still do', async () => {
    const waiting = summary({
      id: OTHER,
      state: 'approved',
      method: 'terminal',
      outbox: { state: 'intended', dispatch_in_ms: 8_000, reason: null },
      red: ['flow'],
      destinations: 3,
    });
    control.handlers.approvals_list = () => list(summary(), waiting);
    const { code, stdout } = await cli.run(['approvals', 'list']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/a_qqqqqqqq +\d+ s +waits, 4 min left +send_email +ann@example\.org \(Ann\)\n/);
    expect(stdout).toMatch(/leaves in 8 s, deny still wins +send_email +ann@example\.org \(Ann\) \(\+2\) +RED\n/);
    expect(stdout).toContain('any program of this user can approve');
    expect(JSON.parse((await cli.run(['approvals', 'list', '--json'])).stdout)).toMatchObject({
      presence: 'terminal',
      approvals: [{ id: ID }, { id: OTHER }],
    });
  });

  it.each([
    ['denied', 'approved, but it failed: you denied it in time'],
    ['policy_changed', 'approved, but it failed: the policy or another confirmed file had changed'],
    ['not_dispatched', 'approved, but it failed: it never left'],
    ['some_new\u001b[2Jword', 'approved, but it failed: some_new\\u{1B}\\u{5B}2Jword'],
    [null, 'approved, but it failed '],
  ])('says why an approved act failed: %s', async (reason, sentence) => {
    const outbox = { state: 'failed', dispatch_in_ms: 0, reason } as const;
    control.handlers.approvals_list = () => list(summary({ state: 'approved', method: 'terminal', outbox }));
    expect((await cli.run(['approvals', 'list', '--all'])).stdout).toContain(sentence);
  });

  it('draws hostile text of a line as what it is', async () => {
    control.handlers.approvals_list = () => list(summary({ destination: 'a\u202e\u001b[2J@x', contact: 'A\nn' }));
    expect((await cli.run(['approvals', 'list'])).stdout).toContain('a\\u{202E}\\u{1B}[2J@x (A\\nn)');
  });
});

describe('approvals show', () => {
  it('prints exactly what would be sent, with colour only where asked', async () => {
    control.handlers.approvals_show = () =>
      shown({ rationale: 'Goes to\nnobody', payload: { ...shown().approval.content.payload, body: 'p\u0430y\n' } });
    const { code, stdout } = await cli.run(['approvals', 'show', 'qqq']);
    expect(code).toBe(0);
    for (const part of [
      'address│ ann@example.org',
      'body│ p\\u{430}y',
      'claims│ Goes to',
      'log when shown: 7:ccc',
      'a'.repeat(64),
      'b'.repeat(64),
    ])
      expect(stdout).toContain(part);
    expect(stdout).not.toContain('\u001b');
    expect(JSON.parse((await cli.run(['approvals', 'show', ID, '--json'])).stdout)).toMatchObject({
      id: ID,
      typed: [],
      checkpoint: { size: 7 },
    });
  });

  it('colours at a terminal, and not with NO_COLOR or --no-color', async () => {
    const coloured = await cli.runAtTerminal(['approvals', 'show', ID], []);
    expect(coloured.stdout).toContain('\u001b[1mGoes to');
    for (const ran of [
      await cli.runAtTerminal(['approvals', 'show', ID, '--no-color'], []),
      await cli.runAtTerminal(['approvals', 'list', '--no-color'], []),
    ]) {
      expect(ran.stdout).not.toContain('\u001b[');
    }
  });

  it('takes a unique beginning of an id, and refuses one of several or none', async () => {
    control.handlers.approvals_list = () => list(summary(), summary({ id: OTHER }));
    expect((await cli.run(['approvals', 'show', 'a_qq'])).stderr).toContain('2 approvals begin with `a_qq`');
    expect((await cli.run(['approvals', 'show', 'a_zz'])).stderr).toContain('no approval begins with `a_zz`');
    expect((await cli.run(['approvals', 'show', '../x'])).stderr).toContain('is not the id of an approval');
    expect(await cli.run(['approvals', 'show', OTHER])).toMatchObject({ code: 0 });
  });
});

describe('approvals approve', () => {
  it('shows everything first, asks, and answers for the hash that was shown', async () => {
    const { code, stdout } = await cli.runAtTerminal(
      ['approvals', 'approve', ID],
      [[/send this to ann@example\.org\? \[y\/N\] $/, 'y']],
    );
    expect(code).toBe(0);
    expect(stdout.indexOf('body│ Dear Ann,')).toBeLessThan(stdout.indexOf('[y/N]'));
    expect(stdout).toContain('until it has left');
    expect(answer()).toEqual({
      type: 'approvals_answer',
      approval: ID,
      ah: 'a'.repeat(64),
      verdict: 'approve',
      presence: { method: 'terminal' },
    });
  });

  it('sends nothing for any answer but yes', async () => {
    for (const typed of ['', 'n', 'yess', 'ok']) {
      expect(await cli.runAtTerminal(['approvals', 'approve', ID], [[/\[y\/N\] $/, typed]])).toMatchObject({ code: 1 });
    }
    expect(answer()).toBeUndefined();
  });

  it('without a terminal wants --yes, and takes it while nothing is enrolled', async () => {
    const refused = await cli.run(['approvals', 'approve', ID]);
    expect([refused.code, answer()]).toEqual([1, undefined]);
    expect(refused.stderr).toContain('--yes');
    expect(await cli.run(['approvals', 'approve', ID, '--yes'])).toMatchObject({ code: 0 });
    expect(answer()).toMatchObject({ verdict: 'approve', presence: { method: 'terminal' } });
  });

  it('a red act wants the address typed; --yes alone is not enough', async () => {
    control.handlers.approvals_show = () => shown(RED);
    const refused = await cli.run(['approvals', 'approve', ID, '--yes']);
    expect([refused.code, answer()]).toEqual([1, undefined]);
    expect(refused.stderr).toContain('--typed ADDRESS');
    const typed = await cli.runAtTerminal(
      ['approvals', 'approve', ID],
      [[/type the address it goes to: $/, 'ann@example.org']],
    );
    expect(typed.code).toBe(0);
    expect(answer()).toMatchObject({ typed: 'ann@example.org' });
    control.requests.length = 0;
    expect(
      await cli.run(['approvals', 'approve', ID, '--yes', '--typed', 'ann@example.org', '--typed', 'b@x.example']),
    ).toMatchObject({ code: 0 });
    expect(answer()).toMatchObject({ typed: 'ann@example.org b@x.example' });
  });

  it('passes on why the executor refused, and answers only what is pending', async () => {
    control.handlers.approvals_answer = () => ({
      type: 'error',
      error: 'params_mismatch',
      message: 'the answer is for other content',
    });
    expect(await cli.run(['approvals', 'approve', ID, '--yes'])).toMatchObject({
      code: 1,
      stderr: 'hardshell: the answer is for other content\n',
    });
    control.requests.length = 0;
    control.handlers.approvals_show = () => ({ ...shown(), approval: { ...shown().approval, state: 'denied' } });
    expect((await cli.run(['approvals', 'approve', ID, '--yes'])).stderr).toContain('already denied');
    expect(answer()).toBeUndefined();
  });
});

describe('approvals deny and reopen', () => {
  it('denying asks nothing and needs no passphrase', async () => {
    control.handlers.presence_challenge = () => challenge('passphrase');
    expect(await cli.run(['approvals', 'deny', 'qqqq'])).toMatchObject({ code: 0 });
    expect(answer()).toMatchObject({ verdict: 'deny', ah: 'a'.repeat(64), presence: { method: 'terminal' } });
    expect(control.asked).not.toContain('presence_challenge');
  });

  it('reopening asks the question again', async () => {
    control.handlers.approvals_reopen = () => ({ type: 'approvals_reopen', approval: summary() });
    const { code, stdout } = await cli.run(['approvals', 'reopen', ID]);
    expect(code).toBe(0);
    expect(stdout).toContain('hardshell approvals show a_qqqqqqqq');
  });
});

describe('approvals watch', () => {
  it('tells each new question once, and each change', async () => {
    let looks = 0;
    control.handlers.approvals_list = () => {
      looks += 1;
      return list(...(looks > 1 ? [summary({ id: OTHER })] : []), summary({ state: looks > 1 ? 'denied' : 'pending' }));
    };
    const { code, stdout } = await cli.run(['approvals', 'watch', '--json', '--interval', '1', '--for', '3']);
    expect(code).toBe(0);
    const told = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; state: string });
    expect(told.map(({ id, state }) => `${id === ID ? 'first' : 'second'} ${state}`)).toEqual([
      'first pending',
      'first denied',
      'second pending',
    ]);
  });
});
