import type { Outcome, Suite } from './attack.ts';

export interface Run {
  readonly outcomes: readonly Outcome[];
  readonly skipped: readonly { readonly suite: string; readonly why: string }[];
  readonly broken: readonly { readonly suite: string; readonly why: string }[];
  readonly histories: { readonly ok: boolean; readonly sentence: string } | null;
  readonly elapsedMs: number;
}

/** Every attack in a line, or as one JSON object a line. */
export function listAttacks(suites: readonly Suite[], json: boolean): string[] {
  return suites.flatMap(({ name, attacks }) =>
    attacks.map(({ id, attacker, title, expect, twin }) =>
      json
        ? JSON.stringify({ suite: name, id, attacker, title, expect, twin })
        : `${id.padEnd(8)} ${attacker.padEnd(13)} ${title}`,
    ),
  );
}

/** The same as a table, for `docs/redteam.md`. */
export function listMarkdown(suites: readonly Suite[]): string {
  const rows = suites.flatMap(({ attacks }) =>
    attacks.map(({ id, attacker, title, expect, twin }) => row([id, attacker, title, expect, twin])),
  );
  return ['| id | attacker | attack | must | allowed twin |', '|---|---|---|---|---|', ...rows].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

/** One attack as it was tried: what was done, what had to happen, what happened, and its twin. */
export function describeOutcome({ id, title, expect, held, twin, worked, elapsedMs }: Outcome): string {
  return [
    `${held.ok ? 'held  ' : 'BROKEN'} ${id.padEnd(8)} ${title}`,
    `       must: ${expect}`,
    `       saw:  ${held.saw}  (${elapsedMs} ms)`,
    `  ${worked.ok ? 'ok ' : 'NO '}  twin: ${twin}: ${worked.saw}`,
  ].join('\n');
}

export function describeSummary({ outcomes, skipped, broken, histories, elapsedMs }: Run): string[] {
  const through = outcomes.filter(({ held }) => !held.ok);
  const useless = outcomes.filter(({ worked }) => !worked.ok);
  return [
    '',
    `${outcomes.length} attacks executed in ${Math.round(elapsedMs / 1_000)} s: ${outcomes.length - through.length} held, ${through.length} got through; ${outcomes.length - useless.length} twins worked, ${useless.length} did not`,
    ...(histories === null ? [] : [histories.sentence]),
    ...through.map(({ id, title }) => `GOT THROUGH: ${id} ${title}`),
    ...useless.map(({ id, twin }) => `PROVES NOTHING: the twin of ${id} did not work (${twin})`),
    ...skipped.map(({ suite, why }) => `NOT RUN HERE: ${suite}: ${why}`),
    ...broken.map(({ suite, why }) => `COULD NOT BE OPENED: ${suite}: ${why}`),
  ];
}

/** The run as a table in Markdown. */
export function findings(run: Run): string {
  const rows = run.outcomes.map(({ id, attacker, title, expect, held, twin, worked }) =>
    row([
      id,
      attacker,
      title,
      expect,
      `${held.ok ? 'held' : '**got through**'}: ${held.saw}`,
      `${worked.ok ? 'works' : '**does not work**'}: ${twin}`,
    ]),
  );
  return [
    `# Red team run of ${new Date().toISOString().slice(0, 10)}`,
    '',
    ...describeSummary(run)
      .filter((line) => line !== '')
      .map((line) => `- ${line}`),
    '',
    '| id | attacker | attack | must | happened | twin |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
