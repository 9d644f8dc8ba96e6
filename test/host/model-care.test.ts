import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePercent } from '../../src/app/model-care/care.ts';
import { ollamaSteps } from '../../src/host/install/ollama-steps.ts';
import { OLLAMA_ENVIRONMENT, renderLogRotation } from '../../src/host/services/ollama.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'app', 'model-care', 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'hs-care-'));
const steps = ollamaSteps(['router:1b', 'executor:8b'], '/usr/lib/hardshell/current');
const texts = steps.flatMap((step) =>
  step.kind === 'file' && step.content.kind === 'text' ? [{ path: step.path, text: step.content.text }] : [],
);

let server: Server;
let url: string;
const asked: string[] = [];

/** Answers as the server of the published API does. */
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`);
      const models = [{ name: 'router:1b' }, { name: 'plain:latest' }];
      response.statusCode = body.includes('"missing') ? 404 : 200;
      response.end(JSON.stringify(request.url === '/api/generate' ? { done: true } : { models }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function care(...words: string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('close', (code) => resolve({ code: code ?? -1, said }));
  });
}

describe('the care of the model server', () => {
  test('loads each model by an empty question, and says which it could not', async () => {
    expect(await care('preload', 'router:1b', '--url', url)).toEqual({ code: 0, said: '<6>router:1b is loaded\n' });
    expect(asked).toContain('POST /api/generate {"model":"router:1b","keep_alive":"24h","stream":false}');
    expect(await care('preload', 'missing:1b', '--url', url)).toMatchObject({
      code: 1,
      said: expect.stringContaining('could not be loaded: it answered 404') as string,
    });
  });

  test('is content with a server that serves the models, named with or without a tag', async () => {
    expect(await care('health', 'router:1b', 'plain', '--url', url)).toMatchObject({ code: 0 });
  });

  test('says which model is missing, and when nobody answers', async () => {
    expect((await care('health', 'other:8b', '--url', url)).said).toBe(
      '<3>other:8b is not there; run `ollama pull other:8b`\n',
    );
    const gone = await care('health', '--url', 'http://127.0.0.1:9');
    expect([gone.code, gone.said]).toEqual([1, expect.stringContaining('does not serve')]);
  });

  test('raises an alarm when memory runs short, and none when there is enough', async () => {
    expect(await care('memory', '99')).toMatchObject({
      code: 1,
      said: expect.stringMatching(/^<1>memory runs short/) as string,
    });
    expect(await care('memory', '1')).toMatchObject({ code: 0 });
    expect(await care('memory', 'x')).toMatchObject({ code: 2 });
    expect(freePercent('MemTotal:  1000 kB\nMemAvailable:   74 kB\n')).toBe(7);
    expect(freePercent('MemTotal:  1000 kB\n')).toBeNull();
  });
});

describe('the tuning of Ollama', () => {
  test('answers this machine only, keeps two models, lets no page in', () => {
    expect(OLLAMA_ENVIRONMENT).toMatchObject({
      OLLAMA_HOST: '127.0.0.1:11434',
      OLLAMA_ORIGINS: '',
      OLLAMA_MAX_LOADED_MODELS: '2',
    });
    expect(texts.find(({ path }) => path.endsWith('ollama.service.d/hardshell.conf'))?.text).toContain(
      'Environment="OLLAMA_KV_CACHE_TYPE=q8_0"',
    );
  });

  test('is accepted by `systemd-analyze verify`, with a server to tune', () => {
    writeFileSync(join(folder, 'ollama.service'), '[Service]\nExecStart=/bin/true\n');
    for (const { path, text } of texts.filter(({ path }) => path.startsWith('/etc/systemd/system/hardshell')))
      writeFileSync(
        join(folder, path.slice(path.lastIndexOf('/') + 1)),
        text.replaceAll('/usr/lib/hardshell/current/bin/node', '/bin/true'),
      );
    const names = texts.flatMap(({ path }) => /\/(hardshell-[\w.-]+\.(?:service|timer))$/.exec(path)?.[1] ?? []);
    expect(names).toHaveLength(5);
    const done = spawnSync('systemd-analyze', ['verify', ...names.map((name) => join(folder, name))], {
      encoding: 'utf8',
      env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
    });
    expect(`${done.stdout}${done.stderr}`.split('\n').filter((line) => line.includes('hardshell'))).toEqual([]);
  });

  test('its log rotation is accepted by logrotate', () => {
    const path = join(folder, 'rotation');
    writeFileSync(path, renderLogRotation(), { mode: 0o644 });
    const rotate = existsSync('/usr/sbin/logrotate') ? '/usr/sbin/logrotate' : 'logrotate';
    const rotated = spawnSync(rotate, ['-d', '-s', join(folder, 'state'), path], { encoding: 'utf8' });
    expect([rotated.status, /error/i.test(rotated.stderr)]).toEqual([0, false]);
    writeFileSync(path, renderLogRotation().replace('copytruncate', 'copytruncat'), { mode: 0o644 });
    expect(spawnSync(rotate, ['-d', '-s', join(folder, 'state'), path], { encoding: 'utf8' }).stderr).toMatch(/error/i);
  });

  test('refuses a name of a model that would mean something in a unit', () => {
    for (const name of ['a b', 'a;b', '$(x)', 'a\nExecStart=/bin/sh', '-x', '%n'])
      expect(() => ollamaSteps([name], '/x')).toThrow(/a model is named like/);
  });
});
