import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Outcome } from './attack.ts';
import { runHistoriesEverywhere } from './histories.ts';
import { describeOutcome, describeSummary, findings, listAttacks, listMarkdown } from './report.ts';
import { SUITES } from './suites/index.ts';

/** As many as the guarantee names. */
const HISTORIES = 100_000;

process.exitCode = await main();

/** `redteam [--list [--markdown]] [--json] [--report FILE] [--only PREFIX,…] [--histories COUNT]`. 0: every attack was held and every twin worked. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      report: { type: 'string' },
      only: { type: 'string' },
      histories: { type: 'string' },
    },
  });
  const prefixes = values.only?.split(',') ?? [''];
  const wanted = (id: string): boolean => prefixes.some((prefix) => id.startsWith(prefix));
  if (values.list && values.markdown) {
    console.log(listMarkdown(SUITES));
    return 0;
  }
  if (values.list) {
    for (const line of listAttacks(SUITES, values.json)) console.log(line);
    return 0;
  }
  const nobody = prefixes.find(
    (prefix) => !SUITES.some(({ attacks }) => attacks.some(({ id }) => id.startsWith(prefix))),
  );
  if (nobody !== undefined) {
    const message = `no attack begins with \`${nobody.replaceAll(/[^ -~]/g, '?')}\`; see \`hardshell redteam --list\``;
    if (values.json) console.log(JSON.stringify({ ok: false, error: 'wrong_use', message }));
    else console.error(`hardshell: ${message}`);
    return 2;
  }
  const startedAt = performance.now();
  const outcomes: Outcome[] = [];
  const skipped: { suite: string; why: string }[] = [];
  const broken: { suite: string; why: string }[] = [];
  for (const suite of SUITES) {
    if (!suite.attacks.some(({ id }) => wanted(id))) continue;
    const why = suite.unavailable();
    if (why !== null) {
      skipped.push({ suite: suite.name, why });
      console.error(`NOT RUN HERE: ${suite.name}: ${why}`);
      continue;
    }
    if (!values.json) console.log(`\n${suite.title}`);
    try {
      await suite.run(wanted, (outcome) => {
        outcomes.push(outcome);
        console.log(values.json ? JSON.stringify(outcome) : describeOutcome(outcome));
      });
    } catch (error) {
      broken.push({ suite: suite.name, why: error instanceof Error ? error.message : String(error) });
      console.error(`COULD NOT BE OPENED: ${suite.name}: ${broken.at(-1)?.why}`);
    }
  }
  const count = Number(values.histories ?? (values.only === undefined ? HISTORIES : 0));
  if (count > 0 && !values.json)
    console.log(
      `\n${count} random histories of asks, answers, redemptions, clock steps and crashes, over all cores: some minutes`,
    );
  const histories = count > 0 ? await runHistoriesEverywhere(count) : null;
  if (histories !== null) console.log(values.json ? JSON.stringify({ histories }) : histories.sentence);
  const run = { outcomes, histories, skipped, broken, elapsedMs: performance.now() - startedAt };
  if (!values.json) for (const line of describeSummary(run)) console.log(line);
  if (values.report !== undefined) writeFileSync(values.report, findings(run));
  const failed = outcomes.some(({ held, worked }) => !held.ok || !worked.ok);
  return failed || broken.length > 0 || outcomes.length === 0 || histories?.ok === false ? 1 : 0;
}
