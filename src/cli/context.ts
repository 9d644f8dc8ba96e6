import { join } from 'node:path';
import type { InstancePaths } from '../state/index.ts';
import { pathsOf } from './commands/supervisor-client.ts';
import { openControl, type Control } from './control.ts';
import type { Io } from './output.ts';
import type { Prompter } from './prompt.ts';

/** What every command is handed. */
export interface Context {
  readonly io: Io;
  readonly prompt: Prompter;
  readonly json: boolean;
  /** Where the instance keeps itself. Throws `config_invalid` for a home that cannot be. */
  readonly paths: () => InstancePaths;
  /** The executor; connected at the first question, closed by `finish`. */
  readonly control: () => Control;
  /** Aborted when the person presses Ctrl-C. */
  readonly signal: AbortSignal;
  readonly finish: () => void;
}

export function openContext(
  parts: Pick<Context, 'io' | 'prompt' | 'json'> & { readonly signal: () => AbortSignal },
): Context {
  const { signal, ...rest } = parts;
  let control: Control | undefined;
  const paths = (): InstancePaths => pathsOf(parts.io.env);
  return {
    ...rest,
    paths,
    // Asked for only by commands that end tidily: for all others Ctrl-C ends the process at once.
    get signal() {
      return signal();
    },
    control: () => (control ??= openControl(paths().controlSocket)),
    finish: () => control?.close(),
  };
}

/** A file of the home by its name. */
export function homeFile(context: Context, ...names: readonly string[]): string {
  return join(context.paths().home, ...names);
}

/** Prints an answer: as JSON for programs, else by `lines`. */
export function tell(context: Context, answer: object, lines: () => readonly string[]): void {
  if (context.json) context.io.write(JSON.stringify(answer));
  else for (const line of lines()) context.io.write(line);
}
