import type { ControlAnswers } from '../../contracts/index.ts';
import { safeText } from '../../control/index.ts';
import { readArmed } from '../../state/index.ts';
import { NOT_RUNNING } from '../control.ts';
import { tell, type Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { paint, sayDuration } from '../output.ts';
import { TERMINAL_NOTE } from './approvals-list.ts';

type Status = ControlAnswers['status'];

/** `hardshell status`: 0 when everything runs and nothing stops outbound acts, else 1. */
export async function status(context: Context): Promise<number> {
  let answer: Status;
  try {
    answer = await context.control().ask({ type: 'status' });
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== 'not_running') throw thrown;
    return tellStopped(context);
  }
  const { type: _, ...facts } = answer;
  tell(context, { running: true, ...facts }, () => describe(answer, context));
  return answer.ready ? 0 : 1;
}

function tellStopped(context: Context): number {
  const { home } = context.paths();
  const armed = readArmed(home);
  const killed = armed.kind === 'killed' && armed.reason !== 'missing';
  const sentence = killed ? 'hardshell was stopped for good; `hardshell revive`, then `hardshell up`' : NOT_RUNNING;
  if (context.json) context.io.write(JSON.stringify({ running: false, ready: false, killed, home, message: sentence }));
  else context.io.error(`hardshell: ${sentence}`);
  return 1;
}

function describe(answer: Status, context: Context): string[] {
  const { io } = context;
  const head = answer.killed
    ? paint(io, 'red', 'Hardshell is STOPPED')
    : answer.ready
      ? paint(io, 'green', 'Hardshell is ready')
      : paint(io, 'yellow', 'Hardshell is up, and sends nothing');
  const row = (name: string, text: string): string => `  ${name.padEnd(11)}${text}`;
  const { inbox, approvals, zones, audit, mail } = answer;
  const age = sayDuration(Date.now() - answer.started_ms);
  return [
    `${head}  ${safeText(answer.version)}, ${answer.deployment}, up for ${age}`,
    row('isolation', `mode ${answer.mode}, ${zones.running} of ${zones.wanted} processes run${sayProof(answer)}`),
    row(
      'mail',
      `${safeText(mail.provider)} as ${safeText(mail.address)}: ${inbox.items} messages, ${inbox.unhandled} not taken up, ${inbox.warned} flagged`,
    ),
    row('', `in ${safeText(mail.inbox)}, out ${safeText(mail.outbox)}`),
    ...answer.connectors.map((connector, i) => row(i === 0 ? 'connectors' : '', describeConnector(connector, io))),
    row('agent', answer.planner === 'model' ? 'a model on this machine' : 'rules and your templates, no model'),
    row(
      'approvals',
      `${approvals.pending} wait for you, ${approvals.waiting} in the outbox; ${approvals.asked_today} of ${approvals.per_day} questions asked today`,
    ),
    row(
      'presence',
      answer.presence === 'terminal' ? paint(io, 'yellow', `terminal: ${TERMINAL_NOTE}`) : answer.presence,
    ),
    row(
      'log',
      `${audit.entries} entries, ${audit.outside_checkpoint ? 'a checkpoint is held outside' : 'no outside checkpoint (`hardshell audit-log checkpoint`)'}`,
    ),
    ...unconfirmed(answer).map((text) => row('', paint(io, 'red', text))),
    ...answer.warnings.map((text) => row('warning', paint(io, 'yellow', safeText(text)))),
    ...answer.unproven.map((text, i) => row(i === 0 ? 'unproven' : '', safeText(text))),
  ];
}

function describeConnector(
  { name, channels, inboxes, running }: Status['connectors'][number],
  io: Context['io'],
): string {
  const state = running ? 'runs' : paint(io, 'red', 'does not run');
  return `${safeText(name)} (${channels.join(', ')}) ${state}, takes from ${inboxes.map(safeText).join(' and ')}`;
}

function sayProof({ proof }: Status): string {
  return proof === null ? '' : `; ${proof.held} of ${proof.attempts} attempts to get out were held at this start`;
}

function unconfirmed({ confirmed }: Status): string[] {
  return (['policy', 'contacts', 'config'] as const)
    .filter((name) => !confirmed[name])
    .map((name) => `${name} was changed and is not confirmed: nothing is sent until \`hardshell ${name} confirm\``);
}
