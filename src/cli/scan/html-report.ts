import {
  closeSync,
  createReadStream,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { escapeHtml, pageEnd, pageHead, pageTools } from './html-page.ts';
import { isAtLeast, LEVELS, type Row, type Threshold } from './row.ts';
import type { Summary } from './summary.ts';
import { describeSummary, number } from './table.ts';
import { safeText } from './terminal-text.ts';

const ROWS_PER_PAGE = 500;
const FLUSH_CHARS = 262_144;

/**
 * The `--html` page. Rows go to a file beside it while the scan runs, so that memory stays flat and an interrupted scan
 * can go on; the page is put together at the end and appears as a whole. Only messages with findings get a row.
 */
export class HtmlReport {
  readonly #path: string;
  readonly #parts: string;
  readonly #file: number;
  #pending = '';
  #bytes: number;
  #rows: number;

  /** `from`: bytes and rows of an interrupted run to keep. */
  constructor(path: string, from: { readonly bytes: number; readonly rows: number } = { bytes: 0, rows: 0 }) {
    this.#path = path;
    this.#parts = `${path}.part`;
    this.#file = openSync(this.#parts, from.bytes > 0 ? 'r+' : 'w', 0o600);
    ftruncateSync(this.#file, from.bytes);
    this.#bytes = from.bytes;
    this.#rows = from.rows;
  }

  add(row: Row): void {
    if (!isAtLeast(row.level, 'low')) return;
    if (this.#rows % ROWS_PER_PAGE === 0)
      this.#pending += `${this.#rows === 0 ? '' : TABLE_END}${tableBegin(this.#rows)}`;
    this.#pending += renderRow(row, this.#rows);
    this.#rows += 1;
    if (this.#pending.length >= FLUSH_CHARS) this.flush();
  }

  /** Bytes that are in the file now. */
  flush(): number {
    const bytes = Buffer.from(this.#pending, 'utf8');
    this.#pending = '';
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at, bytes.length - at, this.#bytes + at);
    this.#bytes += bytes.length;
    return this.#bytes;
  }

  /** Writes the page in place of whatever stood at its path. */
  async finish(summary: Summary, about: { readonly threshold: Threshold; readonly elapsedMs: number }): Promise<void> {
    this.flush();
    closeSync(this.#file);
    const staging = `${this.#path}.new`;
    const out = openSync(staging, 'w', 0o600);
    try {
      const write = (text: string | Buffer): void => {
        const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
        for (let at = 0; at < bytes.length;) at += writeSync(out, bytes, at);
      };
      write(pageHead('Hardshell scan'));
      write(renderSummary(summary, about));
      if (this.#rows > 0) write(pageTools());
      for await (const chunk of createReadStream(this.#parts)) write(chunk as Buffer);
      if (this.#rows > 0) write(TABLE_END);
      write(pageEnd());
      fsyncSync(out);
    } finally {
      closeSync(out);
    }
    renameSync(staging, this.#path);
    rmSync(this.#parts, { force: true });
  }

  /** Leaves the rows for the next run. */
  close(): void {
    this.flush();
    closeSync(this.#file);
  }
}

/** Bytes that an interrupted run left for the page at `path`. */
export function keptBytes(path: string): number {
  return statSync(`${path}.part`, { throwIfNoEntry: false })?.size ?? 0;
}

const TABLE_END = '</tbody></table></details>\n';

function tableBegin(rows: number): string {
  const open = rows === 0 ? ' open' : '';
  return `<details${open}><summary>Messages with findings from ${number(rows + 1)} on</summary><table><thead><tr>
<th class="l"><button data-k="l">level</button></th><th class="c">channel</th><th class="p"><button data-k="n">where</button></th><th class="w"><button data-k="w">from</button></th><th>subject and findings</th></tr></thead><tbody class="rows">
`;
}

/** INVARIANT: everything that comes from a message or a path passes `drawn`. */
function renderRow(row: Row, index: number): string {
  const place = row.number === null ? row.source : `${row.source} #${row.number}`;
  const findings = row.findings
    .filter((finding) => finding.severity !== 'info')
    .map(
      (finding) =>
        `<li><span class="${finding.severity}">${finding.severity}</span> ${drawn(finding.rule)}: ${drawn(finding.why)}</li>`,
    );
  const body =
    row.failed === null
      ? `${drawn(row.subject || (row.channel === 'email' ? '(no subject)' : ''))}<ul>${findings.join('')}</ul>`
      : `not read: ${row.failed.replaceAll('_', ' ')}`;
  return `<tr data-l="${LEVELS.indexOf(row.level)}" data-n="${index}"><td class="${row.level}">${row.level}</td><td>${row.channel}</td><td>${drawn(place)}</td><td>${drawn(row.from || '(nobody)')}</td><td>${body}</td></tr>\n`;
}

function renderSummary(summary: Summary, about: { readonly threshold: Threshold; readonly elapsedMs: number }): string {
  const lines = describeSummary(summary, { ...about, columns: 100, color: false });
  return `<h1>Hardshell scan</h1><pre>${lines.map(escapeHtml).join('\n')}</pre>\n`;
}

function drawn(text: string): string {
  return escapeHtml(safeText(text));
}
