import type { Extract, ExtractAttachment } from '../../contracts/index.ts';
import { EXTRACT_LIMITS } from '../../contracts/index.ts';
import { describeNamed } from '../attachments.ts';
import { CAPS } from '../caps.ts';
import type { Severity } from '../findings.ts';
import { Findings } from '../findings.ts';
import { finish, type ReaderPorts } from '../finish.ts';
import { HiddenRuns, type HiddenKind } from '../hidden-runs.ts';
import { noteInvisible } from '../invisible-report.ts';
import { linkMask } from '../links/inspect-link.ts';
import type { RawLink } from '../links/raw-link.ts';
import { cleanLine, cleanText } from '../text/clean.ts';
import { uncoverPlain } from '../text/plain.ts';
import { describeSender, type Person } from './people.ts';
import { unreadStrings } from './sweep.ts';

/** Stands for a digest where no bytes of a file were seen. */
const NO_DIGEST = '0'.repeat(64);
const LINKS_MAX = 2_000;
const LABEL_CHARS_MAX = 600;

/** One chat message while it is read. Whatever is given to it is hostile and may be of any length. */
export class ChatDraft {
  readonly #channel: 'telegram' | 'slack';
  readonly #findings = new Findings();
  readonly #hidden = new HiddenRuns();
  readonly #links: RawLink[] = [];
  readonly #paragraphs: string[] = [];
  readonly #files: Omit<ExtractAttachment, 'sha256'>[] = [];
  readonly #read = new Set<string>();
  readonly #to: string[] = [];
  #from = '';
  #fromName = '';
  #length = 0;
  #parts = 0;
  #cut = false;
  date: string | null = null;

  constructor(channel: 'telegram' | 'slack') {
    this.#channel = channel;
  }

  /** The string itself, or a number written out; anything else is empty. What was asked for is not swept up later. */
  string(value: unknown): string {
    if (typeof value === 'number') return String(value);
    if (typeof value !== 'string') return '';
    this.#read.add(value);
    if (value.length <= CAPS.visibleCharsMax) return value;
    this.#cut = true;
    return value.slice(0, CAPS.visibleCharsMax);
  }

