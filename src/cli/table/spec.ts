import type { Context } from '../context.ts';
import { wrongUse } from '../failure.ts';

/** One option of a command, in commander's notation. */
export interface OptionSpec {
  readonly flags: string;
  readonly what: string;
  /** May be given several times. */
  readonly many?: boolean;
}

/** One command. Its work is imported only when it runs, so that help and small commands start fast. */
export interface CommandSpec {
  /** Words of the command: `approvals list`. */
  readonly name: string;
  /** Arguments in commander's notation: `<id>`, `[paths...]`. */
  readonly args?: string;
  /** What it does, in one line. */
  readonly what: string;
  readonly options?: readonly OptionSpec[];
  /** Command lines that work, each with what it does; the first is the usual one. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  readonly run: (input: Input, context: Context) => Promise<number>;
}

/** What was typed after the command, with the checks that every command needs. */
export class Input {
  readonly args: readonly string[];
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(args: readonly string[], options: Readonly<Record<string, unknown>>) {
    this.args = args;
    this.#options = options;
  }

  /** True when the flag was given. */
  on(name: string): boolean {
    return this.#options[name] === true;
  }

  /** The option's text, or undefined when it was not given. */
  text(name: string): string | undefined {
    const value = this.#options[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** Every text that was given, in order. */
  list(name: string): readonly string[] {
    const value = this.#options[name];
    return Array.isArray(value) ? value.filter((part) => typeof part === 'string') : [];
  }

  /** A whole number in a range, or undefined when the option was not given. Throws wrong use. */
  whole(name: string, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw wrongUse(
      `\`--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}\` is a whole number from ${min} to ${max}`,
    );
  }
}

export const YES: OptionSpec = {
  flags: '--yes',
  what: 'the yes, said here; counts only until a passphrase is enrolled',
};
export const RESTORE: OptionSpec = {
  flags: '--restore',
  what: 'write what is in force back to the file instead, when it is gone or was changed',
};
export const PASSPHRASE_FD: OptionSpec = {
  flags: '--passphrase-fd <n>',
  what: 'read the passphrase from this open descriptor',
};

export function passphraseFd(input: Input, name = 'passphraseFd'): number | undefined {
  return input.whole(name, { min: 0, max: 1_023 });
}

/** Given options only: `exactOptionalPropertyTypes` tells absent and undefined apart. */
export function given<T extends Record<string, unknown>>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
