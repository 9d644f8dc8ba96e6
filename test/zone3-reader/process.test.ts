import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extractSchema } from '../../src/contracts/index.ts';
import { chatVectors, CHAT_NAMES } from './chat-support.ts';
import { mail } from './support.ts';

type Frame = Record<string, unknown>;

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hardshell-reader-'));
  const bundle = await rolldown({
    input: fileURLToPath(new URL('../../src/app/reader/main.ts', import.meta.url)),
    platform: 'node',
    external: [/^node:/],
    treeshake: { moduleSideEffects: false },
    logLevel: 'silent',
  });
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: 'main.mjs', codeSplitting: false });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The packed reader under Node's permission model, as the sandbox starts it. */
function start(
  extra: readonly ('pipe' | number)[] = ['pipe'],
  env: Readonly<Record<string, string>> = {},
): {
  child: ChildProcess;
  stderr: () => string;
  exit: Promise<number | null>;
} {
  const child = spawn(
    process.execPath,
    [
      '--disallow-code-generation-from-strings',
      '--permission',
      `--allow-fs-read=${folder}/*`,
      join(folder, 'main.mjs'),
      '--batch',
    ],
    { stdio: ['ignore', 'ignore', 'pipe', ...extra], env },
  );
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  return { child, stderr: () => stderr, exit };
}

function open(child: ChildProcess): { socket: Socket; next: () => Promise<Frame> } {
  const socket = child.stdio[3] as Socket;
  const frames: Frame[] = [];
  const waiting: ((frame: Frame) => void)[] = [];
  let held = '';
  socket.on('data', (chunk: Buffer) => {
    held += chunk.toString();
    for (let end = held.indexOf('\n'); end >= 0; end = held.indexOf('\n')) {
      const frame = JSON.parse(held.slice(0, end)) as Frame;
      held = held.slice(end + 1);
      const taker = waiting.shift();
      if (taker === undefined) frames.push(frame);
      else taker(frame);
    }
  });
  return {
    socket,
    next: () => new Promise((resolve) => (frames.length > 0 ? resolve(frames.shift() ?? {}) : waiting.push(resolve))),
  };
}

function framesOf(id: string, raw: Buffer, change: Frame = {}): string {
  const frames: Frame[] = [
    { type: 'sanitize_begin', id, bytes: raw.length },
    { type: 'sanitize_chunk', id, seq: 0, data: raw.subarray(0, 300).toString('base64') },
    { type: 'sanitize_chunk', id, seq: 1, data: raw.subarray(300).toString('base64') },
    { type: 'sanitize_end', id, sha256: createHash('sha256').update(raw).digest('hex'), ...change },
  ];
  return frames.map((frame) => `${JSON.stringify(frame)}\n`).join('');
}

describe('the reader process', () => {
  it('reads many messages in batch and ends with its peer', async () => {
    const { child, exit } = start();
    const { socket, next } = open(child);
    expect(await next()).toEqual({ type: 'ready', channel: 'email' });
    for (const id of ['a', 'b', 'c']) {
      socket.write(framesOf(id, Buffer.from(mail(`Hello ${id} ${'x'.repeat(500)}`))));
      const answer = await next();
      expect(answer['type']).toBe('sanitized');
      expect(answer['id']).toBe(id);
      expect(extractSchema.parse(answer['message']).body.startsWith(`Hello ${id}`)).toBe(true);
    }
    socket.end();
    expect(await exit).toBe(0);
  });

  it.each(CHAT_NAMES)('reads %s where its environment says so, and says it when it is ready', async (chat) => {
    const { child, exit } = start(['pipe'], { HARDSHELL_CHANNEL: chat });
    const { socket, next } = open(child);
    expect(await next()).toEqual({ type: 'ready', channel: chat });
    const vectors = chatVectors(chat).filter((vector) => (vector.raw ?? '{}') !== '');
    for (const [i, { message, raw, expect: wanted }] of vectors.entries()) {
      socket.write(framesOf(`m${i}`, Buffer.from(raw ?? JSON.stringify(message))));
      const answer = await next();
      expect(Object.keys(answer)).toEqual(['type', 'id', 'message']);
      const extract = extractSchema.parse(answer['message']);
      expect(extract.channel).toBe(chat);
      if (wanted.body !== undefined) expect(extract.body).toBe(wanted.body);
    }
    // A mail is no message of this channel: nothing of it is read as one.
    socket.write(framesOf('mail', Buffer.from(mail('Hello'))));
    expect(extractSchema.parse((await next())['message'])).toMatchObject({ channel: chat, body: '', from: '' });
    socket.end();
    expect(await exit).toBe(0);
  });

  it('does not start for a channel that it does not know', async () => {
    const { exit, stderr } = start(['pipe'], { HARDSHELL_CHANNEL: 'whatsapp' });
    expect(await exit).toBe(1);
    expect(stderr()).toContain('`HARDSHELL_CHANNEL` must be `email`, `telegram` or `slack`');
  });

  it('refuses a wrong digest, a wrong order, a size too large and unknown fields, and reads on', async () => {
    const { child, exit } = start();
    const { socket, next } = open(child);
    await next();
    const raw = Buffer.from(mail('Hello'));
    const refusals: readonly [string, string][] = [
      [framesOf('a', raw, { sha256: '0'.repeat(64) }), 'malformed'],
      [`${JSON.stringify({ type: 'sanitize_begin', id: 'b', bytes: 52_428_801 })}\n`, 'too_large'],
      [`${JSON.stringify({ type: 'sanitize_end', id: 'c', sha256: '' })}\n`, 'malformed'],
      [`${JSON.stringify({ type: 'sanitize_begin', id: 'd', bytes: 1, extra: 1 })}\n`, 'malformed'],
      [`${JSON.stringify({ type: 'sanitize_begin', id: 'e', bytes: -1 })}\n`, 'malformed'],
      [`${JSON.stringify({ type: '__proto__', id: 'f' })}\n`, 'unknown_type'],
      [`${JSON.stringify({ type: 'sanitize_begin', id: 'x'.repeat(65), bytes: 1 })}\n`, 'malformed'],
      [
        `${JSON.stringify({ type: 'sanitize_begin', id: 'g', bytes: 1 })}\n${JSON.stringify({ type: 'sanitize_chunk', id: 'g', seq: 1, data: '' })}\n`,
        'malformed',
      ],
      [
        `${JSON.stringify({ type: 'sanitize_begin', id: 'h', bytes: 1 })}\n${JSON.stringify({ type: 'sanitize_chunk', id: 'h', seq: 0, data: 'QUJD' })}\n`,
        'too_large',
      ],
    ];
    for (const [frames, error] of refusals) {
      socket.write(frames);
      expect(await next()).toMatchObject({ type: 'error', error });
    }
    socket.write(framesOf('z', raw));
    expect(await next()).toMatchObject({ type: 'sanitized', id: 'z' });
    socket.end();
    expect(await exit).toBe(0);
  });

  it('does not start beside a descriptor that nobody told it about', async () => {
    const { exit, stderr } = start(['pipe', openSync(folder, 'r')]);
    expect(await exit).toBe(1);
    expect(stderr()).toContain('4 (folder)');
  });
});
