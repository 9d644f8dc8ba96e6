import { CAPS } from './caps.ts';
import type { Findings } from './findings.ts';
import { excerpt } from './findings.ts';
import type { HiddenRuns } from './hidden-runs.ts';
import type { HtmlMark } from './html/to-text.ts';
import { htmlToText } from './html/to-text.ts';
import { noteInvisible } from './invisible-report.ts';
import { linkMask } from './links/inspect-link.ts';
import type { RawLink } from './links/raw-link.ts';
import { decodeCharset } from './mime/charset.ts';
import type { Shown } from './mime/displayed.ts';
import { fieldValue } from './mime/headers.ts';
import type { Part } from './mime/tree.ts';
import { decodeBody } from './mime/tree.ts';
import { decodeWords } from './mime/words.ts';
import { compareAlternatives } from './text/compare.ts';
import { cleanLine, cleanText } from './text/clean.ts';
import { uncoverPlain, unflow } from './text/plain.ts';

export interface BodyText {
  /** Clean visible text of all shown parts, uncut. */
  readonly text: string;
  readonly links: readonly RawLink[];
  readonly contentType: string;
  readonly cut: boolean;
}

interface Budget {
  textBytes: number;
  html: number;
}

const MARK_FINDINGS: Readonly<Record<HtmlMark, readonly [string, 'info' | 'low' | 'medium', string] | null>> = {
  form: ['html_form', 'low', 'the page holds a form'],
  script: ['html_script', 'low', 'scripts were taken out'],
  bidi_markup: ['bidi_markup', 'medium', 'markup turns the reading order: what is seen may read otherwise'],
  meta_refresh: ['html_refresh', 'medium', 'the page would go on to another by itself'],
  frame: ['html_frame', 'low', 'the page holds a frame, which was not read'],
  picture_text: ['text_on_picture', 'info', 'text lies on a picture: whether it can be seen is not known'],
  image: null,
  base: ['html_base', 'low', 'the page changes what its links are relative to'],
};

/** Text of everything that a mail program would show, in order. */
export function readBody(shown: readonly Shown[], hidden: HiddenRuns, findings: Findings): BodyText {
  const pieces: string[] = [];
  const links: RawLink[] = [];
  const budget: Budget = { textBytes: CAPS.textBytesTotalMax, html: CAPS.htmlCharsMax };
  let contentType = '';
  let cut = false;
  for (const item of shown) {
    if (item.kind === 'message') {
      pieces.push(forwardedHead(item.part));
      continue;
    }
    if (budget.textBytes <= 0 || budget.html <= 0) {
      cut = true;
      break;
    }
    if (contentType === '') contentType = item.kind === 'html' ? 'text/html' : 'text/plain';
    const piece = readPart(item.part, item.kind, { hidden, findings, links, budget });
    noteUnseen(item.unseen, piece.text, { hidden, findings, links: [], budget });
    cut ||= piece.cut;
    if (piece.text !== '') pieces.push(piece.text);
  }
  if (cut)
    findings.add('content_truncated', 'medium', 'the message holds more text than is read; the rest was left out');
  return { text: pieces.join('\n\n').trim(), links, contentType: contentType === '' ? 'text/plain' : contentType, cut };
}

interface Sink {
  readonly hidden: HiddenRuns;
  readonly findings: Findings;
  readonly links: RawLink[];
  readonly budget: Budget;
}

function readPart(part: Part, kind: 'plain' | 'html', sink: Sink): { text: string; cut: boolean } {
  const max = Math.min(CAPS.textBytesMax, sink.budget.textBytes);
  const bytes = decodeBody(part, max);
  sink.budget.textBytes -= bytes.length;
  const declared = part.contentType.params.get('charset') ?? '';
  const decoded = decodeCharset(bytes, declared);
  if (decoded.mislabelled) {
    sink.findings.add(
      'charset_mislabelled',
      'info',
      `text declared as ${excerpt(declared, 40)} was read as ${decoded.charset}`,
    );
  }
  if (decoded.charset === 'utf-7')
    sink.findings.add('charset_utf7', 'medium', 'text is written in UTF-7, which no browser reads any more');
  const overlong = bytes.length >= max;
  const read = kind === 'html' ? readHtml(decoded.text, sink) : readPlain(part, decoded.text, sink);
  return { text: read.text, cut: overlong || read.cut };
}

