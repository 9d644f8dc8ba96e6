import type { Refusal } from '../contracts/index.ts';

/** The wire form of a refusal. */
export function errorOf(refusal: Refusal): object {
  return { type: 'error', ...refusal };
}
