import { HardshellError, type Refusal } from '../contracts/index.ts';

/** The wire form of a refusal. */
export function errorOf(refusal: Refusal): object {
  return { type: 'error', ...refusal };
}

/** A fault inside a durable step, in the wire's words. */
export function refusalOfFault(fault: unknown): Refusal {
  if (fault instanceof HardshellError && fault.code === 'disk_failed') {
    return { error: 'unavailable', message: 'state cannot be written; the owner has to free space and restart' };
  }
  return { error: 'unavailable', message: 'the executor could not do this' };
}
