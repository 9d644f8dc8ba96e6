import { HardshellError } from '../../contracts/index.ts';

/** A wall that does not stand, or an engine that cannot be asked. */
export function failed(message: string, cause?: unknown): HardshellError {
  return new HardshellError('isolation_failed', message, { fate: 'stop', ...(cause === undefined ? {} : { cause }) });
}

/** What a zone's specification may not ask of this driver. */
export function refused(message: string): HardshellError {
  return new HardshellError('isolation_failed', message, { fate: 'refuse' });
}
