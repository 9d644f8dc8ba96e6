import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { GuestFile } from './plan.ts';

export interface GuestContent {
  readonly files: readonly GuestFile[];
  /** Each packed program's directory here, and where it lies below the guest's root. */
  readonly directories: ReadonlyMap<string, string>;
}

/**
 * What goes into every guest: Node for Linux, the guest's program, and the packed programs, each below a name that is
 * the digest of what is in it. `dist` holds the packed programs.
 */
export async function collectGuestFiles(at: {
  readonly node: string;
  readonly dist: string;
  readonly programs: readonly string[];
}): Promise<GuestContent> {
  const files: GuestFile[] = [
    await guestFile(at.node, 'node', true),
    await guestFile(join(at.dist, 'zone-guest', 'main.mjs'), 'guest/main.mjs', false),
  ];
  const directories = new Map<string, string>();
  for (const program of at.programs) {
    const directory = join(at.dist, program);
    const found: GuestFile[] = [];
    for (const name of readdirSync(directory).sort()) found.push(await guestFile(join(directory, name), name, false));
    const hash = createHash('sha256');
    for (const { target, sha256 } of found) hash.update(`${target}\0${sha256}\0`);
    const target = `programs/${program}-${hash.digest('hex').slice(0, 16)}`;
    directories.set(directory, target);
    files.push(...found.map((file) => ({ ...file, target: `${target}/${file.target}` })));
  }
  return { files, directories };
}

async function guestFile(path: string, target: string, executable: boolean): Promise<GuestFile> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return { path, sha256: hash.digest('hex'), target, executable };
}
