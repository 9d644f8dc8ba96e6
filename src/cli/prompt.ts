import { readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Failure } from './failure.ts';

/** Questions to the person at the terminal. They go to standard error, so that output stays clean. */
export interface Prompter {
  /** Standard input and standard error are terminals: somebody may be there. */
  readonly interactive: boolean;
  /** True for `y` or `yes`; anything else, and the end of input, is no. */
  readonly yes: (question: string) => Promise<boolean>;
  /** One line, or null at the end of input. */
  readonly line: (question: string) => Promise<string | null>;
  /** One line that is not shown, or null at the end of input. */
  readonly secret: (question: string) => Promise<string | null>;
}

export interface PrompterPorts {
  readonly stdin: () => NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly interactive: boolean;
}

export function openPrompter({ stdin, stderr, interactive }: PrompterPorts): Prompter {
  const ask = async (question: string, hidden: boolean): Promise<string | null> => {
    if (!interactive) throw new Failure('this needs a terminal to answer at', { code: 'no_terminal' });
    return readLine(stdin(), stderr, { question, hidden });
  };
  return {
    interactive,
    line: (question) => ask(question, false),
    secret: (question) => ask(question, true),
    yes: async (question) => /^y(?:es)?$/i.test((await ask(`${question} [y/N] `, false))?.trim() ?? ''),
  };
}

function readLine(
  stdin: NodeJS.ReadStream,
  stderr: NodeJS.WriteStream,
  { question, hidden }: { question: string; hidden: boolean },
): Promise<string | null> {
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  // With `terminal` the line editor turns the terminal's own echo off and echoes to `output`; a secret's goes nowhere.
  const reader = createInterface({ input: stdin, output: hidden ? sink : stderr, terminal: true });
  // Asked only now: what is typed before the echo is off would be seen.
  stderr.write(question);
  return new Promise((resolve) => {
    let line: string | null = null;
    reader.once('SIGINT', () => reader.close());
    reader.once('line', (text) => {
      line = text;
      reader.close();
    });
    reader.once('close', () => {
      if (hidden || line === null) stderr.write('\n');
      resolve(line);
    });
  });
}

const SECRET_BYTES_MAX = 4_096;

/** The first line of an inherited descriptor: how a program hands over a passphrase. Throws a `Failure`. */
export function readSecretFd(fd: number): string {
  const bytes = Buffer.alloc(SECRET_BYTES_MAX);
  let held = 0;
  try {
    while (held < bytes.length && !bytes.subarray(0, held).includes(10)) {
      const read = readSync(fd, bytes, held, bytes.length - held, null);
      if (read === 0) break;
      held += read;
    }
  } catch (cause) {
    throw new Failure(`descriptor ${fd} cannot be read; open it for this program, as in \`--passphrase-fd 3 3<FILE\``, {
      cause,
    });
  }
  const end = bytes.indexOf(10);
  const text = bytes.subarray(0, end >= 0 && end < held ? end : held).toString('utf8');
  bytes.fill(0);
  if (text === '') throw new Failure(`descriptor ${fd} holds no passphrase`);
  return text;
}
