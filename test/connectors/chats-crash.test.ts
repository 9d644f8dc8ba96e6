import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defer, tempFolder, TestExecutor } from './support.ts';

const CHILD = join(import.meta.dirname, 'chats-crash-child.ts');
const RECORDS = 7;

/** An executor that stores durably, and the connectors it loses one after another. */
class Intake {
  /** Texts by key, as the executor's table has them: a key that is there already changes nothing. */
  readonly stored = new Map<string, string>();
  readonly path = tempFolder();
  #acknowledged: string[] = [];
  #child: ChildProcess | undefined;
  #executor: TestExecutor | undefined;

  constructor() {
    for (const channel of ['telegram', 'slack']) {
      const inbox = join(this.path, channel, 'in');
      mkdirSync(inbox, { recursive: true });
      const lines = Array.from({ length: RECORDS }, (_, i) => JSON.stringify({ channel, text: i % 2 }));
      writeFileSync(join(inbox, 'file.jsonl'), lines.join('\n'));
      utimesSync(join(inbox, 'file.jsonl'), 1, 1);
    }
  }

  async start(move = 0, when = 'before'): Promise<void> {
    const child = spawn(process.execPath, [CHILD, this.path, String(move), when], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    this.#child = child;
    defer(() => void child.kill('SIGKILL'));
    this.#executor = await new TestExecutor(child.stdio[3] as unknown as Socket).ready();
    // What an executor that starts anew has to say about an earlier connection is nothing.
    this.#acknowledged = [];
  }

  /** One fetch; false when there was nothing more. */
  async fetchOne(store = true): Promise<boolean> {
    const { messages } = (await this.#executor?.fetch({ limit: 1, acknowledged: this.#acknowledged })) ?? {
      messages: [],
    };
    this.#acknowledged = [];
    if (!store) return true;
    for (const { key, bytes } of messages) {
      this.stored.set(key, bytes.toString());
      this.#acknowledged.push(key);
    }
    return messages.length > 0;
  }

  async gone(): Promise<NodeJS.Signals | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once('close', resolve));
    return child.signalCode;
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.gone();
  }

  /** Takes everything that is left, and says what stands where. */
  async finish(): Promise<void> {
    await this.start();
    for (let i = 0; i < 50 && (await this.fetchOne()); i += 1);
    for (const channel of ['telegram', 'slack']) {
      expect(readdirSync(join(this.path, channel, 'in')).sort()).toEqual(['.rejected', 'cur']);
      expect(readdirSync(join(this.path, channel, 'in', 'cur'))).toEqual(['file.jsonl']);
      const texts = [...this.stored.values()].filter((text) => text.includes(channel));
      // Seven of a file, four of them equal: each is there once.
      expect(texts.map((text) => (JSON.parse(text) as { text: number }).text).sort()).toEqual([0, 0, 0, 0, 1, 1, 1]);
    }
  }
}

describe('SIGKILL while files of chats are taken', () => {
  it.each(Array.from({ length: 2 * RECORDS }, (_, i) => i))(
    'after message %i, stored or not: nothing is lost and nothing comes twice',
    async (messages) => {
      for (const stored of [true, false]) {
        const intake = new Intake();
        await intake.start();
        for (let i = 0; i < messages; i += 1) await intake.fetchOne();
        await intake.fetchOne(stored);
        await intake.kill();
        await intake.finish();
      }
    },
    30_000,
  );

  it.each([1, 2])('before and after file %i moves aside', async (move) => {
    for (const when of ['before', 'after']) {
      const intake = new Intake();
      await intake.start(move, when);
      const lost = intake.gone();
      const going = (async () => {
        while (await intake.fetchOne());
      })();
      expect(await Promise.race([lost, going.then(() => 'it was not killed')])).toBe('SIGKILL');
      await intake.finish();
    }
  });

  it('again and again, one message at a time', async () => {
    const intake = new Intake();
    for (let i = 0; i < 2 * RECORDS; i += 1) {
      await intake.start();
      for (let k = 0; k <= i; k += 1) await intake.fetchOne();
      await intake.kill();
    }
    await intake.finish();
  }, 60_000);
});
