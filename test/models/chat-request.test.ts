import { existsSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { MODEL_LIMITS, parseChatRequest } from '../../src/models/index.ts';

const SPEC = new URL('../../../shared/specs/openai-chat-completions.json', import.meta.url);
const HELLO = [{ role: 'user', content: 'Hello' }];
const parse = (body: unknown): ReturnType<typeof parseChatRequest> =>
  parseChatRequest(body, 'pool-model', MODEL_LIMITS);

function accepted(body: unknown): Readonly<Record<string, unknown>> {
  const parsed = parse(body);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.body;
}

const FULL = {
  model: 'whatever',
  messages: [
    { role: 'system', content: 'You are a test.', name: 'system_1' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } }],
    },
    { role: 'tool', content: 'seen', tool_call_id: 'call_1' },
  ],
  tools: [
    {
      type: 'function',
      function: { name: 'look', description: 'looks', parameters: { type: 'object', properties: {} }, strict: true },
    },
  ],
  tool_choice: { type: 'function', function: { name: 'look' } },
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 'out', schema: { type: 'object' }, strict: true } },
  temperature: 0.2,
  top_p: 0.9,
  frequency_penalty: 0,
  presence_penalty: 0,
  seed: 7,
  stop: ['END'],
  n: 1,
  max_tokens: 100,
  stream: true,
  stream_options: { include_usage: true },
};

describe('the allow-list of a chat completion', () => {
  it('keeps every allowed field, and replaces the model by the pool’s', () => {
    expect(accepted(FULL)).toEqual({ ...FULL, model: 'pool-model' });
  });

  it('drops what would be remembered or tell who asks, and says so', () => {
    const parsed = parse({
      messages: HELLO,
      store: true,
      metadata: { a: 'b' },
      user: 'ann',
      service_tier: 'flex',
      secretly: 1,
    });
    if (!parsed.ok) throw new Error('refused');
    expect(Object.keys(parsed.body).sort()).toEqual(['max_tokens', 'messages', 'model']);
    expect([...parsed.dropped].sort()).toEqual(['1 unknown', 'metadata', 'service_tier', 'store', 'user']);
  });

  it('drops unknown fields at every depth', () => {
    const body = accepted({
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'a', cache_control: { type: 'x' } }], file_ids: ['f'] },
      ],
      tools: [
        { type: 'function', function: { name: 'f', url: 'https://evil.example' }, server_url: 'https://evil.example' },
      ],
    });
    expect(JSON.stringify(body)).not.toMatch(/cache_control|file_ids|evil/);
  });

  it.each([
    ['a hosted tool', { tools: [{ type: 'web_search' }] }],
    ['a remote MCP server', { tools: [{ type: 'mcp', server_label: 'x', server_url: 'https://evil.example' }] }],
    ['a custom tool', { tools: [{ type: 'custom', custom: { name: 'x' } }] }],
    ['web search', { web_search_options: {} }],
    ['legacy functions', { functions: [{ name: 'f' }] }],
    ['plugins', { plugins: [{ id: 'web' }] }],
    [
      'a remote image',
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://evil.example/x.png' } }] },
        ],
      },
    ],
    [
      'a file image',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }] },
    ],
    [
      'an SVG image',
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/svg+xml;base64,AAAA' } }] },
        ],
      },
    ],
    ['a file part', { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }] }],
    ['an unknown role', { messages: [{ role: 'root', content: 'x' }] }],
    ['no messages', { messages: [] }],
    ['several answers', { n: 2 }],
    ['text for a number', { temperature: '0' }],
  ])('refuses %s, and accepts the same call without it', (_name, change) => {
    expect(parse({ messages: HELLO, ...change })).toMatchObject({
      ok: false,
      error: { status: 400, type: 'invalid_request_error' },
    });
    expect(parse({ messages: HELLO }).ok).toBe(true);
  });

  it('bounds the tokens whatever is asked for', () => {
    expect(accepted({ messages: HELLO })).toMatchObject({ max_tokens: MODEL_LIMITS.tokensDefault });
    expect(accepted({ messages: HELLO, max_tokens: 1_000_000 })).toMatchObject({ max_tokens: MODEL_LIMITS.tokensMax });
    expect(accepted({ messages: HELLO, max_completion_tokens: 5 })).toMatchObject({ max_tokens: 5 });
  });

  it('takes no field from a prototype', () => {
    const body = JSON.parse(
      '{"messages":[{"role":"user","content":"x"}],"__proto__":{"tools":[{"type":"mcp"}],"stream":true},"constructor":{"a":1}}',
    );
    expect(accepted(body)).toEqual({
      messages: [{ role: 'user', content: 'x' }],
      model: 'pool-model',
      max_tokens: MODEL_LIMITS.tokensDefault,
    });
    expect({}).not.toHaveProperty('tools');
  });

  const judge = existsSync(SPEC) ? it : it.skip;
  if (!existsSync(SPEC))
    console.warn('SKIPPED: ../shared/specs is not there, so no specification judges the rebuilt bodies');
  judge('builds bodies that OpenAI’s own specification accepts', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(JSON.parse(readFileSync(SPEC, 'utf8')), 's');
    const valid = ajv.compile({ $ref: 's#/components/schemas/CreateChatCompletionRequest' });
    for (const body of [
      FULL,
      { messages: HELLO },
      { messages: HELLO, response_format: { type: 'json_object' }, tool_choice: 'auto' },
    ]) {
      expect(valid(accepted(body)), JSON.stringify(valid.errors)).toBe(true);
    }
    // The judge judges: a body that the API would refuse is refused.
    expect(valid({ model: 'm', messages: [{ role: 'root', content: 'x' }] })).toBe(false);
  });
});
