import { createHash } from 'node:crypto';
import type { ControlAnswers } from '../../contracts/index.ts';
import { sql, type Reader } from '../../state/index.ts';
import { findSession } from '../sessions.ts';
import { listTasks } from '../tasks.ts';
import { StepRefused } from './desk.ts';

/**
 * Where the newest instruction of a session stands. In the standing session an answer to what was said before is none
 * to this; and a plan whose questions have not been put yet is not told as done. Throws `not_found`.
 */
export function readInstruction(reader: Reader, sid: string): ControlAnswers['instruct_status'] {
  const session = findSession(reader, sid);
  if (session === undefined) throw new StepRefused({ error: 'not_found', message: 'no such session' });
  const newest = reader.get(
    sql.selectFrom('instructions').select(['text', 'at_ms']).where('sid', '=', sid).orderBy('seq', 'desc').limit(1),
  );
  const answer = listTasks(reader, sid)
    .map((task) => ({ data: JSON.parse(task.data) as Record<string, unknown>, atMs: task.at_ms }))
    .filter(({ data }) => data['kind'] === 'answer' && typeof data['text'] === 'string')
    .filter(({ data, atMs }) => session.origin !== 'standing' || answers(data, atMs, newest))
    .sort((a, b) => a.atMs - b.atMs)
    .at(-1)?.data;
  const approvals = reader
    .all(sql.selectFrom('approvals').select('apr').where('sid', '=', sid).where('state', '=', 'pending'))
    .map((row) => row.apr);
  return {
    type: 'instruct_status',
    state: stateOf({ answer, asks: approvals.length > 0, standing: session.origin === 'standing', open: session.open }),
    answer: typeof answer?.['text'] === 'string' ? answer['text'] : null,
    approvals,
  };
}

function stateOf(at: {
  answer: Record<string, unknown> | undefined;
  asks: boolean;
  standing: boolean;
  open: boolean;
}): ControlAnswers['instruct_status']['state'] {
  // What an earlier instruction of the standing session asked about says nothing of this one.
  if (at.answer === undefined && at.standing) return at.open ? 'working' : 'failed';
  if (at.answer !== undefined && at.open && isAsking(at.answer)) return 'working';
  if (at.asks) return 'waiting';
  if (at.answer !== undefined) return 'answered';
  return at.open ? 'working' : 'failed';
}

/** Whether a record of a planner is of this instruction: by the digest it is named by, and by Zone 1's own times. */
function answers(
  data: Record<string, unknown>,
  atMs: number,
  instruction: { text: string; at_ms: number } | undefined,
): boolean {
  if (instruction === undefined || atMs < instruction.at_ms) return false;
  const { work, at } = data;
  if (typeof at === 'string' && Date.parse(at) < instruction.at_ms) return false;
  if (typeof work !== 'string' || !work.includes('@')) return true;
  return work.startsWith(`${createHash('sha256').update(instruction.text, 'utf8').digest('hex').slice(0, 32)}@`);
}

/** A step of the plan has not even been asked for: what becomes of it (a question, a refusal) comes in a moment. */
function isAsking({ steps }: Record<string, unknown>): boolean {
  return (
    Array.isArray(steps) && steps.some((step) => (step as { readonly state?: unknown } | null)?.state === 'planned')
  );
}
