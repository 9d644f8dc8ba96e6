import * as z from 'zod';
import { HardshellError } from '../../contracts/index.ts';
import type { Expectation } from './plan.ts';

const configShape = z.object({
  isolated: z.boolean(),
  isolate_network: z.boolean(),
  forward_ssh_agent: z.boolean(),
});
const machineShape = z.object({ name: z.string(), config: configShape });
/** `orb info` has shown the machine both bare and in a record. */
const infoShape = z.union([machineShape, z.object({ record: machineShape }).transform(({ record }) => record)]);
const listShape = z.array(z.object({ name: z.string(), state: z.string() }));

/** Why an answer is not the one that is needed, or undefined when it is. What is missing counts as wrong. */
export function judgeAnswer(expects: Expectation, answer: string, machine: string | null): string | undefined {
  switch (expects.kind) {
    case 'success':
      return undefined;
    case 'version':
      return judgeVersion(answer, expects.min);
    case 'isolated':
      return judgeIsolation(answer, machine);
    case 'digest':
      return new RegExp(`^${expects.sha256} `).test(answer)
        ? undefined
        : 'what arrived in the machine is not what was sent';
    case 'text': {
      const missing = expects.includes.filter((part) => !answer.includes(part));
      return missing.length === 0 ? undefined : `the machine lacks: ${missing.join(', ')}`;
    }
    default:
      return expects satisfies never;
  }
}

function judgeVersion(answer: string, min: readonly [number, number, number]): string | undefined {
  const found = /^Version: (\d+)\.(\d+)\.(\d+)\b/m.exec(answer)?.slice(1).map(Number);
  if (found === undefined) return 'it is not known which version of OrbStack this is';
  for (const [i, wanted] of min.entries()) {
    const have = found[i] ?? 0;
    if (have > wanted) return undefined;
    if (have < wanted) return `OrbStack ${found.join('.')} is too old; install ${min.join('.')} or newer`;
  }
  return undefined;
}

function judgeIsolation(answer: string, machine: string | null): string | undefined {
  const parsed = infoShape.safeParse(parseJson(answer));
  if (!parsed.success) return 'OrbStack does not say how the machine is isolated';
  const { name, config } = parsed.data;
  const wrong = [
    name === machine ? '' : 'it is another machine',
    config.isolated ? '' : 'it sees the files of this Mac',
    config.isolate_network ? '' : 'it reaches this Mac and other machines',
    config.forward_ssh_agent ? 'it has the SSH agent of this Mac' : '',
  ].filter(Boolean);
  return wrong.length === 0 ? undefined : wrong.join('; ');
}

/** Names of the machines there are, with their state. Throws `isolation_failed` when the list cannot be read. */
export function parseList(answer: string): ReadonlyMap<string, string> {
  const parsed = listShape.safeParse(parseJson(answer));
  if (parsed.success) return new Map(parsed.data.map(({ name, state }) => [name, state]));
  throw new HardshellError('isolation_failed', 'OrbStack lists its machines in words that we do not know', {
    fate: 'stop',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
