import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'parse5';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildOnce, hostileMail, linesOf, mailText, mboxOf, runScan, startScan, tempFolder } from './scan-support.ts';

beforeAll(buildOnce, 120_000);

const COUNT = 1_400;
const names = Array.from({ length: COUNT }, (_, i) => `m${i}`);

function makeInputs(): string {
  const folder = tempFolder();
  writeFileSync(join(folder, 'a.mbox'), mboxOf(names.slice(0, 700).map((name) => hostileMail(name))));
  writeFileSync(join(folder, 'b.mbox'), mboxOf(names.slice(700).map((name) => mailText(name))));
  return folder;
}

/** Interrupts a scan as Ctrl-C does once it has printed `after` messages. */
async function interrupt(
  options: Parameters<typeof startScan>[0],
  home: string,
  after: number,
): Promise<Awaited<ReturnType<typeof runScan>>> {
  const { child, ended } = startScan(options, { home });
  let lines = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    lines += chunk.toString().split('\n').length - 1;
    if (lines >= after) child.kill('SIGINT');
  });
  return ended;
}

const subjects = (run: { stdout: string; code: number | null; stderr: string }): unknown[] =>
  linesOf(run, 'message').map((line) => line['subject']);

describe('a scan that was interrupted', () => {
  it('says how to go on, and the same command goes on where it stopped, each message once', async () => {
    const [folder, home] = [makeInputs(), tempFolder()];
    const first = await interrupt({ paths: [folder], json: true }, home, 100);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('run the same command again');
    expect(subjects(first).length).toBeLessThan(COUNT);
    const second = await runScan({ paths: [folder], json: true }, { home });
    expect([...subjects(first), ...subjects(second)]).toEqual(names);
    expect(linesOf(second, 'summary')).toMatchObject([{ messages: COUNT, levels: { high: 700 } }]);
    expect(readdirSync(join(home, 'state', 'hardshell', 'scan'))).toEqual([]);
  }, 60_000);

  it('begins anew with --restart, and when the inputs changed', async () => {
    const [folder, home] = [makeInputs(), tempFolder()];
    await interrupt({ paths: [folder], json: true }, home, 100);
    const [saved = ''] = readdirSync(join(home, 'state', 'hardshell', 'scan'));
    const state = readFileSync(join(home, 'state', 'hardshell', 'scan', saved));
    expect(subjects(await runScan({ paths: [folder], json: true, restart: true }, { home }))).toEqual(names);
    writeFileSync(join(home, 'state', 'hardshell', 'scan', saved), state, { mode: 0o600 });
    writeFileSync(join(folder, 'a.mbox'), mboxOf([mailText('new')]));
    const changed = await runScan({ paths: [folder], json: true }, { home });
    expect(changed.stderr).toContain('changed since');
    expect(subjects(changed)).toEqual(['new', ...names.slice(700)]);
    expect(linesOf(changed, 'summary')).toMatchObject([{ messages: 701 }]);
  }, 60_000);

  it('does not trust a progress file that it cannot understand', async () => {
    const [folder, home] = [tempFolder(), tempFolder()];
    writeFileSync(join(folder, 'one.eml'), mailText('one'));
    const state = join(home, 'progress.json');
    for (const text of ['', '{', '{"v":1}', 'null']) {
      writeFileSync(state, text);
      expect(subjects(await runScan({ paths: [folder], json: true, state }, { home }))).toEqual(['one']);
      expect(existsSync(state)).toBe(false);
    }
  });

  it('finishes an HTML page that was begun, with every message once', async () => {
    const [folder, home] = [makeInputs(), tempFolder()];
    const html = join(home, 'report.html');
    const { child, ended } = startScan({ paths: [folder], html }, { home });
    while (!existsSync(`${html}.part`)) await sleep(10);
    await sleep(400);
    child.kill('SIGINT');
    const first = await ended;
    expect(first.stderr).toContain('stopped after');
    expect(existsSync(html)).toBe(false);
    expect(existsSync(`${html}.part`)).toBe(true);
    expect((await runScan({ paths: [folder], html }, { home })).code).toBe(3);
    const page = readFileSync(html, 'utf8');
    const rows = [...page.matchAll(/<tr data-l="4" data-n="(\d+)">/g)].map((match) => Number(match[1]));
    expect(rows).toEqual(Array.from({ length: 700 }, (_, i) => i));
    expect(parse(page).nodeName).toBe('#document');
    rmSync(html);
  }, 60_000);
});
