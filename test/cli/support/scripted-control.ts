import { listenFrames, type FrameConnection, type Listener } from '../../../src/bridge/index.ts';
import {
  CONTROL_ANSWERS,
  CONTROL_REQUESTS,
  wireErrorSchema,
  type ControlAnswers,
  type ControlRequest,
} from '../../../src/contracts/index.ts';

type Handlers = {
  [T in ControlRequest['type']]?: (
    request: Extract<ControlRequest, { type: T }>,
  ) => ControlAnswers[T] | { type: 'error'; error: string; message: string };
};

/**
 * The executor's side of the control socket, by script. Strict both ways: a request that the contract refuses, one that
 * the script does not expect, or an answer that is not of the contract is kept as a problem and fails the test.
 */
export class ScriptedControl {
  readonly requests: ControlRequest[] = [];
  readonly problems: string[] = [];
  handlers: Handlers = {};
  #listener: Listener | undefined;

  static async listen(path: string): Promise<ScriptedControl> {
    const control = new ScriptedControl();
    control.#listener = await listenFrames({
      path,
      mode: 0o600,
      accept: (attach) => {
        const connection: FrameConnection = attach({
          onFrame: (frame) => connection.send(control.#answer(frame)),
          onClose: () => undefined,
        });
      },
    });
    return control;
  }

  /** Types of what was asked, in order. */
  get asked(): string[] {
    return this.requests.map((request) => request.type);
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  #answer(frame: Readonly<Record<string, unknown>>): object {
    const { id, ...body } = frame;
    const type = String(body['type']);
    if (!isRequest(type)) return this.#fail(id, `unknown request ${type}`);
    const parsed = CONTROL_REQUESTS[type].safeParse(body);
    if (!parsed.success) return this.#fail(id, `${type}: ${parsed.error.message}`);
    this.requests.push(parsed.data);
    const handler = this.handlers[type] as ((request: ControlRequest) => object) | undefined;
    if (handler === undefined) return this.#fail(id, `${type} was not expected`);
    const answer = handler(parsed.data);
    const fits = 'error' in answer ? wireErrorSchema.safeParse(answer) : CONTROL_ANSWERS[type].safeParse(answer);
    if (!fits.success) return this.#fail(id, `the script's answer to ${type}: ${fits.error.message}`);
    return { ...answer, id };
  }

  #fail(id: unknown, problem: string): object {
    this.problems.push(problem);
    return { type: 'error', error: 'malformed', message: 'the script did not expect this', id };
  }
}

function isRequest(type: string): type is ControlRequest['type'] {
  return Object.hasOwn(CONTROL_REQUESTS, type);
}
