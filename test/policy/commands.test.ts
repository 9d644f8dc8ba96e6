import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HardshellError, type ControlRequest } from '../../src/contracts/index.ts';
import { decide } from '../../src/policy/index.ts';
import { policyCheck, policyExplain, policyTest } from '../../src/cli/commands/policy.ts';
import { policyConfirm, policyReplay } from '../../src/cli/commands/policy-live.ts';
import { defaultText, mail, policyOf, root } from './support.ts';

const dir = mkdtempSync(join(tmpdir(), 'policy-commands-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const shipped = join(root, 'policies', 'default.cedar');
const scenarios = join(root, 'policies', 'default.scenarios.json');
const file = (name: string, text: string | Uint8Array): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

async function run(
  command: (output: { write: (line: string) => void; isTerminal: boolean }) => Promise<number>,
): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await command({ write: (line) => lines.push(line), isTerminal: false });
  return { code, lines };
}

/** An executor that answers from a table and remembers what it was asked. */
function executor(answers: Readonly<Record<string, unknown>>): {
  asked: ControlRequest[];
  ask: (request: ControlRequest) => Promise<unknown>;
} {
  const asked: ControlRequest[] = [];
  return {
    asked,
    ask: (request) => {
      asked.push(request);
      const answer = answers[request.type];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
}

const gone = executor({ policy_explain: new HardshellError('connection_lost', 'nobody answers', { fate: 'retry' }) });

describe('policy check', () => {
  it('says that a policy is valid, and what confirms it', async () => {
    const { code, lines } = await run((output) => policyCheck({ file: shipped }, output));
    expect(code).toBe(0);
    expect(lines.join('\n')).toContain('is a valid policy of 9 rules');
    const json = await run((output) => policyCheck({ file: shipped, json: true }, output));
    expect(JSON.parse(json.lines.join(''))).toMatchObject({
      ok: true,
      digest: policyOf(defaultText).digest,
      warnings: [],
    });
  });

  it('tells every problem with its line, and warnings too', async () => {
    const bad = file(
      'bad.cedar',
      'permit (principal, action, resource);\n@approvl("owner") permit (principal, action, resource);\npermit (principal, action, resource) when { context.rde };',
    );
    const { code, lines } = await run((output) => policyCheck({ file: bad }, output));
    expect(code).toBe(1);
    expect(lines.map((line) => line.slice(bad.length, bad.length + 3))).toEqual([':2:', ':3:']);
    const json = await run((output) => policyCheck({ file: bad, json: true }, output));
    expect(json.code).toBe(1);
    expect(JSON.parse(json.lines.join(''))).toMatchObject({ ok: false, problems: [{ line: 2 }, { line: 3 }] });
    const idle = file('idle.cedar', 'permit (principal, action == Action::"read_email", resource is Destination);');
    expect((await run((output) => policyCheck({ file: idle }, output))).lines[0]).toContain('idle.cedar:1: warning:');
  });

  it('refuses a file that is absent or not text', async () => {
    for (const path of [join(dir, 'absent.cedar'), file('bytes.cedar', new Uint8Array([0xff, 0xfe])), dir]) {
      const { code, lines } = await run((output) => policyCheck({ file: path }, output));
      expect(code).toBe(1);
      expect(lines).toEqual([`${path}: cannot be read; is this the right path?`]);
    }
  });
});

describe('policy explain', () => {
  it('tells one decision from flags', async () => {
    const { code, lines } = await run((output) =>
      policyExplain(
        { file: shipped, action: 'send_email', to: ['eve@example.net'], readers: ['ann@example.org'], warned: 1 },
        output,
        gone,
      ),
    );
    expect(code).toBe(0);
    expect(lines[0]).toContain('"eve@example.net" (unknown)');
    expect(lines[0]).toContain('red, because');
    const honest = await run((output) =>
      policyExplain(
        {
          file: shipped,
          action: 'send_email',
          to: ['ann@example.org'],
          audience: 'contact',
          trusted: true,
          named: true,
          confidentiality: 'public',
          origin: 'instruction',
        },
        output,
        gone,
      ),
    );
    expect(honest.lines[0]).not.toContain('red, because');
    const json = await run((output) =>
      policyExplain({ file: shipped, action: 'read_email', json: true }, output, gone),
    );
    expect(JSON.parse(json.lines[0] ?? '')).toMatchObject({
      request: { action: 'read_email' },
      decision: { kind: 'allow' },
    });
  });

  it('says what is wrong with flags and files', async () => {
    expect((await run((output) => policyExplain({ file: shipped }, output, gone))).code).toBe(2);
    const audience = await run((output) =>
      policyExplain({ file: shipped, action: 'send_email', to: ['a@b.c'], audience: 'friend' }, output, gone),
    );
    expect(audience).toMatchObject({ code: 2 });
    expect(audience.lines[0]).toContain('`audience`');
    expect(
      (await run((output) => policyExplain({ file: join(dir, 'absent'), action: 'read_email' }, output, gone))).code,
    ).toBe(1);
  });

  it('asks the executor for a request that was made', async () => {
    const request = `r_${'a'.repeat(26)}`;
    const answer = {
      type: 'policy_explain',
      id: '1',
      request,
      action: 'send_email',
      outcome: 'deny',
      words: ['one', 'two'],
      rules: [],
    };
    const running = executor({ policy_explain: answer });
    expect(await run((output) => policyExplain({ file: shipped, request }, output, running))).toEqual({
      code: 0,
      lines: ['one', 'two'],
    });
    expect(running.asked).toEqual([{ type: 'policy_explain', request }]);
    expect(
      (await run((output) => policyExplain({ file: shipped, request, json: true }, output, running))).lines[0],
    ).toContain('"outcome":"deny"');
    expect((await run((output) => policyExplain({ file: shipped, request }, output, gone))).lines).toEqual([
      'Hardshell is not running; start it with `hardshell up`',
    ]);
    const refusing = executor({ policy_explain: { type: 'error', error: 'not_found', message: 'no such request' } });
    expect(await run((output) => policyExplain({ file: shipped, request }, output, refusing))).toEqual({
      code: 1,
      lines: ['no such request'],
    });
    const foreign = executor({ policy_explain: { type: 'policy_explain', surprise: true } });
    expect((await run((output) => policyExplain({ file: shipped, request }, output, foreign))).lines[0]).toContain(
      'another version',
    );
    const failing = executor({ policy_explain: new HardshellError('timeout', 'no answer in time', { fate: 'retry' }) });
    expect((await run((output) => policyExplain({ file: shipped, request }, output, failing))).lines).toEqual([
      'no answer in time',
    ]);
    const defect = executor({ policy_explain: new TypeError('defect') });
    await expect(run((output) => policyExplain({ file: shipped, request }, output, defect))).rejects.toThrow('defect');
  });
});

describe('policy test', () => {
  it('passes what ships, and fails a policy that breaks a scenario', async () => {
    const ran = await run((output) => policyTest({ file: shipped, scenarios }, output));
    expect(ran.code).toBe(0);
    expect(ran.lines.at(-1)).toMatch(/^(\d+) of \1 scenarios as expected$/);
    const empty = file('empty.cedar', '');
    const failed = await run((output) => policyTest({ file: empty, scenarios }, output));
    expect(failed.code).toBe(1);
    expect(failed.lines.some((line) => line.startsWith('FAIL reads mail without asking: expected allow'))).toBe(true);
    const json = await run((output) => policyTest({ file: shipped, scenarios, json: true }, output));
    expect(json.lines.map((line) => (JSON.parse(line) as { passed: boolean }).passed)).not.toContain(false);
  });

  it('refuses files that it cannot read or understand', async () => {
    expect((await run((output) => policyTest({ file: shipped, scenarios: join(dir, 'absent') }, output))).code).toBe(1);
    expect((await run((output) => policyTest({ file: shipped, scenarios: file('s.json', '{}') }, output))).code).toBe(
      1,
    );
    expect((await run((output) => policyTest({ file: join(dir, 'absent'), scenarios }, output))).code).toBe(1);
  });
});

describe('policy replay', () => {
  const standard = policyOf(defaultText);
  const stored = { request: `r_${'b'.repeat(26)}`, at_ms: 1, facts: mail(), decision: decide(mail(), standard) };
  const running = executor({
    policy_records: { type: 'policy_records', records: [stored, { ...stored, facts: { older: true } }] },
  });

  it('tells what a new policy would change on recorded requests', async () => {
    const same = await run((output) => policyReplay({ file: shipped }, output, running));
    expect(same).toEqual({
      code: 0,
      lines: [
        '1 recorded requests: 0 would be decided more loosely, 0 more strictly',
        '1 records of another version were left out',
      ],
    });
    const empty = file('none.cedar', '');
    const stricter = await run((output) => policyReplay({ file: empty, limit: 10 }, output, running));
    expect(stricter.lines[0]).toMatch(/^STRICTER r_b+ "send_email" was allowed by rule `send mail`.*would be denied/);
    expect(running.asked.at(-1)).toEqual({ type: 'policy_records', limit: 10 });
    const json = await run((output) => policyReplay({ file: empty, json: true }, output, running));
    expect(JSON.parse(json.lines[0] ?? '')).toMatchObject({
      total: 1,
      unread: 1,
      changes: [{ direction: 'stricter' }],
    });
  });

  it('refuses a limit out of range, a file that is no policy, and silence', async () => {
    for (const limit of [0, 1_001, 1.5])
      expect((await run((output) => policyReplay({ file: shipped, limit }, output, running))).code).toBe(2);
    expect((await run((output) => policyReplay({ file: join(dir, 'absent') }, output, running))).code).toBe(1);
    expect((await run((output) => policyReplay({ file: shipped }, output, executor({})))).code).toBe(1);
  });
});

describe('policy confirm', () => {
  const digest = 'a'.repeat(64);
  const shown = { type: 'confirm_show', name: 'policy', digest, changed: true, words: ['adds `a`'], problems: [] };
  const confirmed = { type: 'confirm', name: 'policy', digest };
  const present = { presence: () => Promise.resolve({ method: 'terminal' as const }) };

  it('shows the difference in words before it asks for presence, and confirms the digest that was shown', async () => {
    const running = executor({ confirm_show: shown, confirm: confirmed });
    const done = await run((output) => policyConfirm({}, output, { ...running, ...present }));
    expect(done.code).toBe(0);
    expect(done.lines).toEqual([
      'policy.cedar would change what may happen:',
      '  adds `a`',
      `SHA-256 ${digest}`,
      'confirmed; the policy is in force',
    ]);
    expect(running.asked.at(-1)).toEqual({ type: 'confirm', name: 'policy', digest, presence: { method: 'terminal' } });
    const json = await run((output) => policyConfirm({ json: true }, output, { ...running, ...present }));
    expect(JSON.parse(json.lines.join(''))).toEqual({ ok: true, changed: true, digest, words: ['adds `a`'] });
  });

  it('confirms nothing without presence', async () => {
    const running = executor({ confirm_show: { ...shown, words: [] }, confirm: confirmed });
    const declined = await run((output) =>
      policyConfirm({}, output, { ...running, presence: () => Promise.resolve(null) }),
    );
    expect(declined.code).toBe(1);
    expect(declined.lines[0]).toContain('the same in other words');
    expect(running.asked.map(({ type }) => type)).toEqual(['confirm_show']);
  });

  it('asks for nothing when the file is refused or already in force', async () => {
    const never = { presence: () => Promise.reject(new Error('asked')) };
    const broken = executor({ confirm_show: { ...shown, problems: ['line 1: no'] } });
    expect(await run((output) => policyConfirm({}, output, { ...broken, ...never }))).toEqual({
      code: 1,
      lines: ['policy.cedar cannot be confirmed: line 1: no'],
    });
    for (const json of [false, true]) {
      const same = executor({ confirm_show: { ...shown, changed: false } });
      expect((await run((output) => policyConfirm({ json }, output, { ...same, ...never }))).code).toBe(0);
    }
    expect((await run((output) => policyConfirm({}, output, { ...executor({}), ...never }))).code).toBe(1);
    const refused = executor({
      confirm_show: shown,
      confirm: { type: 'error', error: 'unavailable', message: 'enrol a passphrase first' },
    });
    expect((await run((output) => policyConfirm({}, output, { ...refused, ...present }))).lines.at(-1)).toBe(
      'enrol a passphrase first',
    );
  });
});
