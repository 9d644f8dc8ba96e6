/** Middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** Seconds that `work` takes. */
export async function seconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
}

/** Runs both in turn and gives ours / peer round by round, so that both see the same weather. */
export async function pairs(
  rounds: number,
  ours: () => Promise<number>,
  peer: () => Promise<number>,
): Promise<{ ours: number[]; peer: number[]; ratio: number[] }> {
  const result = { ours: [] as number[], peer: [] as number[], ratio: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const mine = await ours();
    const theirs = await peer();
    result.ours.push(mine);
    result.peer.push(theirs);
    result.ratio.push(mine / theirs);
  }
  return result;
}

export function range(values: readonly number[], digits = 2): string {
  return `${Math.min(...values).toFixed(digits)}-${Math.max(...values).toFixed(digits)}`;
}
