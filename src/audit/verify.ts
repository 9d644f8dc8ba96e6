import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { verifyCheckpoint } from './checkpoint.ts';
import { GENESIS, MAIN_LOG } from './format.ts';
import { stemOf } from './segments.ts';
import { verifyFile } from './verify-file.ts';
import type { Note } from './verify-range.ts';
import type { ChainVerdict, FileVerdict } from './verify-walk.ts';

/** What somebody else holds: a signed checkpoint, or the size and root an approval message carried. */
export type OutsideHead =
  | { readonly kind: 'checkpoint'; readonly note: string }
  | { readonly kind: 'root'; readonly size: number; readonly root: Uint8Array };

export interface VerifyOptions {
  /** Heads held outside this machine's reach. */
  readonly outside?: readonly OutsideHead[];
  /** Raw Ed25519 key that signed checkpoints have to be from. */
  readonly publicKey?: Uint8Array;
  readonly requireCheckpoint?: boolean;
  readonly threads?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export type CheckpointReport =
  | { readonly kind: 'verified'; readonly size: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly reason: 'no_key' | 'malformed' | 'other_key' | 'forged' }
  | { readonly kind: 'contradicted'; readonly size: number };

/** A log of another process, in the same folder. */
export interface OtherReport {
  readonly log: string;
  readonly chain: ChainVerdict;
  /** Up to which of its entries the main log vouches for it. */
  readonly anchored: number;
}

export type VerifyReport =
  | { readonly kind: 'missing'; readonly message: string; readonly exitCode: 1 }
  | {
      readonly kind: 'checked';
      readonly chain: ChainVerdict;
      readonly checkpoint: CheckpointReport;
      /** Entries whose lines retention removed. */
      readonly retired: number;
      readonly others: readonly OtherReport[];
      readonly exitCode: 0 | 1;
    };

/**
 * Verifies everything in an audit folder from raw bytes, in constant memory, and changes nothing.
 * Exit code 1: missing, empty, broken, a checkpoint refused or contradicted, or none though one is required.
 */
export async function verifyLog(dir: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const path = join(dir, MAIN_LOG);
  const files = existsSync(dir) ? readdirSync(dir) : [];
  if (!files.some((file) => /^audit\.(?:jsonl|\d+\.jsonl|\d+\.leaves)$/.test(file))) {
    const message = `there is no audit log at \`${path}\`: it was deleted, or this is not the folder of an instance`;
    return { kind: 'missing', message, exitCode: 1 };
  }
  const heads = readHeads(options);
  const main = await verifyFile(dir, MAIN_LOG, {
    sizes: heads.known.map((head) => head.size).toSorted((a, b) => a - b),
    marks: [],
    threads: options.threads ?? availableParallelism(),
    onProgress: options.onProgress,
  });
  const { chain, checkpoint } = compareHeads(main, heads);
  const others = await verifyOthers(dir, main.notes, files);
  const fine =
    chain.kind === 'valid' &&
    (checkpoint.kind === 'verified' || (checkpoint.kind === 'none' && options.requireCheckpoint !== true)) &&
    others.every((other) => other.chain.kind !== 'broken');
  return { kind: 'checked', chain, checkpoint, retired: main.retired, others, exitCode: fine ? 0 : 1 };
}

interface Heads {
  readonly known: readonly { readonly size: number; readonly root: Uint8Array }[];
  readonly refused: CheckpointReport | null;
}

function readHeads(options: VerifyOptions): Heads {
  const known: { size: number; root: Uint8Array }[] = [];
  let refused: CheckpointReport | null = null;
  for (const head of options.outside ?? []) {
    if (head.kind === 'root') {
      known.push({ size: head.size, root: head.root });
    } else if (options.publicKey === undefined) {
      refused ??= { kind: 'refused', reason: 'no_key' };
    } else {
      const verdict = verifyCheckpoint(head.note, options.publicKey);
      if (verdict.kind === 'ok') known.push(verdict.checkpoint);
      else refused ??= { kind: 'refused', reason: verdict.reason };
    }
  }
  return { known, refused };
}

/** A log that is whole in itself but not the one that was vouched for has been rewritten or cut: that is broken too. */
function compareHeads(main: FileVerdict, heads: Heads): { chain: ChainVerdict; checkpoint: CheckpointReport } {
  const { chain } = main;
  let good = 0;
  for (const { size, root } of heads.known.toSorted((a, b) => a.size - b.size)) {
    const found = main.roots.get(size);
    if (found?.equals(root) === true) {
      good = size;
      continue;
    }
    const checkpoint: CheckpointReport = { kind: 'contradicted', size };
    if (chain.kind === 'broken') return { chain, checkpoint };
    const cut = size > main.place.seq;
    const entry = cut ? main.place.seq + 1 : good + 1;
    const reason = cut
      ? `the log ends before it, though ${size} entries were vouched for`
      : `entries ${good + 1} to ${size} are not those that were vouched for`;
    return { chain: { kind: 'broken', entry, reason }, checkpoint };
  }
  if (heads.refused !== null) return { chain, checkpoint: heads.refused };
  return { chain, checkpoint: heads.known.length > 0 ? { kind: 'verified', size: good } : { kind: 'none' } };
}

async function verifyOthers(dir: string, notes: readonly Note[], files: readonly string[]): Promise<OtherReport[]> {
  const anchors = notes.filter((note) => note.kind === 'anchor');
  const found = files.filter((file) => /^[a-z][a-z-]{0,30}\.jsonl$/.test(file) && file !== MAIN_LOG).map(stemOf);
  const logs = [...new Set([...found, ...anchors.map((anchor) => anchor.log)])].toSorted();
  const reports: OtherReport[] = [];
  for (const log of logs) {
    const own = anchors.filter((anchor) => anchor.log === log);
    const marks = own.map((anchor) => anchor.seq);
    const { chain, hashes } = await verifyFile(dir, `${log}.jsonl`, { sizes: [], marks, threads: 1 });
    const wrong = own.find((anchor) => (hashes.get(anchor.seq) ?? (anchor.seq === 0 ? GENESIS : '')) !== anchor.hash);
    const anchored = own.reduce((most, anchor) => Math.max(most, anchor.seq), 0);
    const reason = 'it is not, or no longer, the entry that the main log vouched for';
    const verdict: ChainVerdict =
      wrong === undefined || chain.kind === 'broken' ? chain : { kind: 'broken', entry: wrong.seq, reason };
    reports.push({ log, chain: verdict, anchored });
  }
  return reports;
}
