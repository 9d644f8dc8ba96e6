import { lstatSync, readFileSync } from 'node:fs';
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

/** Who runs Hardshell, and where: who asks, unless root asks about the home of somebody else. */
export function subjectOf(context: Context): Subject {
  const { home } = context.paths();
  const uid = process.getuid?.() ?? 0;
  const owner = lstatSync(home, { throwIfNoEntry: false })?.uid ?? uid;
  const node = process.versions.node;
  if (uid === 0 && owner !== 0) {
    const account = findAccount(owner);
    return { home, node, userHome: account.home, user: { name: account.name, uid: owner, own: false } };
  }
  try {
    const { username, homedir } = userInfo();
    return { home, node, userHome: homedir, user: { name: username, uid, own: true } };
  } catch {
    // A uid that no account has.
    return { home, node, userHome: context.io.env['HOME'] ?? '/', user: { name: '', uid, own: true } };
  }
}

function findAccount(uid: number): { readonly name: string; readonly home: string } {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    const [name = '', , , , , home = '/'] =
      lines.map((line) => line.split(':')).find(([, , id]) => id === String(uid)) ?? [];
    return { name, home };
  } catch {
    return { name: '', home: '/' };
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
