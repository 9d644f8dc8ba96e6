import { describe, expect, it } from 'vitest';
import { describeProblem, parseConfig, type Config } from '../../src/config/index.ts';

function problems(text: string, env: Record<string, string> = {}): string[] {
  const parsed = parseConfig(text, env);
  return parsed.kind === 'ok' ? [] : parsed.problems.map(describeProblem);
}

function config(text: string, env: Record<string, string> = {}): Config {
  const parsed = parseConfig(text, env);
  if (parsed.kind !== 'ok') throw new Error(parsed.problems.map(describeProblem).join('; '));
  return parsed.config;
}

describe('a configuration that is taken', () => {
  it('is complete and frozen whatever the file leaves out', () => {
    const empty = config('{}');
    expect(empty.approvals).toEqual({
      pendingPerSession: 5,
      questionsPerDay: 20,
      questionsPerSender: 3,
      questionsReserved: 5,
      outboxDelayMs: 10_000,
    });
    expect(empty.zones.reader).toEqual({ memoryMiB: 256, tasks: 32, cpus: 0.5 });
    expect(empty.models.local).toBeNull();
    expect(Object.isFrozen(empty) && Object.isFrozen(empty.zones.reader)).toBe(true);
  });

  it('takes JSON5, and a value from the environment', () => {
    const text = "// mine\n{ mail: { address: '${ME}', name: 'Ann ${LAST}', }, approvals: { outboxDelay: '0s' } }";
    expect(config(text, { ME: 'ann@example.org', LAST: 'Lee' })).toMatchObject({
      mail: { address: 'ann@example.org', name: 'Ann Lee' },
      approvals: { outboxDelayMs: 0 },
    });
  });

  it('takes a model server on a loopback address and drops its last slash', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', '[::1]', 'localhost']) {
      const text = `{ models: { local: { baseUrl: 'http://${host}:11434/v1/', model: 'qwen3:8b' } } }`;
      expect(config(text).models.local).toEqual({ baseUrl: `http://${host}:11434/v1`, model: 'qwen3:8b' });
    }
  });
});

