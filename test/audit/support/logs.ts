import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Chain, createLog, EMPTY, openLog, verifyLog } from '../../../src/audit/index.ts';
import type {
  AuditLog,
  LogOptions,
  OpenedLog,
  OpenOptions,
  OutboxRow,
  Place,
  VerifyReport,
} from '../../../src/audit/index.ts';
import type { AuditEvent } from '../../../src/contracts/index.ts';

/** A folder that is gone when the test is over. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hardshell-audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function sampleEvent(n: number): AuditEvent {
  if (n % 3 === 0) return { event: 'armed', zone: 'control', details: { epoch: n } };
  const subject = n.toString(16).padStart(32, '0');
  if (n % 3 === 1) {
    return { event: 'item_received', zone: 'connector', subject, details: { channel: 'email', bytes: n * 17 } };
  }
  return {
    event: 'outcome',
    zone: 'zone1-executor',
    action: 'send_email',
    session: subject,
    subject,
    details: { outcome: 'succeeded', reason: 'ok' },
  };
}

export function makeChain(head: Place = EMPTY): Chain {
  let now = 1_790_000_000_000;
  return new Chain({ head, mode: 'U', wallMs: () => (now += 7) });
}

/** The next `count` lines of a chain as outbox rows. */
export function nextRows(chain: Chain, count: number): OutboxRow[] {
  return Array.from({ length: count }, () => {
    const seq = chain.head().seq + 1;
    return { line: chain.next(sampleEvent(seq)), seq };
  });
}

export interface WrittenLog {
  readonly dir: string;
  readonly path: string;
  readonly chain: Chain;
  readonly lines: readonly string[];
}

/** A closed log of `count` entries in a folder of its own. */
export async function writeLog(count: number, options: LogOptions = {}): Promise<WrittenLog> {
  const dir = join(makeFolder(), 'audit');
  const log = await createLog(dir, options);
  const chain = makeChain();
  const lines = await appendEach(log, chain, count);
  await log.close();
  return { dir, path: join(dir, 'audit.jsonl'), chain, lines };
}

export async function appendEach(log: AuditLog, chain: Chain, count: number): Promise<string[]> {
  const lines = nextRows(chain, count).map((row) => row.line);
  for (const line of lines) await log.append([line]);
  return lines;
}

/** Opens a log that is let go when the test is over. */
export async function openForTest(dir: string, options: OpenOptions): Promise<OpenedLog> {
  const opened = await openLog(dir, options);
  if (opened.kind === 'ok') onTestFinished(() => opened.log.close().catch(() => undefined));
  return opened;
}

/** Changes a file's bytes. */
export function edit(path: string, change: (bytes: Buffer) => Uint8Array | string): void {
  writeFileSync(path, change(readFileSync(path)));
}

export async function verdictOf(dir: string): Promise<string> {
  const report: VerifyReport = await verifyLog(dir);
  if (report.kind === 'missing') return 'missing';
  const { chain } = report;
  if (chain.kind === 'broken') return `broken at ${chain.entry}`;
  return chain.kind === 'valid' ? `valid ${chain.entries}` : 'empty';
}
