import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { joinBytes, lstatOrNull, namesIn, uniqueName } from '../base/dropped.ts';

/** Below the folder that is watched. */
export const CHAT_FOLDERS = ['cur', '.rejected'] as const;
/** Files listed at once; more stay on the disk until these are done. */
const LISTED_MAX = 10_000;
const NAME_BYTES_MAX = 255;

/** The one durable step of taking a file; handed in so that tests can kill around it. */
export type MoveFile = (from: Buffer, to: Buffer) => Promise<void>;
export const renameFile: MoveFile = (from, to) => rename(from, to);

/** Files of chats that were dropped into the folder, oldest first; days of one export by their names. */
export async function listChatFiles(path: string): Promise<Buffer[]> {
  const found: { name: Buffer; mtimeMs: number }[] = [];
  for await (const name of namesIn(path)) {
    if (!/^[^.].*\.jsonl?$/is.test(name.toString('latin1'))) continue;
    const stat = await lstatOrNull(joinBytes(path, name));
    if (stat !== null && !stat.isDirectory()) found.push({ name, mtimeMs: stat.mtimeMs });
    if (found.length >= LISTED_MAX) break;
  }
  return found.sort((a, b) => a.mtimeMs - b.mtimeMs || a.name.compare(b.name)).map(({ name }) => name);
}

/**
 * Moves a file out of the watched folder under its own name, or a fresh one where that is taken: days of two Slack
 * channels are named alike. False when it may not be moved.
 */
export async function moveAside(
  path: string,
  name: Buffer,
  folder: (typeof CHAT_FOLDERS)[number],
  move: MoveFile,
): Promise<boolean> {
  try {
    const wanted = joinBytes(join(path, folder), name);
    const isTaken = (await lstatOrNull(wanted)) !== null;
    await move(joinBytes(path, name), isTaken ? joinBytes(join(path, folder), freshName(name)) : wanted);
    return true;
  } catch {
    return false;
  }
}

let order = 0;

function freshName(name: Buffer): Buffer {
  order += 1;
  const prefix = Buffer.from(`${uniqueName(Date.now(), order)}.`);
  return Buffer.concat([prefix, name.subarray(Math.max(0, prefix.length + name.length - NAME_BYTES_MAX))]);
}