describe('a configuration that is refused', () => {
  it('names the line and the nearest known key of an unknown one', () => {
    expect(problems('{\n  mail: {\n    adress: "x",\n  },\n}')).toEqual([
      'line 3: `mail.adress` is unknown; did you mean `mail.address`?',
    ]);
    expect(problems('{ zone: {} }')).toEqual(['line 1: `zone` is unknown; did you mean `zones`?']);
    expect(problems('{ logging: { qqqqqqqqqq: 1 } }')).toEqual([
      'line 1: `logging.qqqqqqqqqq` is unknown; here may stand `maxMiB`',
    ]);
  });

  it.each(['gateway', 'edge', 'channels', 'secrets', 'stop', 'guardian', 'canaries'])(
    'says that `%s` is not built yet',
    (key) => {
      expect(problems(`{ ${key}: {} }`)).toEqual([
        expect.stringMatching(/is not built yet: it comes with part \d; remove it/),
      ]);
    },
  );

  it('says so for keys inside sections too, and takes their neighbours', () => {
    expect(problems("{ session: { dmScope: 'main' } }")).toEqual([expect.stringContaining('part 4')]);
    expect(problems('{ session: { retentionDays: 3 } }')).toEqual([]);
  });

  it('knows no key that turns a wall off', () => {
    for (const key of ['sandbox: false', 'unsafe: true', 'minimumMode: "none"', 'minimumMode: false']) {
      expect(problems(`{ zones: { ${key} } }`)).toHaveLength(1);
    }
  });

  it.each([
    ['http://192.168.1.5:11434/v1'],
    ['http://127.0.0.1.evil.example:80/v1'],
    ['http://user:pw@127.0.0.1:11434/v1'],
    ['https://127.0.0.1:11434/v1'],
    ['http://127.0.0.1:11434/v1?key=1'],
    ['http://127.0.0.1/v1'],
    ['http://0.0.0.0:11434/v1'],
    ['http://127.1.2.999:1/v1'],
    ['http://localhost@evil.example:80/'],
    ['http://[::ffff:10.0.0.1]:80/'],
  ])('refuses the model server `%s`', (baseUrl) => {
    expect(problems(`{ models: { local: { baseUrl: '${baseUrl}', model: 'x' } } }`)).toEqual([
      expect.stringContaining('must be plain `http` to this machine'),
    ]);
  });

  it('refuses a literal secret by key and by value without repeating it', () => {
    const values = [
      'sk-ant-REDACTED-abcdefgh',
      `ghp_${'a1'.repeat(18)}`,
      'xoxb-1234567890-abcdef',
      'AKIAABCDEFGHIJKLMNOP',
      `123456789:${'A'.repeat(35)}`,
    ];
    for (const value of values) {
      const found = problems(`{ mail: { name: '${value}' } }`);
      expect(found).toEqual([expect.stringContaining('looks like a secret')]);
      expect(found.join()).not.toContain(value.slice(0, 8));
    }
    expect(problems("{ mail: { password: 'x' } }")).toEqual([expect.stringContaining('no place for a secret')]);
    expect(problems("{ mail: { name: 'Ann-Sofie von der Lange' } }")).toEqual([]);
  });

  it('refuses a missing variable and a name that is none', () => {
    expect(problems("{ mail: { name: '${NOT_SET}' } }")).toEqual([expect.stringContaining('not set')]);
    expect(problems("{ mail: { name: '${__proto__}' } }", {})).toEqual([expect.stringContaining('not set')]);
  });

  it('checks what came from the environment like anything else', () => {
    expect(problems("{ mail: { address: '${ME}' } }", { ME: 'Ann <ann@example.org>' })).toEqual([
      expect.stringContaining('plain mail address'),
    ]);
  });

  it('refuses a repeated key, prototype keys and an array at the top', () => {
    expect(problems('{ mail: {}, "m\\u0061il": {} }')).toEqual(['line 1: `mail` stands here a second time; keep one']);
    expect(problems('{ __proto__: { mail: 1 } }')).toEqual([expect.stringContaining('`__proto__` is unknown')]);
    expect(problems('{ mail: { constructor: 1 } }')).toEqual([expect.stringContaining('is unknown')]);
    expect(problems('[]')).toEqual(['line 1: the file must hold one object in braces']);
  });

  it('says where JSON5 stops making sense', () => {
    expect(problems('{\n  mail: {\n    name: "x"\n    address: 1\n  }\n}')).toEqual([
      expect.stringMatching(/^line 4: this is not JSON5/),
    ]);
    expect(problems('')).toHaveLength(1);
    expect(problems(`{ mail: ${'['.repeat(20)}${']'.repeat(20)} }`)).toHaveLength(1);
    expect(problems(' '.repeat(70_000))).toEqual(['the file passes 65536 characters']);
  });

  it('refuses numbers and delays out of range, and a reserve larger than the day', () => {
    expect(problems("{ approvals: { outboxDelay: '121s' } }")).toEqual([expect.stringContaining('at most `120s`')]);
    expect(problems('{ approvals: { questionsPerDay: 4 } }')).toEqual([
      expect.stringContaining('must not pass `approvals.questionsPerDay` (4)'),
    ]);
    for (const value of ['0', '-1', '1.5', 'NaN', 'Infinity', '"5"', 'null', '1e9']) {
      expect(problems(`{ approvals: { pendingPerSession: ${value} } }`)).toHaveLength(1);
    }
  });

  it('tells every problem at once, in the order of the file', () => {
    const found = problems(
      "{\n  logging: { maxMiB: 'loud' },\n  mail: 5,\n  models: { local: { baseUrl: 'http://127.0.0.1:1' } },\n}",
    );
    expect(found.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'line 2: `logging.maxMiB`',
      'line 3: `mail`',
      'line 4: `models.local.model`',
    ]);
    expect(found[2]).toContain('is missing');
  });

  it('shows no control character of a hostile key', () => {
    expect(problems('{ "\\u001b[31mx\\u202e": 1 }').join('')).toMatch(/^[\x20-\x7e…]+$/u);
  });
});
