import { appendFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Output of our processes, for a person who looks why something did not start. */
export interface LogFile {
  readonly write: (chunk: Buffer | string) => void;
}

const BYTES_PER_SECOND_MAX = 256 * 1024;

/** Appends to `directory/name.log` (0600); past `bytesMax` it becomes `name.1.log` and a new one begins. */
export function openLogFile(directory: string, name: string, bytesMax: number): LogFile {
  const path = join(directory, `${name}.log`);
  let size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  let second = 0;
  let inSecond = 0;
  return {
    write: (chunk) => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      const now = Math.floor(Date.now() / 1_000);
      inSecond = now === second ? inSecond + bytes.length : bytes.length;
      second = now;
      // A process that floods its log loses lines, not our disk or our time.
      if (inSecond > BYTES_PER_SECOND_MAX) return;
      try {
        if (size + bytes.length > bytesMax && size > 0) {
          renameSync(path, join(directory, `${name}.1.log`));
          size = 0;
        }
        appendFileSync(path, bytes, { mode: 0o600 });
        size += bytes.length;
      } catch {
        // A full disk stops no zone; the log is the first to give way.
      }
    },
  };
}

const ERROR_NAME = /^(?:Uncaught )?([A-Z][A-Za-z]{0,40}(?:Error|Exception))\b/;
/** A name made up by a hostile program would carry words into the log; one that is not of these is just an error. */
const KNOWN_ERRORS: ReadonlySet<string> = new Set([
  ...['Error', 'AggregateError', 'AssertionError', 'DOMException', 'EvalError', 'HardshellError', 'RangeError'],
  ...['ReferenceError', 'SyntaxError', 'SystemError', 'TypeError', 'URIError', 'ZodError'],
]);
const PLACE = /^\s+at (?:.*\()?file:\/\/\/(?:app|probe)\/main\.mjs:(\d{1,7}):(\d{1,7})\)?$/;

/**
 * What may be kept of the words of a process that reads hostile bytes: names of errors and places in our own packed
 * file. Everything else could be the content of a mail.
 */
export function keepHarmlessLines(text: string): string {
  const kept = text.split('\n').flatMap((line) => {
    const name = ERROR_NAME.exec(line)?.[1];
    if (name !== undefined) return [KNOWN_ERRORS.has(name) ? name : 'Error'];
    const place = PLACE.exec(line);
    return place === null ? [] : [`    at main.mjs:${place[1] ?? ''}:${place[2] ?? ''}`];
  });
  return kept.length === 0 ? '' : `${kept.slice(0, 20).join('\n')}\n`;
}
