import type { Writable } from 'node:stream';

export interface PassOn {
  /** Settles once more may come: what a program prints waits for whoever reads it, and never fills our memory. */
  readonly take: (stream: 'out' | 'err', chunk: Buffer) => Promise<void> | undefined;
  /** Settles once all that was taken has been handed over, or nobody is to wait for that. */
  readonly flushed: () => Promise<void>;
  /** From now on nothing waits, and what cannot be written at once is dropped. */
  readonly release: () => void;
}

/** Passes on what a zone writes. `onGone`: nobody reads its output any more. */
export function passOn(
  onGone: () => void,
  targets: { readonly out: Writable; readonly err: Writable } = { out: process.stdout, err: process.stderr },
): PassOn {
  const released = Promise.withResolvers<undefined>();
  const gone = new Set<Writable>();
  let isReleased = false;
  for (const target of [targets.out, targets.err])
    // Without a listener it would end us before we have cleaned up.
    target.on('error', () => {
      gone.add(target);
      if (target === targets.out) onGone();
    });
  return {
    take: (stream, chunk) => {
      const target = targets[stream];
      if (gone.has(target) || (isReleased && target.writableNeedDrain)) return undefined;
      if (target.write(chunk) || isReleased) return undefined;
      return Promise.race([released.promise, drained(target)]);
    },
    flushed: async () => {
      const open = [targets.out, targets.err].filter((target) => !gone.has(target) && target.writableLength > 0);
      await Promise.race([released.promise, Promise.all(open.map(drained))]);
    },
    release: () => {
      isReleased = true;
      released.resolve(undefined);
    },
  };
}

function drained(target: Writable): Promise<undefined> {
  return new Promise((resolve) => {
    const end = (): void => {
      for (const event of ['drain', 'error', 'close']) target.off(event, end);
      resolve(undefined);
    };
    for (const event of ['drain', 'error', 'close']) target.on(event, end);
  });
}
