import { describe, expect, it } from 'vitest';
import { parseInstruction } from '../../src/zone2-planner/instruction/parse-instruction.ts';
import { nextCronMs, nextWork, priorityOf } from '../../src/zone2-planner/tasks.ts';
import { id } from './scripted-zone1.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const C = id('c_');
const T = id('t_');
const D = id('d_');
const MAIL = { to: ['ann@example.org'], cc: [], bcc: [] };

describe('instructions without a model', () => {
  it.each([
    [`send to ann@example.org subject "Hi" text "Hello, Ann"`, { ...MAIL, subject: 'Hi', body: 'Hello, Ann' }],
    [`Send mail to ann@example.org: see you at nine`, { ...MAIL, subject: 'see you at nine', body: 'see you at nine' }],
    [`email to ann@example.org subject: Lunch text: Shall we?`, { ...MAIL, subject: 'Lunch', body: 'Shall we?' }],
    [`send to ann@example.org text “Grüße” subject “Gruß”`, { ...MAIL, subject: 'Gruß', body: 'Grüße' }],
    [
      `send to ann@example.org, bob@example.org cc carl@example.org subject "S" text "She said "yes" to it"`,
      {
        to: ['ann@example.org', 'bob@example.org'],
        cc: ['carl@example.org'],
        bcc: [],
        subject: 'S',
        body: 'She said "yes" to it',
      },
    ],
    [
      `send to ann@example.org subject "to bob" text "cc eve@example.com please"`,
      { ...MAIL, subject: 'to bob', body: 'cc eve@example.com please' },
    ],
  ])('understands %s', (text, mail) => {
    expect(parseInstruction(text, NOW)).toEqual({ kind: 'mail', action: 'send_email', mail });
  });

  it('takes no receiver out of the text of a mail', () => {
    const parsed = parseInstruction(
      'send to ann@example.org text "please forward to eve@example.com, to bob@example.org"',
      NOW,
    );
    expect(parsed).toMatchObject({ kind: 'mail', mail: { to: ['ann@example.org'], cc: [], bcc: [] } });
  });

  it.each([
    ['list inbox', { kind: 'list', limit: 10 }],
    ['list my last 5 mails', { kind: 'list', limit: 5 }],
    ['check mail', { kind: 'list', limit: 10 }],
    ['search for invoice from:ann@example.org', { kind: 'search', query: 'invoice from:ann@example.org' }],
    [`read ${C}`, { kind: 'read', ref: C }],
    [`summarise ${C}`, { kind: 'summarise', ref: C }],
    ['summarize this', { kind: 'summarise', ref: 'joined' }],
    [`reply to ${C} text "Thank you"`, { kind: 'reply', ref: C, body: 'Thank you' }],
    [`reply to ${C}: Thank you, to all`, { kind: 'reply', ref: C, body: 'Thank you, to all' }],
    ['reply "Yes"', { kind: 'reply', ref: 'joined', body: 'Yes' }],
    [`send ${D}`, { kind: 'send_draft', draft: D }],
    ['tasks', { kind: 'tasks' }],
    [`delete task ${T}`, { kind: 'delete_task', task: T }],
    ['who am i', { kind: 'profile' }],
    [
      'draft to ann@example.org text "x"',
      { kind: 'mail', action: 'draft_email', mail: { ...MAIL, subject: 'x', body: 'x' } },
    ],
    [
      'in 10 minutes list inbox',
      { kind: 'schedule', schedule: { text: 'list inbox', dueMs: NOW + 600_000, cron: null } },
    ],
    [
      'at 2026-12-01T09:00Z list inbox',
      { kind: 'schedule', schedule: { text: 'list inbox', dueMs: Date.parse('2026-12-01T09:00:00Z'), cron: null } },
    ],
    [
      'every day at 9:30: list inbox',
      {
        kind: 'schedule',
        schedule: { text: 'list inbox', dueMs: Date.parse('2026-11-21T09:30:00Z'), cron: '30 9 * * *' },
      },
    ],
    [
      'every monday at 8 list inbox',
      {
        kind: 'schedule',
        schedule: { text: 'list inbox', dueMs: Date.parse('2026-11-23T08:00:00Z'), cron: '0 8 * * 1' },
      },
    ],
    [
      'cron "0 9 1 * *" list inbox',
      {
        kind: 'schedule',
        schedule: { text: 'list inbox', dueMs: Date.parse('2026-12-01T09:00:00Z'), cron: '0 9 1 * *' },
      },
    ],
  ])('understands %s', (text, expected) => {
    expect(parseInstruction(text, NOW)).toEqual(expected);
  });

  it.each([
    ['', null],
    ['make me a sandwich', null],
    ['send to ann@exa_mple text "x"', 'not a plain mail address'],
    ['send text "x"', 'to whom'],
    ['send to ann@example.org', 'say the text'],
    ['reply to it', 'say the text'],
    ['search', 'what to search for'],
    ['delete everything', 'name the task'],
    ['every day at 25:00 list inbox', 'no schedule'],
    ['in 10 minutes', 'what to do then'],
    ['at 2026-13-99 list inbox', 'no date'],
  ])('guesses nothing for `%s`', (text, hint) => {
    const parsed = parseInstruction(text, NOW);
    expect(parsed.kind).toBe('unclear');
    if (parsed.kind === 'unclear' && hint !== null) expect(parsed.hint).toContain(hint);
    if (parsed.kind === 'unclear' && hint === null) expect(parsed.hint).toBeNull();
  });
});

describe('the queue', () => {
  const entry = (work: string, priority: number, at: string, state: 'waiting' | 'done' = 'waiting') => ({
    task: id('t_') as never,
    priority,
    record: { kind: 'answer' as const, work, text: '', engine: 'rules' as const, category: null, state, steps: [], at },
  });
  const queue = [
    entry('old', 5, '2026-01-01'),
    entry('urgent', 8, '2026-02-01'),
    entry('older', 5, '2025-01-01'),
    entry('done', 9, '2020-01-01', 'done'),
  ];

  it('takes the most urgent first, then the oldest, never what is done or runs', () => {
    const order: string[] = [];
    const running = new Set<string>();
    for (let next = nextWork(queue, running); next !== null; next = nextWork(queue, running)) {
      order.push(next.record.work);
      running.add(next.record.work);
    }
    expect(order).toEqual(['urgent', 'older', 'old']);
  });

  it('reads the priority from the owner’s first word', () => {
    expect(priorityOf('urgent: list inbox')).toEqual({ priority: 8, text: 'list inbox' });
    expect(priorityOf('low: list inbox')).toEqual({ priority: 1, text: 'list inbox' });
    expect(priorityOf('list urgent: mails')).toEqual({ priority: 5, text: 'list urgent: mails' });
  });

  it('knows schedules of five fields only', () => {
    expect(nextCronMs('0 9 * * *', NOW)).toBe(Date.parse('2026-11-21T09:00:00Z'));
    expect(nextCronMs('* * * * * *', NOW)).toBeNull();
    expect(nextCronMs('61 9 * * *', NOW)).toBeNull();
    expect(nextCronMs('0 0 31 2 *', NOW)).toBeNull();
  });
});
