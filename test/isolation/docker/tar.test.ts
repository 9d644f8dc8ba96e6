import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildImage } from '../../../src/isolation/docker/image.ts';
import { tarSize, writeTar, type TarEntry } from '../../../src/isolation/docker/tar.ts';
import type { Runtime } from '../../../src/isolation/index.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hs-tar-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const collect = async (source: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
};

describe('an archive of ours', () => {
  it('is read by tar as it was meant, and is as long as it was said to be', async () => {
    const long = `${'directory/'.repeat(12)}file`;
    writeFileSync(join(folder, 'source'), 'x'.repeat(700));
    const entries: TarEntry[] = [
      { kind: 'directory', path: 'a', mode: 0o755 },
      { kind: 'bytes', path: 'a/b', mode: 0o444, bytes: Buffer.from('hello') },
      { kind: 'file', path: 'a/c', mode: 0o555, source: join(folder, 'source'), size: 700 },
      { kind: 'bytes', path: long, mode: 0o444, bytes: Buffer.alloc(512) },
    ];
    const bytes = await collect(writeTar(entries));
    expect(bytes.length).toBe(tarSize(entries));
    writeFileSync(join(folder, 'a.tar'), bytes);
    const list = execFileSync('tar', ['-tvf', join(folder, 'a.tar'), '--numeric-owner', '--utc'], { encoding: 'utf8' });
    expect(
      list
        .trim()
        .split('\n')
        .map((line) => line.replace(/\s+/g, ' ')),
    ).toEqual([
      'drwxr-xr-x 0/0 0 1970-01-01 00:00 a/',
      '-r--r--r-- 0/0 5 1970-01-01 00:00 a/b',
      '-r-xr-xr-x 0/0 700 1970-01-01 00:00 a/c',
      `-r--r--r-- 0/0 512 1970-01-01 00:00 ${long}`,
    ]);
  });

  it('refuses a file that is longer or shorter than it was, and paths that it cannot hold', async () => {
    writeFileSync(join(folder, 'source'), 'four');
    const file = (size: number): TarEntry[] => [
      { kind: 'file', path: 'x', mode: 0o444, source: join(folder, 'source'), size },
    ];
    await expect(collect(writeTar(file(3)))).rejects.toThrow(/changed while it was packed/);
    await expect(collect(writeTar(file(5)))).rejects.toThrow(/changed while it was packed/);
    expect((await collect(writeTar(file(4)))).length).toBe(2_048);
    for (const path of ['a b', 'ä', 'x'.repeat(101), 'y'.repeat(300)])
      await expect(collect(writeTar([{ kind: 'directory', path, mode: 0o755 }]))).rejects.toThrow(/archive/);
  });

  it('makes the same image of the same files, whatever their dates, and another of another file', async () => {
    const node = join(folder, 'node');
    writeFileSync(node, 'one');
    const runtime: Runtime = { node, libraries: [] };
    const first = await buildImage(runtime);
    utimesSync(node, 1, 1);
    expect((await buildImage(runtime)).id).toBe(first.id);
    expect(await collect((await buildImage(runtime)).archive())).toEqual(await collect(first.archive()));
    writeFileSync(node, 'two');
    expect((await buildImage(runtime)).id).not.toBe(first.id);
  });
});
