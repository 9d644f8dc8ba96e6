import { walk } from './sources/walk.ts';

/** Bytes of all inputs, counted beside the scan: null until the count is complete. */
export interface Measure {
  readonly bytes: () => number | null;
  readonly stop: () => void;
}

export function measure(paths: readonly string[]): Measure {
  let total: number | null = null;
  let stopped = false;
  const count = async (): Promise<void> => {
    let bytes = 0;
    for await (const walked of walk(paths)) {
      if (stopped) return;
      if (walked.kind === 'file') bytes += walked.bytes;
    }
    total = bytes;
  };
  // Without a total there is only no estimate of the time that is left.
  count().catch(() => undefined);
  return {
    bytes: () => total,
    stop: () => {
      stopped = true;
    },
  };
}
