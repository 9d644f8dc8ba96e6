import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { trial, type Attack } from '../attack.ts';
import { eml, mark } from '../lab/mail.ts';
import { sleep } from '../lab/wait.ts';
import { textOf } from '../lab/wire.ts';
import { withItem, withSession } from '../lab/zone.ts';
import type { PlannerLab } from './lab.ts';

/** What was planted where, by a word that stands nowhere else. */
interface Planted {
  readonly mailBody: string;
  readonly mailSubject: string;
  readonly sender: string;
  readonly recipient: string;
  readonly outSubject: string;
  readonly outBody: string;
  readonly rationale: string;
  readonly instruction: string;
  readonly contact: string;
  readonly task: string;
  readonly query: string;
}

/** Law 11: the record holds no content. Everything that passes is planted, then every log is searched in five forms. */
export const leaks: readonly Attack<PlannerLab>[] = [
  {
    id: 'zon-13',
    attacker: 'mail',
    title: 'bodies, subjects, addresses, instructions, rationales, tasks and queries looked for in every log',
    expect: 'in none of them, neither plain nor in base64, hexadecimal or URL form',
    attack: async (lab) => {
      const planted = await plant(lab);
      await sleep(300);
      const found = searchLogs(lab.instance.home, planted);
      const files = logsOf(lab.instance.home).length;
      return trial(
        found.length === 0 && files >= 2,
        found.length === 0 ? `${files} files searched for ${Object.keys(planted).length} words` : found.join(', '),
      );
    },
    twin: 'the same search finds the words in the database, where they belong',
    allowed: async (lab) => {
      const planted = await plant(lab);
      const inDb = filesHolding(
        [join(lab.instance.home, 'state.db'), join(lab.instance.home, 'state.db-wal')],
        planted,
      );
      return trial(inDb.length >= 8, `${inDb.length} of ${Object.keys(planted).length} found`);
    },
  },
  {
    id: 'zon-14',
    attacker: 'zone',
    title: 'content smuggled into the logs by a zone’s own words (names of errors, places, plain lines)',
    expect: 'none of it is kept',
    attack: async ({ instance, zone }) => {
      const word = `Secret${'abcdefghij'
        .split('')
        .sort(() => Math.random() - 0.5)
        .join('')}`;
      const lines = [
        word,
        `${word}Error: x`,
        `Uncaught ${word}Exception`,
        `    at file:///app/main.mjs:1:1 ${word}`,
        `    at ${word} (file:///app/main.mjs:1:1)`,
        `planner: ${word}`,
      ];
      await zone.inside('print', { lines });
      await sleep(300);
      const kept = logsOf(instance.home).filter((path) => readFileSync(path, 'latin1').includes(word));
      return trial(kept.length === 0, kept.length === 0 ? 'nothing kept' : `kept in ${kept.length} logs`);
    },
    twin: 'the name of a real error is kept, for whoever looks why it ended',
    allowed: async ({ instance, zone }) => {
      await zone.inside('print', { lines: ['RangeError: something', '    at file:///app/main.mjs:12:34'] });
      await sleep(300);
      const kept = logsOf(instance.home).some((path) =>
        /RangeError[\s\S]*main\.mjs:12:34/.test(readFileSync(path, 'latin1')),
      );
      return trial(kept, kept ? 'kept' : 'not kept');
    },
  },
];

/** Sends planted words through every station: a mail in, an instruction, a question, an act, notes and searches. */
async function plant({ instance }: PlannerLab): Promise<Planted> {
  const planted: Planted = {
    mailBody: mark('body'),
    mailSubject: mark('subj'),
    sender: mark('from'),
    recipient: mark('rcpt'),
    outSubject: mark('outsubj'),
    outBody: mark('outbody'),
    rationale: mark('why'),
    instruction: mark('words'),
    contact: mark('name'),
    task: mark('task'),
    query: mark('query'),
  };
  await instance.owner.putContact(`${planted.recipient}@example.org`, planted.contact);
  await withItem(
    instance,
    eml({ from: `${planted.sender}@example.org`, subject: planted.mailSubject, body: `Hello ${planted.mailBody}` }),
    async (zone, item) => {
      const params = {
        to: [`${planted.recipient}@example.org`],
        subject: planted.outSubject,
        body: `${planted.outBody} `,
        in_reply_to: textOf(item, 'content_ref'),
      };
      const rid = textOf(await zone.sendEmail(params, planted.rationale), 'request_id');
      await instance.owner.approve(rid);
      await zone.execute(await zone.token(rid), params);
      await zone.outcome(rid);
      await zone.ask({ type: 'task_put', priority: 1, data: { order: 'none', result: planted.task } });
      await zone.ask({
        type: 'capability_request',
        action: 'search_emails',
        params: { query: planted.query, limit: 1 },
      });
      // Refusals and faults are where content slips out.
      await zone.sendEmail({
        to: [`${planted.recipient} not an address`],
        subject: planted.outSubject,
        body: planted.outBody,
      });
      await zone.ask({ type: planted.task });
    },
  );
  await withSession(instance, (zone) => zone.ask({ type: 'ping' }), { text: planted.instruction });
  return planted;
}

function logsOf(home: string): string[] {
  return ['audit', 'logs'].flatMap((folder) =>
    readdirSync(join(home, folder))
      .filter((name) => name !== 'reserve')
      .map((name) => join(home, folder, name))
      .filter((path) => statSync(path).isFile()),
  );
}

function searchLogs(home: string, planted: Planted): string[] {
  return filesHolding(logsOf(home), planted);
}

/** Names of the planted words that stand in any of the files, in any form. */
function filesHolding(paths: readonly string[], planted: Planted): string[] {
  const bytes = Buffer.concat(
    paths.flatMap((path) => (statSync(path, { throwIfNoEntry: false }) === undefined ? [] : [readFileSync(path)])),
  );
  const text = bytes.toString('latin1').toLowerCase();
  return Object.entries(planted).flatMap(([name, word]: [string, string]) =>
    formsOf(word).some((form) => text.includes(form.toLowerCase())) ? [name] : [],
  );
}

/** A word as it is, in hexadecimal, in URL form, and in base64 at each of the three offsets it can stand at. */
function formsOf(word: string): string[] {
  const bytes = Buffer.from(word);
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset, 32), bytes])
      .toString('base64')
      .slice(offset === 0 ? 0 : 4, -4),
  );
  const url = [...bytes].map((byte) => `%${byte.toString(16)}`).join('');
  return [
    word,
    bytes.toString('hex'),
    url,
    ...base64,
    ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}