function readHtml(html: string, sink: Sink): { text: string; cut: boolean } {
  const source = html.length > sink.budget.html ? html.slice(0, sink.budget.html) : html;
  sink.budget.html -= source.length;
  const page = htmlToText(source, linkMask);
  for (const cut of page.cuts)
    sink.findings.add(cut, 'medium', 'the page is larger than what is read; the rest was left out');
  for (const mark of page.marks) {
    const finding = MARK_FINDINGS[mark];
    if (finding !== null) sink.findings.add(finding[0], finding[1], finding[2]);
  }
  for (const run of page.hidden.runs) {
    noteInvisible(run.text, 'body', sink.hidden, sink.findings);
    sink.hidden.add(run.kind, run.how, cleanText(run.text), run.at);
  }
  sink.hidden.removed += page.hidden.removed;
  sink.links.push(...page.links);
  noteInvisible(page.text, 'body', sink.hidden, sink.findings);
  return {
    text: cleanText(page.text).trim(),
    cut: source.length < html.length || page.cuts.some((cut) => cut.startsWith('html') || cut.startsWith('text')),
  };
}

function readPlain(part: Part, text: string, sink: Sink): { text: string; cut: boolean } {
  const bounded = text.length > CAPS.visibleCharsMax ? text.slice(0, CAPS.visibleCharsMax) : text;
  const flowed = part.contentType.params.get('format')?.toLowerCase() === 'flowed';
  const lines = bounded.replace(/\r\n?/g, '\n');
  const joined = flowed ? unflow(lines, part.contentType.params.get('delsp')?.toLowerCase() === 'yes') : lines;
  noteInvisible(joined, 'body', sink.hidden, sink.findings);
  const plain = uncoverPlain(cleanText(joined));
  for (const run of plain.hidden) {
    sink.hidden.removed += run.text.length;
    sink.hidden.add('plain', run.how, run.text, plain.text.length);
  }
  return { text: plain.text, cut: bounded.length < text.length };
}

/** The alternatives that a person does not see: compared with the one they see, and kept for the detector. */
function noteUnseen(unseen: readonly Part[], seen: string, sink: Sink): void {
  for (const part of unseen.slice(0, 4)) {
    const max = Math.min(262_144, sink.budget.textBytes);
    if (max <= 0) return;
    const bytes = decodeBody(part, max);
    sink.budget.textBytes -= bytes.length;
    const text = decodeCharset(bytes, part.contentType.params.get('charset') ?? '').text;
    const other = part.contentType.value === 'text/html' ? htmlToText(text.slice(0, 65_536), () => '').text : text;
    noteInvisible(other, 'body', sink.hidden, sink.findings);
    const { similarity, onlyThere } = compareAlternatives(cleanText(other), seen);
    if (onlyThere !== '') sink.hidden.add('alternative', 'another form of the text', onlyThere, 0);
    if (similarity < 0.35) {
      sink.findings.add(
        'alternatives_differ',
        'medium',
        `the ${part.contentType.value} form says something else: ${excerpt(onlyThere)}`,
      );
    }
  }
}

function forwardedHead(part: Part): string {
  const fields = part.children[0]?.fields ?? [];
  const lines = ['From', 'Subject', 'Date', 'To']
    .map((name) => [name, cleanLine(decodeWords(fieldValue(fields, name.toLowerCase())), 300)] as const)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`);
  return ['---------- attached message ----------', ...lines].join('\n');
}
