import { setTimeout as sleep } from 'node:timers/promises';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { passOn } from '../../../src/app/run/pass-on.ts';

/** Takes a chunk only when it is let. */
class Slow extends Writable {
  taken = '';
  #done: (() => void) | undefined;
  constructor() {
    super({ highWaterMark: 4 });
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.taken += chunk.toString();
    this.#done = done;
  }
  let(): void {
    this.#done?.();
  }
}

describe('what a program prints', () => {
  const open = (onGone = (): void => undefined): { out: Slow; pass: ReturnType<typeof passOn> } => {
    const out = new Slow();
    return { out, pass: passOn(onGone, { out, err: new Slow() }) };
  };
  const settles = async (promise: Promise<void> | undefined): Promise<boolean> =>
    Promise.race([Promise.resolve(promise).then(() => true), sleep(20, false)]);

  it('waits for whoever reads it instead of filling our memory', async () => {
    const { out, pass } = open();
    expect(pass.take('out', Buffer.from('ab'))).toBeUndefined();
    const full = pass.take('out', Buffer.from('cdef'));
    expect(await settles(full)).toBe(false);
    out.let();
    out.let();
    expect([await settles(full), out.taken]).toEqual([true, 'abcdef']);
  });

  it('is handed over to its end before we end', async () => {
    const { out, pass } = open();
    void pass.take('out', Buffer.from('abcdef'));
    const flushed = pass.flushed();
    expect(await settles(flushed)).toBe(false);
    out.let();
    expect(await settles(flushed)).toBe(true);
  });

  it('keeps nobody who was told to stop', async () => {
    const { pass } = open();
    const full = pass.take('out', Buffer.from('abcdef'));
    const flushed = pass.flushed();
    pass.release();
    expect([await settles(full), await settles(flushed)]).toEqual([true, true]);
    expect(pass.take('out', Buffer.from('more'))).toBeUndefined();
  });

  it('that nobody reads any more is told, and ends nothing of ours by itself', async () => {
    let gone = 0;
    const { out, pass } = open(() => (gone += 1));
    const full = pass.take('out', Buffer.from('abcdef'));
    out.destroy(new Error('write EPIPE'));
    expect([await settles(full), gone]).toEqual([true, 1]);
    expect(pass.take('out', Buffer.from('x'))).toBeUndefined();
  });
});
