import type * as z from 'zod';
import { CONTROL_REQUESTS, type ControlRequest, type ControlRequestType, type Refusal } from '../../contracts/index.ts';
import { holdAgent, openAgent } from './agents.ts';
import { answerQuestion, listQuestions, reopenQuestion, showQuestion } from './approvals.ts';
import { orTakeBack, StepRefused, type ControlDesk } from './desk.ts';
import { listInbox, showInbox } from './inbox.ts';
import {
  confirm,
  instruct,
  instructStatus,
  listContacts,
  putContact,
  removeContact,
  restoreConfirmed,
  showConfirm,
} from './owner.ts';
import { deleteScheduled, listScheduled } from './tasks.ts';
import { explainRequest, listRecords, listZones, makeCheckpoint, status } from './status.ts';

/** Answers one message of the owner's tools. Whatever changes something carries a proof of presence. */
export async function answerControl(
  desk: ControlDesk,
  frame: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<object> {
  const type = frame['type'];
  if (typeof type !== 'string' || !Object.hasOwn(CONTROL_REQUESTS, type))
    return errorOf({
      error: 'unknown_type',
      message: 'no such control message; the tool and the executor are of different versions',
    });
  const parsed = CONTROL_REQUESTS[type as ControlRequestType].safeParse(frame);
  if (!parsed.success) {
    return errorOf({ error: 'malformed', message: describeIssue(type, parsed.error.issues[0]) });
  }
  try {
    return await answer(desk, parsed.data, signal);
  } catch (fault) {
    if (fault instanceof StepRefused) return errorOf(fault.refusal);
    throw fault;
  }
}

function answer(desk: ControlDesk, request: ControlRequest, signal: AbortSignal): Promise<object> | object {
  switch (request.type) {
    case 'status':
      return status(desk);
    case 'approvals_list':
      return listQuestions(desk, request);
    case 'approvals_show':
      return showQuestion(desk, request);
    case 'approvals_answer':
      return answerQuestion(desk, request);
    case 'approvals_reopen':
      return reopenQuestion(desk, request);
    case 'presence_challenge': {
      const { nonce, expiresAt } = desk.presence.challenge();
      return { type: 'presence_challenge', nonce, expires_at: expiresAt, presence: desk.presence.required() };
    }
    case 'presence_enrol':
      return enrol(desk, request);
    case 'inbox_list':
      return listInbox(desk, request);
    case 'inbox_show':
      return showInbox(desk, request);
    case 'instruct':
      return instruct(desk, request);
    case 'instruct_status':
      return instructStatus(desk, request, signal);
    case 'tasks_list':
      return listScheduled(desk, request);
    case 'tasks_delete':
      return deleteScheduled(desk, request);
    case 'contacts_list':
      return listContacts(desk);
    case 'contacts_put':
      return putContact(desk, request);
    case 'contacts_remove':
      return removeContact(desk, request);
    case 'confirm_show':
      return showConfirm(desk, request);
    case 'confirm':
      return confirm(desk, request);
    case 'confirm_restore':
      return restoreConfirmed(desk, request);
    case 'agent_open':
      return openAgent(desk, request);
    case 'agent_hold':
      return holdAgent(desk, request, signal);
    case 'policy_explain':
      return explainRequest(desk, request);
    case 'policy_records':
      return listRecords(desk, request);
    case 'checkpoint':
      return makeCheckpoint(desk);
    case 'zones':
      return listZones(desk);
  }
}

/** What does not fit, by the name of its field. */
function describeIssue(type: string, issue: z.core.$ZodIssue | undefined): string {
  const path = issue?.path.map(String) ?? [];
  const at = (key: string): string => [...path, key].join('.').slice(0, 100);
  if (issue?.code === 'unrecognized_keys') return `\`${at(issue.keys[0] ?? '')}\` is no field of \`${type}\``;
  return `\`${path.join('.').slice(0, 100)}\` of \`${type}\` is not what it must be`;
}

async function enrol(desk: ControlDesk, request: Extract<ControlRequest, { type: 'presence_enrol' }>): Promise<object> {
  const method = orTakeBack(desk.presence.check(request));
  orTakeBack(await desk.presence.enrol(request.public_key, method));
  return { type: 'presence_enrol', presence: desk.presence.required() };
}

function errorOf(refusal: Refusal): object {
  return { type: 'error', ...refusal };
}

export type { ControlDesk, InstanceFacts, LogDesk, PresencePort, ZoneListing, ZonesFound } from './desk.ts';
