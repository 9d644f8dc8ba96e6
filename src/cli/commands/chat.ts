import { LIMITS } from '../../contracts/index.ts';
import { escapeLines, frame, styled, toTerminal, type RenderedLine } from '../../control/index.ts';
import type { ControlAnswers } from '../../contracts/index.ts';
import { tell, type Context } from '../context.ts';
import { Failure, toFailure, wrongUse } from '../failure.ts';
import { provePresence, type PresenceOptions } from '../presence.ts';
import { shortId } from './approvals-list.ts';
import { findItem } from './inbox.ts';

export interface ChatOptions {
  /** Without text: a conversation at the terminal. */
  readonly text?: string | undefined;
  /** Addresses the owner names: the only text of an instruction that names a destination. */
  readonly to: readonly string[];
  readonly item?: string | undefined;
  readonly waitMs: number;
  readonly passphraseFd?: number | undefined;
}

const SAY_WHAT = 'say what the agent shall do, such as `hardshell chat "search invoice"`';

type Status = ControlAnswers['instruct_status'];

/** `hardshell chat`: gives the agent an instruction, waits for what comes of it, and says what to do next. */
export async function chat(options: ChatOptions, context: Context): Promise<number> {
  if (options.text?.trim() === '') throw wrongUse(SAY_WHAT);
  if (options.text !== undefined) return say({ ...options, text: options.text, talk: null }, context);
  if (!context.prompt.interactive) throw wrongUse(SAY_WHAT);
  context.io.error('say what the agent shall do; an empty line or Ctrl-D ends it');
  const talk: Talk = { sitting: {}, told: new Set() };
  for (;;) {
    const text = (await context.prompt.line('you> '))?.trim() ?? '';
    if (text === '') return 0;
    try {
      await say({ ...options, text, talk }, context);
    } catch (thrown) {
      const failure = toFailure(thrown);
      context.io.error(failure.message);
      if (failure.code === 'not_running') return failure.exitCode;
    }
  }
}

/** What one conversation remembers between two instructions. */
interface Talk {
  readonly sitting: NonNullable<PresenceOptions['sitting']>;
  /** Questions that were told already. */
  readonly told: Set<string>;
}

async function say(
  options: ChatOptions & { readonly text: string; readonly talk: Talk | null },
  context: Context,
): Promise<number> {
  const { talk } = options;
  if (options.text.length > LIMITS.instructionCharsMax.value)
    throw wrongUse(`an instruction has at most ${LIMITS.instructionCharsMax.value} characters`);
  const item = options.item === undefined ? undefined : (await findItem(options.item, context)).item;
  const request = {
    type: 'instruct',
    text: options.text,
    ...(options.to.length === 0 ? {} : { to: [...options.to] }),
    ...(item === undefined ? {} : { item }),
    ...(talk !== null ? { standing: true } : {}),
  } as const;
  const presence = await provePresence(context, request, {
    yes: false,
    passphraseFd: options.passphraseFd,
    question: null,
    sitting: talk?.sitting,
  });
  if (presence === null) throw new Failure('nothing was said to the agent');
  const { session } = await context.control().ask({ ...request, presence });
  const status = await waitForAnswer(session, options.waitMs, context);
  tell(context, { session, state: status.state, answer: status.answer, approvals: status.approvals }, () =>
    describe(status, { asked: options.text, told: talk?.told ?? null }, context),
  );
  return status.state === 'failed' ? 1 : 0;
}

async function waitForAnswer(session: string, waitMs: number, context: Context): Promise<Status> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    context.io.progress('the agent is at it…');
    const left = Math.max(0, Math.min(20_000, Math.floor(deadline - performance.now())));
    const status = await context.control().ask({ type: 'instruct_status', session, wait_ms: left });
    if (status.state !== 'working' || left === 0 || context.signal.aborted) {
      context.io.progress('');
      return status;
    }
  }
}

const HINTS: readonly (readonly [reference: RegExp, hint: string])[] = [
  [
    /\bc_[a-z2-7]{26}\b/,
    'a reference `c_…` holds only within this one talk, which has ended; take an id of `hardshell inbox list`, as in `hardshell chat \'reply text "…"\' --item k_…`, or say it in a conversation: `hardshell chat`',
  ],
  [
    /\bd_[a-z2-7]{26}\b/,
    'a draft `d_…` can be sent only within the talk that made it, and this one has ended; draft and send in one conversation: `hardshell chat`',
  ],
  [/\bt_[a-z2-7]{26}\b/, 'see, and delete, all that is scheduled: hardshell tasks list'],
];

/** What to do with the references in a talk that has ended; in a conversation they still hold. */
function hintsFor(words: string): string[] {
  return HINTS.filter(([reference]) => reference.test(words)).map(([, hint]) => hint);
}

function describe(
  status: Status,
  { asked, told }: { readonly asked: string; readonly told: Set<string> | null },
  context: Context,
): string[] {
  const lines: RenderedLine[] = [];
  if (status.answer !== null) {
    lines.push(
      frame(styled('label', 'The agent says')),
      ...escapeLines(status.answer).map((segments): RenderedLine => ({ kind: 'data', tag: 'says', segments })),
    );
  }
  const drawn =
    lines.length === 0
      ? []
      : [toTerminal({ lines }, { colour: context.io.colour, width: context.io.columns }).trimEnd()];
  const news = status.approvals.filter((id) => told?.has(id) !== true);
  for (const id of news) told?.add(id);
  const waiting = [
    ...news.map((id) => `it wants to send something: hardshell approvals show ${shortId(id)}`),
    ...(told === null ? hintsFor(`${asked}\n${status.answer ?? ''}`) : []),
  ];
  switch (status.state) {
    case 'working':
      return [
        ...drawn,
        ...waiting,
        'the agent is still at it; what it wants to send will stand in `hardshell approvals list`',
      ];
    case 'failed':
      return [...drawn, ...waiting, 'the agent gave up; try other words, or look at `hardshell status`'];
    case 'answered':
    case 'waiting':
      return [...drawn, ...waiting];
    default:
      return status.state satisfies never;
  }
}
