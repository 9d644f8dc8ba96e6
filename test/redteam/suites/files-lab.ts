import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createArmed } from '../../../src/state/index.ts';
import { trial, type Trial } from '../attack.ts';
import { brief } from '../lab/wire.ts';
import { letter, openPlannerLab, type PlannerLab } from './lab.ts';

/** An instance whose home lies saved beside it, from a moment at which it did not run. */
export interface FilesLab extends PlannerLab {
  readonly saved: string;
  /** A copy of `state.db` from before the last entries of the log. */
  readonly olderDb: string;
}

export const UNTOUCHED = 'the same home untouched is VALID, starts, asks and executes';
export const LOG = 'audit/audit.jsonl';
export async function openFilesLab(): Promise<FilesLab> {
  const lab = await openPlannerLab();
  const { instance, zone } = lab;
  const olderDb = join(instance.base, 'older.db');
  await zone.sends(letter());
  await instance.down();
  copyFileSync(join(instance.home, 'state.db'), olderDb);
  await instance.up();
  await zone.sends(letter());
  await instance.down();
  const saved = join(instance.base, 'saved');
  copyTree(instance.home, saved);
  await instance.up();
  return { ...lab, saved, olderDb };
}

function copyTree(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  if (spawnSync('cp', ['-a', from, to]).status !== 0) throw new Error('the home could not be copied');
}

/** Stops, changes the saved home, looks, puts it back and starts again. */
export async function changed(
  lab: FilesLab,
  change: (home: string, lab: FilesLab) => void,
  look: (code: number | null) => Promise<Trial>,
): Promise<Trial> {
  const { instance, saved } = lab;
  await instance.down();
  copyTree(saved, instance.home);
  change(instance.home, lab);
  try {
    return await look(await instance.tryUp());
  } finally {
    await instance.down();
    copyTree(saved, instance.home);
    await instance.up();
  }
}

export async function untouched(lab: FilesLab): Promise<Trial> {
  const report = await lab.instance.verify();
  const valid = report.kind === 'checked' && report.chain.kind === 'valid';
  const params = letter();
  const { token } = await lab.zone.approved(params);
  const answer = await lab.zone.execute(token, params);
  return trial(valid && answer['type'] === 'result', `${valid ? 'VALID' : 'not VALID'}, ${brief(answer)}`);
}

export function editLines(home: string, edit: (lines: string[]) => string[]): void {
  const path = join(home, LOG);
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  writeFileSync(
    path,
    edit(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

export function replaceAt(lines: string[], at: number, change: (line: string) => string): string[] {
  return lines.map((line, n) => (n === at ? change(line) : line));
}

/** The chain has no key: whoever has the file can compute it. That is what the database and checkpoints are for. */
export function appendForged(home: string): void {
  editLines(home, (lines) => {
    const last = JSON.parse(lines.at(-1) ?? '{}') as { seq: number; hash: string };
    const { hash: _hash, ...rest } = { ...last, seq: last.seq + 1, prev: last.hash };
    const text = JSON.stringify(rest).slice(0, -1);
    const hash = createHash('sha256').update('hardshell/audit/v1\n').update(text).digest('hex');
    return [...lines, `${text},"hash":"${hash}"}`];
  });
}

export function removeDb(home: string): void {
  for (const name of ['state.db', 'state.db-wal', 'state.db-shm']) rmSync(join(home, name), { force: true });
}

/** Keys and record of another install. */
export function foreignHome(lab: FilesLab): string {
  const home = join(lab.instance.base, 'foreign');
  if (existsSync(home)) return home;
  mkdirSync(join(home, 'keys'), { recursive: true });
  createArmed(home);
  return home;
}

/** Lines that the database still holds for the log, as a crash between both leaves them. */
export function outboxLines(lab: FilesLab): string[] {
  return lab.instance.texts('SELECT line FROM audit_outbox ORDER BY seq');
}
