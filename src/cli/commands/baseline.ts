import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import {
  BASELINE_ITEMS,
  nameVerdict,
  openMachine,
  renderBaseline,
  takeBaseline,
  writeBaseline,
  type Baseline,
  type Subject,
} from '../../host/index.ts';
import type { Context } from '../context.ts';
import { VERSION } from '../version.ts';

export interface BaselineCommand {
  /** File that the document is written to; printed without it. */
  readonly write?: string;
}

/** `hardshell baseline`: how this machine is protected, with evidence. 3 when an item fails, else 0. Changes nothing. */
export async function baseline(command: BaselineCommand, context: Context): Promise<number> {
  const { io } = context;
  const taken = await takeBaseline(
    { machine: openMachine(), subject: subjectOf(context), items: BASELINE_ITEMS },
    ({ title }) => io.progress(`looking at: ${title}`),
  );
  io.progress('');
  const takenAt = new Date();
  const text = renderBaseline(taken, { takenAt, version: VERSION });
  const file = command.write === undefined ? null : resolve(command.write);
  if (file !== null) writeBaseline(file, text);
  if (context.json) io.write(JSON.stringify({ ...describe(taken), taken_at: takenAt.toISOString(), file }));
  else if (file === null) io.write(text.trimEnd());
  else for (const line of summarise(taken, file)) io.write(line);
  return taken.counts.fail > 0 ? 3 : 0;
}

/** Who runs this, and where. */
export function subjectOf(context: Context): Subject {
  const { home } = context.paths();
  const uid = process.getuid?.() ?? 0;
  try {
    const { username, homedir } = userInfo();
    return { home, userHome: homedir, user: { name: username, uid }, node: process.versions.node };
  } catch {
    // A uid that no account has.
    return { home, userHome: context.io.env['HOME'] ?? '/', user: { name: '', uid }, node: process.versions.node };
  }
}

function describe({ subject, system, systemName, counts, entries }: Baseline): object {
  const { home, user, node } = subject;
  return { ok: counts.fail === 0, system, system_name: systemName, home, user, node, counts, items: entries };
}

function summarise({ counts, entries }: Baseline, file: string): string[] {
  const failed = entries
    .filter(({ verdict }) => verdict === 'fail')
    .map(({ title }) => `  ${nameVerdict('fail')}  ${title}`);
  return [
    `baseline written to \`${file}\`: ${counts.pass} pass, ${counts.fail} fail, ${counts.cannot_tell} cannot be told`,
    ...failed,
  ];
}
