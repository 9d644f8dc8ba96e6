import { describe, expect, it } from 'vitest';
import { FrameConnection, WIRE_CONNECTION_LIMITS, type Frame } from '../../src/bridge/index.ts';
import type { LaunchedReader, ReaderEnd } from '../../src/cli/scan/launch.ts';
import type { Job } from '../../src/cli/scan/order.ts';
import { readAll } from '../../src/cli/scan/pool.ts';
import { makeSocketPair } from '../../src/cli/scan/socket-pair.ts';
import { EXTRACT_LIMITS, HardshellError } from '../../src/contracts/index.ts';

const HONEST = {
  channel: 'email',
  from: 'ann@example.com',
  to: [],
  subject: 'honest',
  date: null,
  body: 'x',
  content_type: 'text/plain',
  injection_warning: false,
  injection_score: 0,
  findings: [],
  links: [],
  attachments: [],
  hidden_removed: 0,
  truncated: false,
  original_length: 1,
  sanitized_length: 1,
  sanitized_at: '2026-11-16T08:00:00Z',
};

type Answer = (id: string) => object | 'die' | null;

/** A reader that the attacker wrote: it says `ready` and then whatever `answer` says. */
async function launchLiar(answer: Answer): Promise<LaunchedReader> {
  const [near, far] = await makeSocketPair();
  let end: (how: ReaderEnd) => void = () => undefined;
  const exited = new Promise<ReaderEnd>((resolve) => (end = resolve));
  const connection = new FrameConnection(
    far,
    {
      onFrame: (frame: Frame) => {
        if (frame['type'] !== 'sanitize_end') return;
        const said = answer(String(frame['id']));
        if (said === 'die') {
          connection.destroy();
          end('crashed');
        } else if (said !== null) far.write(`${JSON.stringify(said)}\n`);
      },
      onClose: () => end('ended'),
    },
    { ...WIRE_CONNECTION_LIMITS, idleMs: 0 },
  );
  far.resume();
  connection.send({ type: 'ready', channel: 'email' });
  return { socket: near, exited, stop: () => Promise.resolve(connection.destroy()) };
}

async function readTwo(answer: Answer, channel: Job<null>['channel'] = 'email'): Promise<string[]> {
  async function* jobs(): AsyncGenerator<Job<null>> {
    for (let i = 0; i < 2; i++) yield { channel, bytes: Buffer.from(`Subject: ${i}\n\nx`), about: null };
  }
  const launcher = { launch: () => launchLiar(answer), close: () => Promise.resolve() };
  const results: string[] = [];
  const options = {
    launcher,
    readers: 1,
    deadlineMs: 400,
    finish: (_: null, result: { kind: string; reason?: string; extract?: { subject: string } }) =>
      result.reason ?? result.extract?.subject ?? '',
  };
  for await (const result of readAll(jobs(), options)) results.push(result);
  return results;
}

const sanitized = (id: string, message: unknown): object => ({ type: 'sanitized', id, message });

describe('a reader written by the attacker', () => {
  it('is believed when its answers keep to the contract', async () => {
    expect(await readTwo((id) => sanitized(id, HONEST))).toEqual(['honest', 'honest']);
  });

  it('is ended when it says that it reads another channel than the one it was started for', async () => {
    const chat = { ...HONEST, channel: 'telegram' };
    expect(await readTwo((id) => sanitized(id, chat), 'telegram')).toEqual(['lying', 'lying']);
  });

  it.each<[string, unknown]>([
    ['a control character', { ...HONEST, subject: 'a\u001b[2Jb' }],
    ['a change of direction', { ...HONEST, subject: 'a\u202eb' }],
    ['an over-long subject', { ...HONEST, subject: 'a'.repeat(999) }],
    [
      'a whole that is too large',
      { ...HONEST, links: Array.from({ length: 200 }, () => ({ url: 'u'.repeat(2_048), text: '' })) },
    ],
    ['an unknown field', { ...HONEST, label: 'trusted' }],
    ['a message of another channel', { ...HONEST, channel: 'slack' }],
    ['a wrong length', { ...HONEST, sanitized_length: 2 }],
    [
      'a rule of its own spelling',
      {
        ...HONEST,
        findings: [{ rule: '<script>', severity: 'high', why: '', span: { part: 'body', start: 0, end: 0 } }],
      },
    ],
    ['no message', null],
    ['an array', []],
  ])('is marked for %s', async (_name, message) => {
    expect(await readTwo((id) => sanitized(id, message))).toEqual(['lying', 'lying']);
  });

  it('is ended for an answer that nobody asked for', async () => {
    expect(await readTwo(() => sanitized('999', HONEST))).toEqual(['lying', 'lying']);
    expect(await readTwo((id) => ({ type: 'instruction', id, text: 'send' }))).toEqual(['lying', 'lying']);
    expect(await readTwo((id) => ({ ...sanitized(id, HONEST), label: 'trusted' }))).toEqual(['lying', 'lying']);
  });

  it('is ended when it does not answer, floods or dies', async () => {
    expect(await readTwo(() => null)).toEqual(['timeout', 'timeout']);
    expect(await readTwo(() => 'die')).toEqual(['crashed', 'crashed']);
    expect(await readTwo((id) => sanitized(id, 'x'.repeat(EXTRACT_LIMITS.encodedBytesMax * 5)))).toEqual([
      'crashed',
      'crashed',
    ]);
  });
});

describe('a machine that cannot start a reader', () => {
  async function readWith(failures: number): Promise<number> {
    let left = failures;
    const launch = (): Promise<LaunchedReader> => {
      left -= 1;
      if (left >= 0) return Promise.reject(new HardshellError('isolation_failed', 'no wall', { fate: 'stop' }));
      return launchLiar((id) => sanitized(id, HONEST));
    };
    async function* jobs(): AsyncGenerator<Job<null>> {
      yield { channel: 'email', bytes: Buffer.from('x'), about: null };
    }
    const options = { launcher: { launch, close: () => Promise.resolve() }, readers: 1, finish: () => 1 };
    let done = 0;
    for await (const one of readAll(jobs(), options)) done += one;
    return done;
  }

  it('is asked again a few times, then the scan ends with the reason', async () => {
    expect(await readWith(2)).toBe(1);
    await expect(readWith(9)).rejects.toMatchObject({ code: 'isolation_failed' });
  });
});

describe('memory', () => {
  it('keeps nothing of a message after it was read', async () => {
    async function* jobs(): AsyncGenerator<Job<null>> {
      for (let i = 0; i < 800; i++) yield { channel: 'email', bytes: Buffer.alloc(262_144, 97), about: null };
    }
    const launcher = { launch: () => launchLiar((id) => sanitized(id, HONEST)), close: () => Promise.resolve() };
    let most = 0;
    for await (const bytes of readAll(jobs(), {
      launcher,
      readers: 2,
      finish: () => process.memoryUsage().arrayBuffers,
    })) {
      most = Math.max(most, bytes);
    }
    // All of them together are 200 MiB; what is open, on its way or not yet collected is far below.
    expect(most).toBeLessThan(120 * 1_048_576);
  }, 60_000);
});
