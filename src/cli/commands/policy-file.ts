import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { HardshellError, wireErrorSchema, type ControlRequest, type PresenceProof } from '../../contracts/index.ts';
import { compilePolicy, type Compiled, type Problem } from '../../policy/index.ts';
import { loadCedar } from '../cedar-engine.ts';

/** Where a command prints. */
export interface PolicyOutput {
  readonly write: (line: string) => void;
  readonly isTerminal: boolean;
}

/** What the commands need from elsewhere. */
export interface PolicyDeps {
  /** Asks the executor over the control socket. Throws `connection_lost` when nothing runs. */
  readonly ask: (request: ControlRequest) => Promise<unknown>;
  /** Proof that a person is there and means this digest of the policy; null when they decline. */
  readonly presence: (what: {
    readonly purpose: 'confirm';
    readonly name: 'policy';
    readonly digest: string;
  }) => Promise<PresenceProof | null>;
}

export interface PolicyFile {
  /** Path of the policy, by default `policy.cedar` in the home. */
  readonly file: string;
  readonly json?: boolean;
}

/** The policy in a file, or what is wrong with it. */
export function openPolicy(file: string): Compiled {
  const text = readText(file);
  if (text === null) return { kind: 'refused', problems: [{ message: 'cannot be read; is this the right path?' }] };
  const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');
  return compilePolicy(text, { cedar: loadCedar(), sha256 });
}

/** A text file, or null: absent, unreadable, or not UTF-8. */
export function readText(file: string): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch {
    return null;
  }
}

/** Prints what keeps a file from being a policy, one line each, as compilers do. Returns the exit code. */
export function tellProblems({ file, json }: PolicyFile, problems: readonly Problem[], output: PolicyOutput): number {
  if (json === true) output.write(JSON.stringify({ ok: false, file, problems }));
  else for (const problem of problems) output.write(`${place(file, problem)}: ${problem.message}`);
  return 1;
}

export function place(file: string, { line }: Problem): string {
  return line === undefined ? file : `${file}:${line}`;
}

/** Prints one sentence. Returns the exit code. */
export function fail({ json }: { readonly json?: boolean }, output: PolicyOutput, message: string, code = 1): number {
  output.write(
    json === true ? JSON.stringify({ ok: false, error: code === 2 ? 'wrong_use' : 'failed', message }) : message,
  );
  return code;
}

type Parsed<T> =
  { readonly kind: 'answered'; readonly answer: T } | { readonly kind: 'refused'; readonly message: string };

interface Parser<T> {
  readonly safeParse: (value: unknown) => { success: true; data: T } | { success: false };
}

/** Asks over the control socket and parses the answer; silence, a refusal and nonsense become a sentence. */
export async function askParsed<T>(
  { ask }: Pick<PolicyDeps, 'ask'>,
  request: ControlRequest,
  schema: Parser<T>,
): Promise<Parsed<T>> {
  let answer: unknown;
  try {
    answer = withoutId(await ask(request));
  } catch (cause) {
    if (!(cause instanceof HardshellError)) throw cause;
    if (cause.code === 'connection_lost')
      return { kind: 'refused', message: 'Hardshell is not running; start it with `hardshell up`' };
    return { kind: 'refused', message: cause.message };
  }
  const error = wireErrorSchema.safeParse(answer);
  if (error.success) return { kind: 'refused', message: error.data.message };
  const parsed = schema.safeParse(answer);
  if (parsed.success) return { kind: 'answered', answer: parsed.data };
  return {
    kind: 'refused',
    message: 'the running Hardshell is of another version; restart it with `hardshell down` and `hardshell up`',
  };
}

/** The `id` of a frame belongs to the wire, not to the answer. */
function withoutId(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('id' in answer)) return answer;
  const { id: _, ...rest } = answer;
  return rest;
}
