import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  canonicalJson,
  HardshellError,
  LIMITS,
  WIRE_ERROR_CODES,
  type ApprovalStatus,
  type Json,
  type TaskId,
} from '../contracts/index.ts';
import {
  parseCapability,
  parseHello,
  parseInstruction,
  parseItem,
  parsePong,
  parseRefusal,
  parseResult,
  parseStatus,
  parseTaskList,
  parseTaskPut,
  type ExecuteValue,
  type InstructionDelivery,
  type ItemDelivery,
  type Refused,
  type StoredTask,
} from './capability-answers.ts';
import { connectFrames, type RequestClient } from './client.ts';
import type { Frame } from './connection.ts';

/** Where a zone finds its bridge. */
export const ZONE_BRIDGE_SOCKET = '/var/run/zone-bridge/zone-bridge.sock';

export type Params = Readonly<Record<string, Json>>;

export type Capability =
  | { readonly kind: 'allowed'; readonly token: string; readonly requestId: string }
  | { readonly kind: 'pending'; readonly requestId: string; readonly expiresAt: string; readonly paramsHash: string }
  | Refused;

export type Approved =
  | { readonly kind: 'approved'; readonly token: string }
  | { readonly kind: 'denied' | 'expired' | 'cancelled' }
  | { readonly kind: 'timeout' }
  | Refused;

export type Executed = { readonly kind: 'ok'; readonly value: ExecuteValue } | Refused;
export type Answered<T> = { readonly kind: 'ok'; readonly value: T } | Refused;

export interface CapabilityClientOptions {
  /** Default: `ZONE_BRIDGE_SOCKET`. */
  readonly socketPath?: string;
  /** A descriptor that was inherited connected, in the place of a path. There is no second connection then. */
  readonly fd?: number;
  /** Milliseconds to keep trying while nobody listens. Default 5 000. */
  readonly retryMs?: number;
}

export interface NewTask {
  /** Absent: a new task. */
  readonly task?: TaskId;
  /** 0 (last) to 9 (first). */
  readonly priority: number;
  /** ISO 8601 instant. */
  readonly due?: string;
  readonly cron?: string;
  readonly data: Params;
}

/**
 * What a program in Zone 2 may do: ask, wait, and execute what was allowed. It holds no authority of its own.
 * Refusals are values. Thrown are `connection_lost` (nobody answers), `timeout` and `malformed` (an answer that this
 * client does not know). After `connection_lost` the next call connects again; Zone 1 knows the session by its socket.
 */
export class CapabilityClient {
  readonly #target: { readonly path: string } | { readonly fd: number };
  readonly #retryMs: number;
  #connection: Promise<RequestClient> | undefined;
  #used = false;
  #closed = false;

  constructor(options: CapabilityClientOptions = {}) {
    const { fd, socketPath = ZONE_BRIDGE_SOCKET } = options;
    this.#target = fd === undefined ? { path: socketPath } : { fd };
    this.#retryMs = options.retryMs ?? 5_000;
  }

