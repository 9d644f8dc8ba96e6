import type { Label } from '../contracts/index.ts';

/** A place where a model answers. Part 1 knows one kind: local, behind the supervisor's relay. */
export interface Pool {
  readonly kind: 'local';
  /** Unix socket that leads to the model server. */
  readonly socketPath: string;
  /** Path before `/chat/completions`, such as `/v1`. */
  readonly basePath: string;
  /** The server's name for the model; null: the first one that it lists. */
  readonly model: string | null;
}

/** The pool for a session of this label, or null when no pool may see it. A local pool may see everything. */
export function choosePool(pools: readonly Pool[], label: Label): Pool | null {
  void label;
  return pools.find((pool) => pool.kind === 'local') ?? null;
}
