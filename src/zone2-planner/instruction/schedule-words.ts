import { nextCronMs } from '../tasks.ts';

/** An instruction for later: once at an instant, or again and again. */
export interface Schedule {
  readonly text: string;
  readonly dueMs: number;
  readonly cron: string | null;
}

export type ParsedSchedule =
  { readonly ok: true; readonly schedule: Schedule } | { readonly ok: false; readonly hint: string };

/** `in 10 minutes …`, `at 2026-12-01T09:00Z …`, `every day at 9:00 …`, `every hour …`, `cron "0 9 * * *" …`; null for anything else. Times are UTC. */
export function parseSchedule(line: string, nowMs: number): ParsedSchedule | null {
  const found = once(line, nowMs) ?? again(line, nowMs);
  if (found === null || !found.ok) return found;
  const text = found.schedule.text.replace(/^[\s:,]+/, '').trim();
  if (text === '') return { ok: false, hint: 'say what to do then, such as `every day at 9:00 list inbox`' };
  return { ok: true, schedule: { ...found.schedule, text } };
}

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

function once(line: string, nowMs: number): ParsedSchedule | null {
  const after = /^in\s+(\d{1,4})\s+(minute|hour|day)s?\b(.*)$/is.exec(line);
  if (after !== null) {
    const ms = Number(after[1]) * (UNIT_MS[(after[2] ?? '').toLowerCase()] ?? 0);
    return { ok: true, schedule: { text: after[3] ?? '', dueMs: nowMs + ms, cron: null } };
  }
  const at = /^(?:at|on)\s+(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)\s?(Z|UTC)?\b(.*)$/is.exec(line);
  if (at === null) return null;
  const day = (at[1] ?? '').replace(' ', 'T');
  const dueMs = Date.parse(day.includes('T') ? `${day}Z` : `${day}T00:00Z`);
  if (Number.isNaN(dueMs)) return { ok: false, hint: 'that is no date and time; write it as `2026-12-01T09:00Z`' };
  return { ok: true, schedule: { text: at[3] ?? '', dueMs, cron: null } };
}

const DAYS: Readonly<Record<string, string>> = {
  day: '*',
  weekday: '1-5',
  monday: '1',
  tuesday: '2',
  wednesday: '3',
  thursday: '4',
  friday: '5',
  saturday: '6',
  sunday: '0',
};

function again(line: string, nowMs: number): ParsedSchedule | null {
  const hourly = /^every\s+hour\b(.*)$/is.exec(line);
  if (hourly !== null) return repeating('0 * * * *', hourly[1] ?? '', nowMs);
  const daily = /^every\s+([a-z]+)\s+at\s+(\d{1,2})(?::(\d\d))?\b(.*)$/is.exec(line);
  const days = DAYS[(daily?.[1] ?? '').toLowerCase()];
  if (daily !== null && days !== undefined)
    return repeating(`${Number(daily[3] ?? 0)} ${Number(daily[2])} * * ${days}`, daily[4] ?? '', nowMs);
  const cron = /^cron\s+["“](.{1,100}?)["”](.*)$/is.exec(line);
  return cron === null ? null : repeating((cron[1] ?? '').trim(), cron[2] ?? '', nowMs);
}

function repeating(cron: string, text: string, nowMs: number): ParsedSchedule {
  const dueMs = nextCronMs(cron, nowMs);
  if (dueMs === null) return { ok: false, hint: `\`${cron}\` is no schedule of five fields that ever comes` };
  return { ok: true, schedule: { text, dueMs, cron } };
}
