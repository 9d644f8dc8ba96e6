import type { Writable } from 'node:stream';
import { HtmlReport, keptBytes } from './html-report.ts';
import { isAtLeast, rowToJson, type Row, type Threshold } from './row.ts';
import type { PassedOver, Problem } from './sources/walk.ts';
import type { Summary } from './summary.ts';
import { describePassed, describeRow, describeSummary, number, type TableStyle } from './table.ts';

export type OutputFormat =
  | { readonly kind: 'table'; readonly all: boolean }
  | { readonly kind: 'json' }
  | { readonly kind: 'html'; readonly path: string };

export interface OutputOptions {
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly threshold: Threshold;
  readonly top: number;
}

const LINES_CHARS_MAX = 65_536;
const LINES_MS_MAX = 100;

/** Where the results of a scan go. What standard output does not take holds the scan back. */
export class ScanOutput {
  readonly #format: OutputFormat;
  readonly #options: OutputOptions;
  readonly #style: TableStyle;
  #html: HtmlReport | undefined;
  #gone = false;
  #lines = '';
  #linesTimer: NodeJS.Timeout | undefined;

  constructor(
    format: OutputFormat,
    options: OutputOptions,
    earlier: { readonly outputBytes: number; readonly summary: Summary } | null,
  ) {
    this.#format = format;
    this.#options = options;
    const { isTTY, columns } = options.stdout;
    this.#style = {
      folder: process.cwd(),
      columns: Math.min(160, Math.max(40, columns ?? 100)),
      color: isTTY === true && process.env['NO_COLOR'] === undefined,
    };
    if (format.kind === 'html') {
      const rows = earlier === null ? 0 : rowsOf(earlier.summary);
      this.#html = new HtmlReport(format.path, { bytes: earlier?.outputBytes ?? 0, rows });
    }
    // The reader of a pipe that ends early (`| head`) has seen enough.
    options.stdout.on('error', () => (this.#gone = true));
  }

  async row(row: Row): Promise<void> {
    if (this.#format.kind === 'json') await this.#line(rowToJson(row));
    if (this.#format.kind === 'table' && this.#format.all) await this.#line(describeRow(row, this.#style).join('\n'));
    this.#html?.add(row);
  }

  problem(problem: Problem): void {
    if (this.#format.kind === 'json')
      void this.#line(JSON.stringify({ type: 'problem', path: problem.path, message: problem.sentence }));
  }

  /** Everything so far is written; bytes of the file. */
  flush(): number {
    void this.#writeLines();
    return this.#html?.flush() ?? 0;
  }

  restart(): void {
    if (this.#format.kind !== 'html') return;
    this.#html?.close();
    this.#html = new HtmlReport(this.#format.path);
  }

  close(): void {
    void this.#writeLines();
    this.#html?.close();
  }

  async finish(summary: Summary, elapsedMs: number, passed: PassedOver): Promise<void> {
    const { threshold } = this.#options;
    await this.#writeLines();
    if (this.#format.kind === 'json') {
      const { worst: _worst, ...counts } = summary;
      await this.#write(
        `${JSON.stringify({ type: 'summary', ...counts, passed_over: passed, elapsed_ms: Math.round(elapsedMs) })}\n`,
      );
      return;
    }
    await this.#html?.finish(summary, { threshold, elapsedMs });
    if (this.#format.kind === 'table' && !this.#format.all) await this.#writeWorst(summary);
    await this.#write(`${describeSummary(summary, { ...this.#style, threshold, elapsedMs }).join('\n')}\n`);
    const over = describePassed(passed);
    if (over !== null) await this.#write(`${over}\n`);
    if (this.#format.kind === 'html') await this.#write(`The report is in \`${this.#format.path}\`.\n`);
  }

  async #writeWorst(summary: Summary): Promise<void> {
    const shown = summary.worst.slice(0, this.#options.top);
    for (const row of shown) await this.#write(`${describeRow(row, this.#style).join('\n')}\n\n`);
    const all = LEVELS_SHOWN.filter((level) => isAtLeast(level, this.#options.threshold)).reduce(
      (sum, level) => sum + summary.levels[level],
      0,
    );
    if (all > shown.length)
      await this.#write(
        `… and ${number(all - shown.length)} more at ${this.#options.threshold} or above; --top N, --all or --html FILE shows them\n\n`,
      );
  }

  /** Lines go out together: a system call for each would cost a third of what finding them costs us. */
  async #line(text: string): Promise<void> {
    this.#lines += `${text}\n`;
    if (this.#lines.length >= LINES_CHARS_MAX) return this.#writeLines();
    this.#linesTimer ??= setTimeout(() => void this.#writeLines(), LINES_MS_MAX);
  }

  async #writeLines(): Promise<void> {
    clearTimeout(this.#linesTimer);
    this.#linesTimer = undefined;
    const text = this.#lines;
    this.#lines = '';
    if (text !== '') await this.#write(text);
  }

  async #write(text: string): Promise<void> {
    const { stdout } = this.#options;
    if (this.#gone || stdout.write(text)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stdout.off('drain', done);
        stdout.off('close', done);
        stdout.off('error', done);
        resolve();
      };
      for (const event of ['drain', 'close', 'error']) stdout.on(event, done);
    });
  }
}

/** True when what an interrupted run wrote is still there. */
export function canGoOn(format: OutputFormat, outputBytes: number): boolean {
  return format.kind !== 'html' || outputBytes === 0 || keptBytes(format.path) >= outputBytes;
}

const LEVELS_SHOWN = ['low', 'medium', 'high'] as const;

/** Rows that an HTML report of these counts holds. */
function rowsOf(summary: Summary): number {
  return LEVELS_SHOWN.reduce((sum, level) => sum + summary.levels[level], 0);
}