  /** One clean line of at most `max` characters. */
  line(value: unknown, max: number = EXTRACT_LIMITS.nameCharsMax): string {
    const text = this.string(value);
    noteInvisible(text.slice(0, CAPS.restCharsMax), 'body', this.#hidden, this.#findings);
    return cleanLine(text, max);
  }

  /** Text that a person sees, as it was written. */
  paragraph(text: string): void {
    if (text === '' || !this.takesPart()) return;
    if (this.#length >= CAPS.visibleCharsMax) {
      this.#cut = true;
      return;
    }
    noteInvisible(text, 'body', this.#hidden, this.#findings);
    const plain = uncoverPlain(cleanText(text.replace(/\r\n?/g, '\n')));
    for (const run of plain.hidden) {
      this.#hidden.removed += run.text.length;
      this.#hidden.add('plain', run.how, run.text, this.#length + plain.text.length);
    }
    if (plain.text === '') return;
    this.#paragraphs.push(plain.text);
    this.#length += plain.text.length + 2;
  }

  /** What somebody else had written, behind `> `. */
  quote(text: string): void {
    const clean = text.replace(/\r\n?/g, '\n').trim();
    if (clean !== '') this.paragraph(`> ${clean.replaceAll('\n', '\n> ')}`);
  }

  /** Notes a link; the answer is to be written after its text: where it really goes, when the text says otherwise. */
  link(url: string, text: string): string {
    if (url.trim() === '') return '';
    const link = { url: url.slice(0, 65_536), text: text.slice(0, LABEL_CHARS_MAX) };
    if (this.#links.length < LINKS_MAX) this.#links.push(link);
    else this.#cut = true;
    const mask = linkMask(link);
    return mask === '' ? '' : ` ${mask}`;
  }

  /** Text that a person does not see; counted, since it was taken out. */
  hide(kind: HiddenKind, how: string, text: string): void {
    noteInvisible(text.slice(0, CAPS.textBytesMax), 'body', this.#hidden, this.#findings);
    const clean = cleanText(text).trim();
    this.#hidden.removed += clean.length;
    this.#hidden.add(kind, how, clean, this.#length);
  }

  /** Text that is shown in another form, or not at all: heard, neither counted nor told unless it gives orders. */
  hear(how: string, text: string): void {
    this.#hidden.add('member', how, cleanText(text.slice(0, CAPS.restCharsMax)), this.#length);
  }

  /** Words that every such message may carry beside the text (captions of pictures): heard, not counted. */
  caption(name: string, text: string): void {
    this.#hidden.addAttribute(name, cleanText(text), this.#length);
  }

  /** What a button sends or copies: a program's business where it is one word, hidden text where it is a sentence. */
  payload(how: string, text: string): void {
    if (isSentence(text)) this.hide('callback', how, text);
    else this.caption(how, text);
  }

  attach(file: Omit<ExtractAttachment, 'sha256'>): void {
    this.#files.push(file);
  }

  add(rule: string, severity: Severity, why: string): void {
    this.#findings.add(rule, severity, why);
  }

  /** One more part of a message that may have any number; false when it has too many. */
  takesPart(): boolean {
    this.#parts += 1;
    if (this.#parts <= CAPS.chatPartsMax) return true;
    if (!this.#findings.has('too_many_parts'))
      this.#findings.add(
        'too_many_parts',
        'medium',
        `the message has more than ${CAPS.chatPartsMax} parts; the rest was left out`,
      );
    return false;
  }

  sender(person: Person): void {
    const { from, name } = describeSender(person, this.#hidden, this.#findings);
    this.#from = from;
    this.#fromName = name;
  }

  recipient(to: string): void {
    if (to !== '') this.#to.push(to);
  }

  /** Characters of visible text so far, and the text that came since then. */
  mark(): number {
    return this.#paragraphs.length;
  }

  textSince(mark: number): string {
    return this.#paragraphs.slice(mark).join('\n\n');
  }

  /** `value`: the whole message, whose unread strings are heard as well. */
  finish(value: unknown, ports: ReaderPorts): Extract {
    for (const { path, text } of unreadStrings(value, this.#read)) {
      noteInvisible(text.slice(0, CAPS.restCharsMax), 'body', this.#hidden, this.#findings);
      this.hear(`member ${path}`, text);
    }
    if (this.#cut)
      this.add('content_truncated', 'medium', 'the message holds more than is read; the rest was left out');
    const describe = (file: Omit<ExtractAttachment, 'sha256'>, index: number): ExtractAttachment =>
      describeNamed({ ...file, sha256: NO_DIGEST }, index, this.#findings);
    const parts = {
      channel: this.#channel,
      from: this.#from,
      fromName: this.#fromName,
      to: this.#to.slice(0, EXTRACT_LIMITS.toMax),
      toTotal: this.#to.length,
      subject: '',
      subjectLength: 0,
      date: this.date,
      text: this.#paragraphs.join('\n\n'),
      links: this.#links,
      contentType: 'text/plain',
      attachments: () => this.#files.slice(0, EXTRACT_LIMITS.attachmentsMax).map(describe),
      attachmentsTotal: this.#files.length,
      cut: this.#cut || TOO_MUCH.some((rule) => this.#findings.has(rule)),
    };
    return finish(parts, { hidden: this.#hidden, findings: this.#findings, ports });
  }
}

/** Three words or more: nothing that one program writes for another. */
function isSentence(text: string): boolean {
  const words = text.slice(0, 4_000).split(/\s+/);
  return words.filter((word) => /\p{L}{2}/u.test(word)).length >= 3;
}

const TOO_MUCH = [
  'not_json',
  'json_too_large',
  'json_too_deep',
  'json_too_many_values',
  'too_many_parts',
  'entities_truncated',
];
