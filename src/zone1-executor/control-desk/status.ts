import {
  CONNECTOR_NAMES,
  CONNECTORS,
  type ControlAnswers,
  type ControlRequest,
  type Decision,
  type DecisionRequest,
} from '../../contracts/index.ts';
import { sql } from '../../state/index.ts';
import { StepRefused, type ControlDesk, type ZoneListing } from './desk.ts';

type Request<T extends ControlRequest['type']> = Extract<ControlRequest, { type: T }>;

/** The whole instance in one answer. */
export async function status(desk: ControlDesk): Promise<ControlAnswers['status']> {
  const { facts, station, confirmed } = desk;
  const { zones, warnings, proof } = await desk.zones();
  const running = zones.filter((zone) => zone.running).length;
  const connectors = describeConnectors(zones);
  const idle = connectors.filter((connector) => !connector.running);
  const halted = desk.haltedChannels();
  const changed = confirmed.changed();
  const armed = station.armed();
  const unexecuted = count(desk, 'approvals_unexecuted');
  const unknown = count(desk, 'unknown');
  const told = [
    // First what keeps it from being ready: `doctor` says the first.
    ...(station.ledger.failure === undefined ? [] : [station.ledger.failure.message]),
    ...(changed === null ? [] : [changed]),
    ...warnings,
    ...idle.map(({ name }) => `connector-${name} does not run; see its log`),
    ...halted.map(
      (channel) =>
        `${channel} is no longer read: its readers tripped a wire; see the log, then \`hardshell down\` and \`up\``,
    ),
    ...(unexecuted === 0 ? [] : [`${unexecuted} approved and not executed; see \`hardshell approvals list\``]),
    ...(unknown === 0
      ? []
      : [`of ${unknown} acts it is not known whether they were done; see \`hardshell approvals list --all\``]),
  ];
  return {
    type: 'status',
    ready: armed && changed === null && station.ledger.failure === undefined && idle.length + halted.length === 0,
    version: facts.version,
    deployment: facts.deployment,
    mode: facts.mode,
    minimum_mode: facts.minimumMode,
    presence: desk.presence.required(),
    killed: !armed,
    epoch: facts.epoch,
    started_ms: facts.startedMs,
    mail: { ...facts.mail },
    connectors,
    planner: facts.planner,
    inbox: { items: count(desk, 'items'), unhandled: count(desk, 'unhandled'), warned: count(desk, 'warned') },
    approvals: {
      pending: count(desk, 'pending'),
      waiting: count(desk, 'waiting'),
      asked_today: count(desk, 'asked_today'),
      per_day: facts.questionsPerDay,
    },
    zones: { running, wanted: zones.length },
    proof: proof === null ? null : { ...proof },
    audit: { entries: desk.log.entries(), outside_checkpoint: false },
    confirmed: {
      policy: confirmed.stands('policy'),
      contacts: confirmed.stands('contacts'),
      config: confirmed.stands('config'),
    },
    unproven: [...facts.unproven],
    warnings: told,
  };
}

/** Every connector of the table with the folders that it takes from. */
function describeConnectors(zones: readonly ZoneListing[]): ControlAnswers['status']['connectors'] {
  return CONNECTOR_NAMES.map((name) => {
    const { channels, folder } = CONNECTORS[name];
    const inboxes = name === 'maildir' ? [`${folder}/in`] : channels.map((channel) => `${folder}/${channel}/in`);
    const running = zones.some((zone) => zone.name === `connector-${name}` && zone.running);
    return { name, channels: [...channels], inboxes, running };
  });
}

type Counted =
  'items' | 'unhandled' | 'warned' | 'pending' | 'waiting' | 'asked_today' | 'unknown' | 'approvals_unexecuted';

function count(desk: ControlDesk, what: Counted): number {
  const contents = sql.selectFrom('contents').select(({ fn }) => fn.countAll<number>().as('n'));
  const approvals = sql.selectFrom('approvals').select(({ fn }) => fn.countAll<number>().as('n'));
  const journal = sql.selectFrom('journal').select(({ fn }) => fn.countAll<number>().as('n'));
  const dayAgo = desk.station.clock.wallMs() - 86_400_000;
  const queries = {
    items: () => contents,
    unhandled: () => contents.where('handled', '=', 0),
    warned: () => contents.where('warned', '=', 1),
    pending: () => approvals.where('state', '=', 'pending'),
    waiting: () => journal.where('state', '=', 'intended'),
    asked_today: () => approvals.where('asked_ms', '>', dayAgo),
    unknown: () => journal.where('state', '=', 'unknown'),
    approvals_unexecuted: () =>
      approvals.where('state', '=', 'approved').where('unexecuted_told', '=', 1).where('asked_ms', '>', dayAgo),
  } as const;
  return desk.station.ledger.reader.get(queries[what]())?.n ?? 0;
}

export async function listZones(desk: ControlDesk): Promise<ControlAnswers['zones']> {
  const { zones } = await desk.zones();
  return { type: 'zones', zones: zones.map((zone) => ({ ...zone })) };
}

export async function makeCheckpoint(desk: ControlDesk): Promise<ControlAnswers['checkpoint']> {
  const made = await desk.log.checkpoint();
  return { type: 'checkpoint', ...made };
}

/** A recorded decision in words. */
export function explainRequest(
  desk: ControlDesk,
  request: Request<'policy_explain'>,
): ControlAnswers['policy_explain'] {
  const row = desk.station.ledger.reader.get(sql.selectFrom('requests').selectAll().where('rid', '=', request.request));
  if (row === undefined) throw new StepRefused({ error: 'not_found', message: 'no such request' });
  const decision = JSON.parse(row.decision) as Decision;
  const allowed = decision.kind === 'allow';
  return {
    type: 'policy_explain',
    request: row.rid,
    action: row.act,
    outcome: !allowed ? 'deny' : decision.obligations.approval === 'none' ? 'allow' : 'require_approval',
    words: [
      ...(allowed ? allowWords(decision) : [decision.reason]),
      `under the policy of now: ${desk.confirmed.policy().explain(JSON.parse(row.facts) as DecisionRequest)}`,
    ],
    rules: [...decision.rules],
  };
}

function allowWords(decision: Extract<Decision, { kind: 'allow' }>): string[] {
  const { approval, delayMs, rates } = decision.obligations;
  return [
    approval === 'none' ? 'allowed without a person' : `allowed with the approval of \`${approval}\``,
    ...(delayMs > 0 ? [`waits ${delayMs / 1_000} s in the outbox, in which a denial still wins`] : []),
    ...rates.map((rate) => `at most ${rate.count} ${rate.unit} in ${rate.windowMs / 60_000} minutes`),
    ...decision.red.map((mark) => `red: ${mark.kind.replaceAll('_', ' ')}`),
  ];
}

export function listRecords(desk: ControlDesk, request: Request<'policy_records'>): ControlAnswers['policy_records'] {
  const rows = desk.station.ledger.reader.all(
    sql
      .selectFrom('requests')
      .select(['rid', 'at_ms', 'facts', 'decision'])
      .orderBy('at_ms', 'desc')
      .limit(request.limit),
  );
  const records = rows.map((row) => ({
    request: row.rid,
    at_ms: row.at_ms,
    facts: JSON.parse(row.facts) as Record<string, unknown>,
    decision: JSON.parse(row.decision) as Record<string, unknown>,
  }));
  return { type: 'policy_records', records };
}