  /** The zone's name, as Zone 1 knows it from the socket. */
  async ping(): Promise<{ zone: string }> {
    return parsePong(noRefusal(await this.#ask({ type: 'ping' })));
  }

  /** Zone and session of this socket. Throws `unknown_version` when Zone 1 speaks another, `not_found` when the session has ended. */
  async hello(): Promise<{ zone: string; session: string }> {
    return parseHello(noRefusal(await this.#ask({ type: 'hello', v: 1 })));
  }

  /** Asks for one act. The same action and parameters asked again in one session are one request. */
  async requestCapability(action: string, params: Params, options: { rationale?: string } = {}): Promise<Capability> {
    const paramsHash = hashOfParams(action, params);
    const rationale = options.rationale === undefined ? {} : { rationale: options.rationale };
    const frame = await this.#ask({ type: 'capability_request', action, params, ...rationale });
    const refusal = parseRefusal(frame);
    if (refusal !== null) return refusal;
    const answer = parseCapability(frame);
    if (answer.params_hash !== undefined && answer.params_hash !== paramsHash) {
      return { kind: 'refused', error: 'params_mismatch', message: 'zone 1 recorded other parameters than were asked' };
    }
    if (answer.decision === 'allowed') {
      if (answer.token === undefined) throw shapeless('token');
      return { kind: 'allowed', token: answer.token, requestId: answer.request_id };
    }
    if (answer.expires_at === undefined) throw shapeless('expires_at');
    return { kind: 'pending', requestId: answer.request_id, expiresAt: answer.expires_at, paramsHash };
  }

  /** Waits for a person's answer by long polls. `timeout` means that the question still stands. */
  async waitForApproval(requestId: string, options: { timeoutMs?: number } = {}): Promise<Approved> {
    const deadline = performance.now() + (options.timeoutMs ?? 300_000);
    for (;;) {
      const askedAt = performance.now();
      const waitMs = Math.max(0, Math.min(30_000, Math.floor(deadline - askedAt)));
      const answer = await this.#statusOrWeather(requestId, waitMs);
      if (answer !== undefined) {
        if ('kind' in answer) {
          if (answer.error !== 'overloaded') return answer;
        } else if (answer.status === 'approved') {
          return approvedOf(answer);
        } else if (answer.status !== 'pending') {
          return { kind: answer.status };
        }
      }
      if (performance.now() >= deadline) return { kind: 'timeout' };
      // A peer that answers "pending" at once must not be asked in a tight loop.
      if (performance.now() - askedAt < Math.min(waitMs, 250)) await sleep(250);
    }
  }

  /**
   * Redeems a token for the parameters as they were asked for. A token works once, so a lost connection here is thrown
   * and not retried: `outcome` tells what became of it.
   */
  async executeWithToken(token: string, action: string, params: Params): Promise<Executed> {
    const frame = await this.#ask({ type: 'execute', token, action, params }, LIMITS.outboxDelayMsMax.value);
    return parseRefusal(frame) ?? { kind: 'ok', value: parseResult(frame) };
  }

  /** Status of a request and, once it was executed, what became of the act. */
  async outcome(requestId: string, waitMs = 0): Promise<Answered<ApprovalStatus>> {
    const frame = await this.#ask({ type: 'approval_status', request_id: requestId, wait_ms: waitMs }, waitMs);
    return parseRefusal(frame) ?? { kind: 'ok', value: parseStatus(frame) };
  }

  /** The next inbound message of this session; null when none came within `waitMs` (at most 60 000). `not_found`: the session has ended. */
  async nextItem(waitMs: number): Promise<Answered<ItemDelivery | null>> {
    const frame = await this.#ask({ type: 'next_item', wait_ms: waitMs }, waitMs);
    return answerOr(parseRefusal(frame), () => parseItem(frame));
  }

  /** Says that an item was dealt with; until then it is delivered again. */
  async itemDone(contentRef: string): Promise<Answered<null>> {
    return parseRefusal(await this.#ask({ type: 'item_done', content_ref: contentRef })) ?? { kind: 'ok', value: null };
  }

  /** The owner's next instruction in this session, delivered once; null when none came within `waitMs` (at most 60 000). */
  async nextInstruction(waitMs: number): Promise<Answered<InstructionDelivery | null>> {
    const frame = await this.#ask({ type: 'next_instruction', wait_ms: waitMs }, waitMs);
    return answerOr(parseRefusal(frame), () => parseInstruction(frame));
  }

  /** Keeps a task in Zone 1 (data up to 64 KiB, 100 tasks a session) and returns its id. */
  async taskPut(task: NewTask): Promise<Answered<TaskId>> {
    const frame = await this.#ask({ type: 'task_put', ...task });
    return parseRefusal(frame) ?? { kind: 'ok', value: parseTaskPut(frame) };
  }

  async taskList(): Promise<Answered<readonly StoredTask[]>> {
    const frame = await this.#ask({ type: 'task_list' });
    return parseRefusal(frame) ?? { kind: 'ok', value: parseTaskList(frame) };
  }

  async taskDelete(task: TaskId): Promise<Answered<null>> {
    return parseRefusal(await this.#ask({ type: 'task_delete', task })) ?? { kind: 'ok', value: null };
  }

  /** Ends the connection; every later call throws `connection_lost`. */
  async close(): Promise<void> {
    this.#closed = true;
    const connection = await this.#connection?.catch(() => undefined);
    connection?.close();
  }

  async #ask(message: object, waitMs = 0): Promise<Frame> {
    if (this.#closed) throw new HardshellError('connection_lost', 'the client is closed', { fate: 'refuse' });
    if (this.#used && 'fd' in this.#target && this.#connection === undefined)
      throw new HardshellError('connection_lost', 'the inherited connection has ended', { fate: 'refuse' });
    this.#connection ??= this.#connect();
    this.#used = true;
    const connection = await this.#connection;
    return await connection.request(message, waitMs + 30_000);
  }

  #connect(): Promise<RequestClient> {
    const forget = (): void => {
      if (this.#connection === opening) this.#connection = undefined;
    };
    const opening: Promise<RequestClient> = connectFrames({
      target: this.#target,
      retryMs: this.#retryMs,
      onClose: forget,
    });
    opening.catch(forget);
    return opening;
  }

  /** Undefined when the connection went: the question outlives it, so the caller asks again. */
  async #statusOrWeather(requestId: string, waitMs: number): Promise<ApprovalStatus | Refused | undefined> {
    try {
      const answer = await this.outcome(requestId, waitMs);
      return answer.kind === 'ok' ? answer.value : answer;
    } catch (error) {
      if (error instanceof HardshellError && error.fate === 'retry' && error.code === 'connection_lost')
        return undefined;
      throw error;
    }
  }
}

/** SHA-256 in hex over RFC 8785 `{action, params}`: what an approval and its token are bound to (`params_hash`). */
export function hashOfParams(action: string, params: Params): string {
  return createHash('sha256').update(canonicalJson({ action, params }), 'utf8').digest('hex');
}

function approvedOf(status: ApprovalStatus): Approved {
  // INVARIANT: an approval whose token was redeemed or has ended carries none; there is nothing left to execute.
  return status.token === undefined
    ? { kind: 'refused', error: 'token_used', message: 'this request was approved and its token is spent' }
    : { kind: 'approved', token: status.token };
}

function answerOr<T>(refusal: Refused | null, parse: () => T): Answered<T> {
  return refusal ?? { kind: 'ok', value: parse() };
}

function noRefusal(frame: Frame): Frame {
  const refusal = parseRefusal(frame);
  if (refusal === null) return frame;
  const code = WIRE_ERROR_CODES.find((each) => each === refusal.error) ?? 'unavailable';
  throw new HardshellError(code, `zone 1 refused: ${code}`, { fate: 'refuse' });
}

function shapeless(key: string): HardshellError {
  return new HardshellError('malformed', `zone 1 answered without \`${key}\``, { fate: 'retry' });
}
