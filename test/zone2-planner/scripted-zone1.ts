import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorFrame, serveFrames, type Frame, type RequestContext } from '../../src/bridge/index.ts';
import {
  ACTIONS,
  canonicalJson,
  LIMITS,
  makeId,
  WIRE_REQUESTS,
  type Extract as Message,
  type Json,
  type WireRequest,
} from '../../src/contracts/index.ts';

/** What the person of the script says to a question. `queue`: approved, and the act waits in the outbox first. */
export type Answer = 'approve' | 'deny' | 'wait' | 'queue' | 'allow' | { readonly refuse: string };

export interface Asked {
  readonly action: string;
  readonly params: Record<string, Json>;
  readonly rationale: string;
}

interface Request extends Asked {
  readonly rid: string;
  readonly hash: string;
  status: 'pending' | 'approved' | 'denied' | 'expired' | 'cancelled';
  token: string | undefined;
  outcome: string | undefined;
}

interface Task {
  readonly task: string;
  priority: number;
  due?: string;
  cron?: string;
  data: Record<string, unknown>;
}

/**
 * A Zone 1 that follows a script and is strict on the wire: every frame is parsed by the contract, parameters by their
 * action, a token works once and only for the parameters that were asked for. It outlives the planners it serves.
 */
export class ScriptedZone1 {
  readonly directory = mkdtempSync(join(tmpdir(), 'hs-z1-'));
  readonly socketPath = join(this.directory, 'zone-bridge.sock');
  readonly asked: Asked[] = [];
  /** Acts that happened: executed outbound requests. */
  readonly acts: Asked[] = [];
  readonly reads: Asked[] = [];
  readonly faults: string[] = [];
  readonly tasks = new Map<string, Task>();
  readonly done: string[] = [];
  readonly items: { ref: string; message: Message }[] = [];
  readonly instructions: { text: string; task?: string }[] = [];
  decide: (asked: Asked) => Answer = () => 'approve';
  readValue: (asked: Asked) => Record<string, unknown> = () => ({ content_refs: [], items: [] });
  frames = 0;
  /** Zone 1 has closed this session: everything is `not_found`. */
  ended = false;
  /** Goes away once, just before or just after an act. */
  loseExecute: 'before' | 'after' | undefined;
  lost = false;
  readonly #requests = new Map<string, Request>();
  #close: () => Promise<void> = async () => undefined;

  async listen(): Promise<this> {
    const listener = await serveFrames({
      path: this.socketPath,
      mode: 0o600,
      handle: (frame, context) => this.#handle(frame, context),
      onFault: (fault) => this.faults.push(String(fault)),
    });
    this.#close = () => listener.close();
    return this;
  }

  /** Goes away as a crashed executor does; `listen` again serves the same state. */
  async drop(): Promise<void> {
    await this.#close();
  }

  async close(): Promise<void> {
    await this.#close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  deliver(message: Message): string {
    const ref = id('c_');
    this.items.push({ ref, message });
    return ref;
  }

  /** The person answers every question that stands. */
  answerAll(verdict: 'approved' | 'denied' | 'expired'): void {
    for (const request of this.#requests.values()) {
      if (request.status !== 'pending') continue;
      request.status = verdict;
      if (verdict === 'approved') request.token = randomBytes(16).toString('hex');
    }
  }

  /** The owner puts every question again that went without an answer. */
  reopenAll(): void {
    for (const request of this.#requests.values()) if (request.status === 'expired') request.status = 'pending';
  }

  /** Data of the tasks whose `kind` is this. */
  kept(kind: string): Record<string, unknown>[] {
    return [...this.tasks.values()].map((task) => task.data).filter((data) => data['kind'] === kind);
  }

  async #handle(frame: Frame, context: RequestContext): Promise<object> {
    this.frames += 1;
    const type = String(frame['type']);
    const schema = Object.entries(WIRE_REQUESTS).find(([name]) => name === type)?.[1];
    const parsed = schema?.safeParse(frame);
    if (parsed?.success !== true) {
      this.faults.push(`off the wire: ${JSON.stringify(frame).slice(0, 300)}`);
      return errorFrame({ error: 'malformed', message: 'not a message of the wire' });
    }
    return this.ended ? notFound() : await this.#answer(parsed.data, context);
  }

