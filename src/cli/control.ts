import { connectFrames, type RequestClient } from '../bridge/index.ts';
import {
  CONTROL_ANSWERS,
  HardshellError,
  wireErrorSchema,
  type ControlAnswers,
  type ControlRequest,
} from '../contracts/index.ts';
import { Failure } from './failure.ts';

export const NOT_RUNNING = 'hardshell is not running; start it with `hardshell up`';
const ANSWER_MS_MAX = 70_000;

type RequestOf<T extends ControlRequest['type']> = Extract<ControlRequest, { type: T }>;

/** The executor, asked over the control socket. Every answer is parsed; a refusal is thrown as a `Failure`. */
export interface Control {
  readonly ask: <T extends ControlRequest['type']>(request: RequestOf<T>) => Promise<ControlAnswers[T]>;
  /** As it came, for callers that parse themselves. Throws `connection_lost` when nothing runs. */
  readonly askRaw: (request: ControlRequest) => Promise<unknown>;
  readonly close: () => void;
}

/** Connects at the first question; `path` is the control socket of the instance. */
export function openControl(path: string): Control {
  let client: Promise<RequestClient> | undefined;
  const askRaw = async (request: ControlRequest): Promise<unknown> => {
    client ??= connectFrames({ target: { path } });
    return (await client).request(request, ANSWER_MS_MAX);
  };
  return {
    askRaw,
    ask: async (request) => parseAnswer(request.type, await orNotRunning(() => askRaw(request))),
    close: () => void client?.then((open) => open.destroy()).catch(() => undefined),
  };
}

async function orNotRunning(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof HardshellError && cause.code === 'connection_lost')
      throw new Failure(NOT_RUNNING, { code: 'not_running', cause });
    if (cause instanceof HardshellError && cause.code === 'timeout') {
      throw new Failure('hardshell does not answer; look at `hardshell status`, or stop it with `hardshell kill`', {
        code: 'timeout',
        cause,
      });
    }
    throw cause;
  }
}

function parseAnswer<T extends ControlRequest['type']>(type: T, frame: unknown): ControlAnswers[T] {
  const error = wireErrorSchema.safeParse(frame);
  if (error.success) throw new Failure(error.data.message, { code: error.data.error });
  const parsed = CONTROL_ANSWERS[type].safeParse(frame);
  if (parsed.success) return parsed.data as ControlAnswers[T];
  throw new Failure(
    'the running hardshell is of another version; restart it with `hardshell down` and `hardshell up`',
    {
      code: 'version',
      cause: parsed.error,
    },
  );
}
