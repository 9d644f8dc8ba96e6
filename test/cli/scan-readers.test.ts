import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openLauncher, type LaunchedReader, type ReaderLauncher } from '../../src/cli/scan/launch.ts';
import type { Job } from '../../src/cli/scan/order.ts';
import { readAll } from '../../src/cli/scan/pool.ts';
import type { ReadResult } from '../../src/cli/scan/reader-session.ts';
import { closeInheritedDescriptors } from '../../src/isolation/index.ts';
import { buildOnce, mailText, SCAN_HOME } from './scan-support.ts';

beforeAll(() => {
  buildOnce();
  closeInheritedDescriptors();
}, 120_000);

const ROOT = join(import.meta.dirname, '..', '..');
const MIB = 1_048_576;

async function withLauncher<R>(
  memoryBytesMax: number | undefined,
  use: (launcher: ReaderLauncher) => Promise<R>,
): Promise<R> {
  const memory = memoryBytesMax === undefined ? {} : { memoryBytesMax };
  const launcher = await openLauncher({ home: SCAN_HOME, checkout: ROOT, node: process.execPath, ...memory });
  try {
    return await use(launcher);
  } finally {
    await launcher.close();
  }
}

async function read(launcher: ReaderLauncher, mails: readonly (string | Buffer)[]): Promise<string[]> {
  async function* jobs(): AsyncGenerator<Job<number>> {
    for (const [about, mail] of mails.entries()) yield { channel: 'email', bytes: Buffer.from(mail), about };
  }
  const finish = (_about: number, result: ReadResult): string =>
    result.kind === 'read' ? result.extract.subject : `failed: ${result.reason}`;
  const results: string[] = [];
  for await (const result of readAll(jobs(), { launcher, readers: 2, finish })) results.push(result);
  return results;
}

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `m${i}`);

describe('readers that die', () => {
  it('cost nothing but a second reading when they are killed from outside', async () => {
    await withLauncher(undefined, async (real) => {
      let launches = 0;
      const launch = async (): Promise<LaunchedReader> => {
        const reader = await real.launch('email');
        launches += 1;
        // The first readers die in the middle of their work, once they have begun; whoever reads again lives.
        if (launches <= 2) reader.socket.once('data', () => setTimeout(() => void reader.stop(), 50));
        return reader;
      };
      const results = await read(
        { ...real, launch },
        names(3_000).map((name) => mailText(name)),
      );
      expect(results).toEqual(names(3_000));
      expect(launches).toBeGreaterThan(2);
    });
  }, 60_000);

  it('mark only the message that uses up their memory', async () => {
    const bomb = Buffer.alloc(45 * MIB, '<b>');
    bomb.write(mailText('bomb', '', 'Content-Type: text/html\n'));
    const mails: (string | Buffer)[] = names(12).map((name) => mailText(name));
    mails[5] = bomb;
    const results = await withLauncher(96 * MIB, (launcher) => read(launcher, mails));
    expect(results[5]).toBe('failed: out_of_memory');
    expect(results.filter((_, i) => i !== 5)).toEqual(names(12).filter((_, i) => i !== 5));
  }, 60_000);
});
