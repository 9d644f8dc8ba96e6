import { readFileSync, writeFileSync } from 'node:fs';
import {
  CompactRange,
  describeReport,
  makeCheckpoint,
  openCheckpointKey,
  openLeaves,
  parseVerifierKey,
  proveConsistency,
  rawPublicKey,
  verifierKey,
  verifyCheckpoint,
  verifyLog,
} from '../../audit/index.ts';
import type { OutsideHead } from '../../audit/index.ts';

/** Where a command prints. `progress` replaces one line of a terminal and is absent elsewhere. */
export interface CommandOutput {
  readonly write: (line: string) => void;
  readonly isTerminal: boolean;
  readonly progress?: (text: string) => void;
}

/** The audit folder of the instance and the key that signs its checkpoints. */
export interface AuditPlace {
  readonly auditDir: string;
  readonly keyPath: string;
}

export interface VerifyCommand extends AuditPlace {
  /** Files with checkpoints held elsewhere. */
  readonly checkpoint?: readonly string[];
  /** `SIZE:HEX` as an approval message carried it. */
  readonly root?: readonly string[];
  /** Verifier key, or a file with one; without it the key of this instance. */
  readonly key?: string;
  readonly requireCheckpoint?: boolean;
  readonly threads?: number;
  readonly json?: boolean;
}

/** `hardshell audit-log verify`. Exit code 0 when all is proven, 1 otherwise, 2 for wrong use. */
export async function auditLogVerify(options: VerifyCommand, output: CommandOutput): Promise<number> {
  const outside = readOutside(options);
  if (typeof outside === 'string') return refuse(outside, options, output);
  const publicKey = readKey(options);
  if (typeof publicKey === 'string') return refuse(publicKey, options, output);
  const report = await verifyLog(options.auditDir, {
    outside,
    ...(publicKey === null ? {} : { publicKey }),
    requireCheckpoint: options.requireCheckpoint ?? false,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    onProgress: (done, total) => {
      if (output.isTerminal) output.progress?.(`checking ${Math.floor((100 * done) / Math.max(total, 1))} %`);
    },
  });
  if (options.json === true) output.write(JSON.stringify(report));
  else for (const line of describeReport(report)) output.write(line);
  return report.exitCode;
}

export interface CheckpointCommand extends AuditPlace {
  /** File to write to; printed without it. */
  readonly out?: string;
  /** File with an older checkpoint: what is printed then proves that this log extends it. */
  readonly consistency?: string;
  readonly json?: boolean;
}

/**
 * `hardshell audit-log checkpoint`: verifies the whole log, then signs its head. With `consistency` the output is a
 * request a witness can check and cosign (`old SIZE`, the proof, an empty line, the checkpoint).
 */
export async function auditLogCheckpoint(options: CheckpointCommand, output: CommandOutput): Promise<number> {
  const key = openCheckpointKey(options.keyPath);
  const raw = rawPublicKey(key);
  const old =
    options.consistency === undefined ? null : verifyCheckpoint(readFileSync(options.consistency, 'utf8'), raw);
  if (old?.kind === 'bad') return refuse(`\`${options.consistency}\` is not a checkpoint of this log`, options, output);
  const before = old?.checkpoint ?? null;
  const outside: OutsideHead[] = before === null ? [] : [{ kind: 'root', size: before.size, root: before.root }];
  const report = await verifyLog(options.auditDir, { outside });
  if (report.exitCode !== 0) {
    for (const line of describeReport(report)) output.write(line);
    return 1;
  }
  const leaves = openLeaves(options.auditDir);
  const note = makeCheckpoint({ size: leaves.size, root: rootOf(leaves) }, key);
  const proof =
    before === null || before.size === 0
      ? []
      : proveConsistency(leaves.source, { from: before.size, size: leaves.size });
  const hashes = proof.map((hash) => `${hash.toString('base64')}\n`).join('');
  const text = before === null ? note : `old ${before.size}\n${hashes}\n${note}`;
  if (options.out !== undefined) writeFileSync(options.out, text, { mode: 0o600 });
  if (options.json === true) {
    output.write(
      JSON.stringify({ size: leaves.size, checkpoint: text, key: verifierKey(raw), out: options.out ?? null }),
    );
  } else if (options.out === undefined) {
    output.write(text.slice(0, -1));
  } else {
    output.write(
      `checkpoint of ${leaves.size} entries written to \`${options.out}\`; keep it where this machine cannot change it`,
    );
    output.write(`key: ${verifierKey(raw)}`);
  }
  return 0;
}

function rootOf(leaves: ReturnType<typeof openLeaves>): Buffer {
  const range = new CompactRange();
  for (const leaf of leaves.source(0, leaves.size)) range.append(leaf);
  return range.root();
}

/** The heads given, or a sentence about the one that is not one. */
function readOutside(options: VerifyCommand): OutsideHead[] | string {
  const heads: OutsideHead[] = [];
  for (const path of options.checkpoint ?? []) {
    try {
      heads.push({ kind: 'checkpoint', note: readFileSync(path, 'utf8') });
    } catch {
      return `the checkpoint \`${path}\` cannot be read; check the path`;
    }
  }
  for (const text of options.root ?? []) {
    const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
    if (match === null) return `\`${text}\` is not SIZE:ROOT with 64 hex digits, as an approval message shows it`;
    heads.push({ kind: 'root', size: Number(match[1]), root: Buffer.from(match[2] ?? '', 'hex') });
  }
  return heads;
}

/** The raw key checkpoints have to be from; null when there is none and none is needed. */
function readKey({ key, keyPath, checkpoint }: VerifyCommand): Buffer | string | null {
  if (key !== undefined) {
    const direct = parseVerifierKey(key);
    if (direct !== null) return direct;
    try {
      return parseVerifierKey(readFileSync(key, 'utf8')) ?? `\`${key}\` does not hold a verifier key`;
    } catch {
      return `\`${key}\` is neither a verifier key nor a file with one`;
    }
  }
  if (checkpoint === undefined || checkpoint.length === 0) return null;
  try {
    return rawPublicKey(openCheckpointKey(keyPath));
  } catch {
    return `the key of this instance cannot be read at \`${keyPath}\`; give it with --key`;
  }
}

/** Wrong use, said in the form that was asked for. */
export function refuse(message: string, { json }: { readonly json?: boolean }, output: CommandOutput): 2 {
  output.write(json === true ? JSON.stringify({ ok: false, error: 'wrong_use', message }) : message);
  return 2;
}
