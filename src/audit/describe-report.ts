import type { CheckpointReport, VerifyReport } from './verify.ts';
import type { ChainVerdict } from './verify-walk.ts';

/** The lines that `hardshell audit-log verify` prints: chain and checkpoint first, then what needs explaining. */
export function describeReport(report: VerifyReport): string[] {
  if (report.kind === 'missing') return [`Chain integrity: NOT VERIFIED (${report.message})`];
  const lines = [
    `Chain integrity: ${describeChain(report.chain)}`,
    `Checkpoint: ${describeCheckpoint(report.checkpoint)}`,
  ];
  if (report.chain.kind === 'broken') lines.push(`Entry ${report.chain.entry}: ${report.chain.reason}`);
  if (report.retired > 0) lines.push(`Entries 1 to ${report.retired}: lines removed by retention, leaf hashes kept`);
  for (const { log, chain, anchored } of report.others) {
    if (chain.kind === 'empty' && anchored === 0) {
      lines.push(`${log}: empty, nothing has been written to it yet`);
      continue;
    }
    const upTo = anchored > 0 ? `vouched for up to ${anchored}` : 'not vouched for yet';
    lines.push(`${log}: ${describeChain(chain)}, ${upTo}${chain.kind === 'broken' ? ` (${chain.reason})` : ''}`);
  }
  return lines;
}

function describeChain(chain: ChainVerdict): string {
  if (chain.kind === 'valid') return `VALID (${chain.entries} entries)`;
  return chain.kind === 'empty' ? 'NOT VERIFIED (the log is empty)' : `BROKEN at entry ${chain.entry}`;
}

const REFUSALS = {
  no_key: 'the key that signs checkpoints was not given',
  malformed: 'what was given is not a checkpoint of a Hardshell log',
  other_key: "the checkpoint given is signed by another key than this log's",
  forged: 'the signature of the checkpoint given is wrong',
} as const;

function describeCheckpoint(checkpoint: CheckpointReport): string {
  if (checkpoint.kind === 'verified') return `verified up to ${checkpoint.size}`;
  if (checkpoint.kind === 'none') return 'NOT VERIFIED (no outside checkpoint)';
  if (checkpoint.kind === 'refused') return `NOT VERIFIED (${REFUSALS[checkpoint.reason]})`;
  return `NOT VERIFIED (the log is not the one that was vouched for at ${checkpoint.size} entries)`;
}
