// A thin OpenAI-compatible server over real llama.cpp, for tests: node llama-server.mjs ENTRY MODEL.gguf REQUEST_LOG
// Prints the port of its loopback listener. Tool calls are read from the model's text in the form that models of the
// Hermes and Qwen families write and servers translate: <tool_call>{"name":…,"arguments":{…}}</tool_call>.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const [entry, modelPath, requestLog] = process.argv.slice(2);
const { getLlama } = await import(pathToFileURL(entry).href);
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize: 16_384, threads: 1 });
let last = Promise.resolve();

/** What the model says to these messages. One talk at a time: there is one sequence. */
function generate(messages, maxTokens) {
  const run = async () => {
    const prompt = `${messages.map((m) => `<|im_start|>${m.role}\n${textOf(m)}<|im_end|>\n`).join('')}<|im_start|>assistant\n`;
    const sequence = context.getSequence();
    const out = [];
    try {
      for await (const token of sequence.evaluate(model.tokenize(prompt, true), { temperature: 0 })) {
        if (model.isEogToken(token) || out.length >= maxTokens) break;
        out.push(token);
      }
    } finally {
      await sequence.clearHistory();
      sequence.dispose();
    }
    return { text: model.detokenize(out), tokens: out.length };
  };
  const mine = last.then(run);
  last = mine.catch(() => undefined);
  return mine;
}

function textOf(message) {
  if (typeof message.content === 'string') return message.content;
  if (Array.isArray(message.content)) return message.content.map((part) => part.text ?? '').join('');
  return JSON.stringify(message.tool_calls ?? '');
}

function answerOf(body, { text, tokens }) {
  const call = /<tool_call>(.*)<\/tool_call>/s.exec(text);
  const named = call === null ? null : JSON.parse(call[1]);
  const useTool = named !== null && (body.tools ?? []).some((tool) => tool.function.name === named.name);
  const message = useTool
    ? {
        role: 'assistant',
        content: null,
        refusal: null,
        tool_calls: [
          {
            id: `call_${Date.now()}`,
            type: 'function',
            function: { name: named.name, arguments: JSON.stringify(named.arguments) },
          },
        ],
      }
    : { role: 'assistant', content: text, refusal: null };
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1_000),
    model: 'tiny',
    choices: [{ index: 0, message, finish_reason: useTool ? 'tool_calls' : 'stop', logprobs: null }],
    usage: { prompt_tokens: 0, completion_tokens: tokens, total_tokens: tokens },
  };
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const raw = Buffer.concat(chunks).toString('utf8');
  const json = (status, value) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  if (request.url === '/v1/models')
    return json(200, { object: 'list', data: [{ id: 'tiny', object: 'model', created: 0, owned_by: 'test' }] });
  if (request.url !== '/v1/chat/completions') return json(404, { error: { message: 'not found' } });
  appendFileSync(requestLog, `${JSON.stringify({ headers: request.headers, body: JSON.parse(raw) })}\n`);
  const body = JSON.parse(raw);
  const said = await generate(body.messages, body.max_tokens ?? 256);
  if (!body.stream) return json(200, answerOf(body, said));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunk = (delta, finish) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 0,
    model: 'tiny',
    choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }],
  });
  for (const piece of said.text.match(/.{1,8}/gs) ?? [])
    response.write(`data: ${JSON.stringify(chunk({ content: piece }, null))}\n\n`);
  response.end(`data: ${JSON.stringify(chunk({}, 'stop'))}\n\ndata: [DONE]\n\n`);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
