import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { summarySchema } from './summary.ts';

const count = z.number().int().min(0);

/** What an interrupted scan leaves, so that the same command goes on where it stopped. */
const progressSchema = z.strictObject({
  v: z.literal(2),
  /** Digest of what was asked; a file of another command is not ours. */
  asked: z.string().length(64),
  position: z.strictObject({
    files: count,
    digest: z.string().max(64),
    offset: count,
    messages: count,
    current: z.string().max(64),
  }),
  /** Bytes of the output file up to this position; what stands behind them is written again. */
  outputBytes: count,
  elapsedMs: z.number().min(0),
  summary: summarySchema,
});
export type Progress = z.infer<typeof progressSchema>;

const BYTES_MAX = 64 * 1_048_576;

/** Where progress is kept without `--state`. Not in the instance's home: a scan must not look like a first start. */
export function defaultStatePath(asked: string, env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_STATE_HOME'];
  const root = base !== undefined && isAbsolute(base) ? base : join(homedir(), '.local', 'state');
  return join(root, 'hardshell', 'scan', `${asked.slice(0, 16)}.json`);
}

/** Digest of everything that decides what is read and what is written. */
export function digestAsked(parts: readonly (readonly string[])[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The progress in the file, or null when there is none, it is another command's, or it cannot be understood. */
export function loadProgress(path: string, asked: string): Progress | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  if (text.length > BYTES_MAX) return null;
  try {
    const parsed = progressSchema.safeParse(JSON.parse(text));
    return parsed.success && parsed.data.asked === asked ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Replaces the file as a whole. It holds senders and subjects, so nobody else may read it. */
export function saveProgress(path: string, progress: Progress): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const staging = `${path}.${process.pid}.new`;
  const file = openSync(staging, 'w', 0o600);
  try {
    writeSync(file, JSON.stringify(progress));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(staging, path);
}

export function removeProgress(path: string): void {
  rmSync(path, { force: true });
}
