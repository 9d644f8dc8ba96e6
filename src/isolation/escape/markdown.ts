import { ISOLATION_MODES } from '../../contracts/index.ts';
import type { Attempt } from './attempt.ts';
import { ESCAPE_LIST } from './list.ts';
import { claimTable } from './modes.ts';
import type { AttemptProof, WallProof } from './run-list.ts';

/** A column of the executed table. `proof` undefined: that driver was not run. */
export interface ExecutedColumn {
  readonly title: string;
  readonly proof: WallProof | undefined;
}

/** The executed table: each attempt outside, and behind each wall. Only what was run stands in it. */
export function executedMarkdown(columns: readonly ExecutedColumn[]): string {
  const head = ['#', 'attempt', 'a zone …', 'outside', ...columns.map(({ title }) => title)];
  const rows = ESCAPE_LIST.map((attempt) => {
    const proofs = columns.map(({ proof }) => proof?.attempts.find((one) => one.attempt.id === attempt.id));
    const outside = proofs.find((proof) => proof !== undefined);
    return [...named(attempt), tellTwin(outside), ...proofs.map(tell)];
  });
  return table(head, rows);
}

/** What each mode claims to hold, for a zone of ours without a network. Modes are told apart only where they differ. */
export function claimsMarkdown(): string {
  const rows = claimTable().flatMap(({ attempt, builtin, agent }) => {
    const cells = ISOLATION_MODES.map((mode) => (builtin[mode].kind === 'claimed' ? 'held' : reasonOf(builtin[mode])));
    const forAgent = agent.F.kind === 'claimed' ? 'as F' : reasonOf(agent.F);
    return cells.every((cell) => cell === 'held') && forAgent === 'as F' ? [] : [[attempt.id, ...cells, forAgent]];
  });
  return table(['attempt', ...ISOLATION_MODES, 'agent'], rows);
}

function reasonOf(claim: { readonly kind: string; readonly reason?: string }): string {
  return claim.kind === 'on_purpose' ? `may: ${claim.reason ?? ''}` : `**not held**: ${claim.reason ?? ''}`;
}

function named({ rows, id, title }: Attempt): string[] {
  return [(rows ?? []).join(', '), `\`${id}\``, title];
}

function tellTwin(proof: AttemptProof | undefined): string {
  if (proof === undefined) return 'not run';
  const { kind, raw } = proof.twin;
  return kind === 'seen' ? `seen: ${withoutNumbers(raw)}` : `not here (${withoutNumbers(raw)})`;
}

function tell(proof: AttemptProof | undefined): string {
  if (proof === undefined) return 'not run';
  const { reading, claim } = proof;
  switch (reading.kind) {
    case 'held':
      return reading.raw === 'the zone was ended' ? '**zone ended**' : withoutNumbers(reading.raw);
    case 'open':
      return claim.kind === 'on_purpose' ? 'may' : '**OPEN**';
    case 'cannot_tell':
      return '**cannot tell**';
    case 'not_run':
      return 'not run';
    default:
      return reading satisfies never;
  }
}

/** Descriptors and pids differ from run to run, and say nothing. */
function withoutNumbers(raw: string): string {
  return raw
    .replace(/^answered \d+$/, 'works')
    .replace(/^(\d+) (processes|interfaces)/, '$2')
    .replace(/^descriptors [\d ]+$/, 'descriptors')
    .replace(/^(\w+) after 0$/, '$1')
    .replace(/^(\w+) after \d+$/, '$1 at its limit');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
