import { HardshellError } from '../contracts/index.ts';

/** 0 done, 1 refused or failed, 2 wrong use, 3 findings at or above the threshold. */
export type ExitCode = 0 | 1 | 2 | 3;

/** A command that ends without having done what was asked: one lower-case sentence that says what to do next. */
export class Failure extends Error {
  readonly exitCode: ExitCode;
  /** Stable word for programs. */
  readonly code: string;

  constructor(
    message: string,
    options: { readonly exitCode?: ExitCode; readonly code?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.exitCode = options.exitCode ?? 1;
    this.code = options.code ?? (options.exitCode === 2 ? 'wrong_use' : 'failed');
  }
}

/** Wrong use of a command: exit code 2. */
export function wrongUse(message: string): Failure {
  return new Failure(message, { exitCode: 2 });
}

/** What a thrown value means for the person: errors of ours by their sentence, anything else as a defect. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof HardshellError) return new Failure(thrown.message, { code: thrown.code, cause: thrown });
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Failure(
    `unexpected: ${message.replaceAll(/[^ -~]/g, '?')}; set HARDSHELL_DEBUG=1 to see where, and report it`,
    {
      code: 'defect',
      cause: thrown,
    },
  );
}