  async #answer(request: WireRequest, context: RequestContext): Promise<object> {
    switch (request.type) {
      case 'hello':
        return { type: 'hello', v: 1, zone: 'zone2-planner', session: SESSION };
      case 'ping':
        return { type: 'pong', zone: 'zone2-planner' };
      case 'capability_request':
        return this.#ask(request);
      case 'approval_status':
        return await this.#status(request.request_id, request.wait_ms ?? 0, context);
      case 'execute':
        return await this.#executeOrLose(request);
      case 'next_item': {
        await until(() => this.items.length > 0, request.wait_ms ?? 0, context);
        const [item] = this.items;
        return item === undefined
          ? { type: 'none' }
          : { type: 'item', content_ref: item.ref, channel: item.message.channel, message: item.message };
      }
      case 'item_done':
        this.items.splice(
          this.items.findIndex((item) => item.ref === request.content_ref),
          1,
        );
        this.done.push(request.content_ref);
        return { type: 'item_done', content_ref: request.content_ref };
      case 'next_instruction': {
        await until(() => this.instructions.length > 0, request.wait_ms ?? 0, context);
        const instruction = this.instructions.shift();
        return instruction === undefined ? { type: 'none' } : { type: 'instruction', ...instruction };
      }
      case 'task_put':
        return this.#putTask(request);
      case 'task_list':
        return { type: 'tasks', tasks: [...this.tasks.values()] };
      case 'task_delete':
        return this.tasks.delete(request.task) ? { type: 'task', task: request.task } : notFound();
      default:
        return request satisfies never;
    }
  }

  #putTask(request: RequestOf<'task_put'>): object {
    if (request.task !== undefined && !this.tasks.has(request.task)) return notFound();
    if (Buffer.byteLength(JSON.stringify(request.data)) > LIMITS.taskDataBytesMax.value) {
      return errorFrame({ error: 'too_large', message: '`data` is too long' });
    }
    const { type: _type, task = id('t_'), ...rest } = request;
    const kept: Task = { task, priority: rest.priority, data: rest.data };
    if (rest.due !== undefined) kept.due = rest.due;
    if (rest.cron !== undefined) kept.cron = rest.cron;
    this.tasks.set(task, kept);
    return { type: 'task', task };
  }

  #ask(request: RequestOf<'capability_request'>): object {
    const params = request.params as Record<string, Json>;
    const asked = { action: request.action, params, rationale: request.rationale ?? '' };
    const action = ACTIONS.get(request.action);
    if (action === undefined) return errorFrame({ error: 'action_not_allowed', message: 'no such action' });
    if (!action.requested.safeParse(params).success) {
      this.faults.push(`bad parameters: ${JSON.stringify(asked).slice(0, 300)}`);
      return errorFrame({
        error: 'invalid_params',
        message: 'the parameters do not fit',
        requires_approval: action.effect === 'outbound',
      });
    }
    const hash = hashOf(request.action, params);
    const known = this.#requests.get(hash);
    if (known !== undefined && (known.status !== 'approved' || known.token !== undefined)) return responseTo(known);
    this.asked.push(asked);
    const answer = this.decide(asked);
    if (typeof answer === 'object') return errorFrame({ error: 'policy_denied', message: answer.refuse });
    const made: Request = { ...asked, rid: id('r_'), hash, status: 'pending', token: undefined, outcome: undefined };
    this.#requests.set(hash, made);
    if (action.effect !== 'outbound' || answer === 'allow') {
      made.token = randomBytes(16).toString('hex');
      return {
        ...responseTo(made),
        decision: 'allowed',
        requires_approval: false,
        token: made.token,
        expires_at: undefined,
      };
    }
    if (answer === 'deny') made.status = 'denied';
    if (answer === 'approve' || answer === 'queue') {
      made.status = 'approved';
      made.token = randomBytes(16).toString('hex');
      if (answer === 'queue') made.outcome = 'queued';
    }
    return responseTo(made);
  }

  async #status(rid: string, waitMs: number, context: RequestContext): Promise<object> {
    const request = [...this.#requests.values()].find((each) => each.rid === rid);
    if (request === undefined) return notFound();
    await until(() => request.status !== 'pending', waitMs, context);
    const { status, token } = request;
    if (status === 'approved' && token === undefined) request.outcome = 'succeeded';
    const outcome = token === undefined && request.outcome !== undefined ? { outcome: request.outcome } : {};
    return {
      type: 'approval_status',
      status,
      ...(status === 'approved' && token !== undefined ? { token } : {}),
      ...outcome,
    };
  }

  async #executeOrLose(request: RequestOf<'execute'>): Promise<object> {
    const when = this.loseExecute;
    this.loseExecute = undefined;
    const answer = when === 'before' ? {} : this.#execute(request);
    if (when !== undefined) await this.drop().then(() => (this.lost = true));
    return answer;
  }

  #execute(request: RequestOf<'execute'>): object {
    const params = request.params as Record<string, Json>;
    const found = [...this.#requests.values()].find((each) => each.token === request.token);
    if (found === undefined) return errorFrame({ error: 'token_invalid', message: 'no such token' });
    if (found.hash !== hashOf(request.action, params))
      return errorFrame({ error: 'params_mismatch', message: 'other parameters' });
    found.token = undefined;
    const queued = found.outcome === 'queued';
    const effect = ACTIONS.get(request.action)?.effect;
    (effect === 'outbound' ? this.acts : this.reads).push(found);
    if (effect !== 'outbound') this.#requests.delete(found.hash);
    if (queued) return { type: 'result', ok: true, value: { state: 'queued', dispatch_at: new Date().toISOString() } };
    return { type: 'result', ok: true, value: effect === 'outbound' ? { state: 'succeeded' } : this.readValue(found) };
  }
}

type RequestOf<T extends WireRequest['type']> = Extract<WireRequest, { type: T }>;

export const SESSION = `s_${'a'.repeat(26)}`;

export function id(prefix: 'c_' | 't_' | 'r_' | 'd_'): string {
  return makeId(prefix, (n) => randomBytes(n));
}

function responseTo(request: Request): object {
  return {
    type: 'capability_response',
    request_id: request.rid,
    decision: 'pending_approval',
    requires_approval: true,
    params_hash: request.hash,
    expires_at: new Date(Date.now() + 300_000).toISOString(),
  };
}

function hashOf(action: string, params: Record<string, Json>): string {
  return createHash('sha256').update(canonicalJson({ action, params })).digest('hex');
}

function notFound(): object {
  return errorFrame({ error: 'not_found', message: 'no such thing in this session' });
}

async function until(done: () => boolean, waitMs: number, context: RequestContext): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (!done() && performance.now() < deadline && !context.signal.aborted)
    await new Promise((resolve) => setTimeout(resolve, 10));
}
