import type { Socket } from 'node:net';
import { anything } from './answers.ts';
import type { Engine } from './engine.ts';

/** What the engine is asked for a container that is to read from us. */
export interface Joined {
  readonly engine: Engine;
  readonly id: string;
  readonly streams: Socket;
}

/** Hands our standard input on to the container; its end is the container's. */
export function passInput({ streams }: Joined): () => void {
  process.stdin.pipe(streams);
  return () => process.stdin.unpipe(streams);
}

/**
 * Joins our terminal to the one that the engine made for the container. Ours passes bytes only: what is typed goes
 * through unread, and no descriptor of it is in the container. Returns what gives our terminal back as it was.
 */
export function joinTerminal(joined: Joined): () => void {
  const { stdin, stdout } = process;
  const { streams } = joined;
  const wasRaw = stdin.isRaw;
  const resize = (): void => void resizeTerminal(joined, stdout.columns, stdout.rows);
  const restore = (): void => {
    stdout.off('resize', resize);
    process.off('exit', restore);
    stdin.unpipe(streams);
    if (stdin.isTTY) stdin.setRawMode(wasRaw);
  };
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.pipe(streams);
  stdout.on('resize', resize);
  process.once('exit', restore);
  resize();
  return restore;
}

/** A program that has ended has no terminal any more: nothing is lost where the engine says so. */
async function resizeTerminal({ engine, id }: Joined, columns: number, rows: number): Promise<void> {
  if (!(columns > 0 && rows > 0)) return;
  const path = `/containers/${id}/resize?h=${rows}&w=${columns}`;
  await engine.ask({ method: 'POST', path }, anything).catch(() => undefined);
}
