import { CAPS } from '../caps.ts';
import type { ChatDraft } from '../chat/draft.ts';
import { isMembers, listAt, member } from '../chat/members.ts';
import { layLeaf } from './leaf.ts';
import { layMarkdown, layMrkdwn } from './mrkdwn.ts';

/** Members that hold what is drawn, in the order in which it is drawn. */
const INSIDE: readonly string[] = [
  'author_name',
  'pretext',
  'label',
  'title',
  'text',
  'description',
  'fields',
  'elements',
  'rows',
  'accessory',
  'element',
  'placeholder',
  'options',
  'option_groups',
  'hint',
  'caption',
  'blocks',
];
/** Elements that stand in one line with their neighbours. */
const INLINE =
  /^(?:text|raw_text|link|user|usergroup|team|channel|broadcast|emoji|date|color|button|workflow_button|option|citation|tag|file)$/;
const TEXT = /^(?:plain_text|mrkdwn|markdown)$/;

type Step =
  | { readonly kind: 'node'; readonly node: unknown }
  | { readonly kind: 'break'; readonly isQuote: boolean }
  | { readonly kind: 'mark'; readonly put: string };

/** Blocks of Block Kit and of rich text as paragraphs. Any nesting, walked with a stack of our own. */
export function layBlocks(blocks: readonly unknown[], draft: ChatDraft): void {
  const stack: Step[] = nodes(blocks);
  const line: string[] = [];
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    if (step.kind === 'mark') line.push(step.put);
    else if (step.kind === 'break') {
      const text = line.join('');
      line.length = 0;
      if (step.isQuote) draft.quote(text);
      else draft.paragraph(text);
    } else if (Array.isArray(step.node)) pushSteps(stack, nodes(step.node));
    else if (isMembers(step.node)) enter(step.node, { stack, line, draft });
  }
  draft.paragraph(line.join(''));
}

interface Walk {
  readonly stack: Step[];
  readonly line: string[];
  readonly draft: ChatDraft;
}

function enter(node: unknown, { stack, line, draft }: Walk): void {
  if (!draft.takesPart()) return;
  const type = draft.string(member(node, 'type'));
  const text = member(node, 'text');
  if (TEXT.test(type) && typeof text === 'string') {
    line.push(layWritten(type, draft.string(text), draft));
    stack.push({ kind: 'break', isQuote: false });
    return;
  }
  const leaf = layLeaf(node, type, draft);
  if (leaf !== null) {
    line.push(leaf);
    return;
  }
  noteUnseen(node, draft);
  if (!INLINE.test(type)) stack.push({ kind: 'break', isQuote: type === 'rich_text_quote' });
  pushSteps(stack, insideOf(node, type));
}

function insideOf(node: unknown, type: string): Step[] {
  if (type === 'table') return rowSteps(listAt(node, 'rows', CAPS.chatPartsMax));
  if (type === 'rich_text_list') {
    const items = listAt(node, 'elements', CAPS.chatPartsMax);
    return items
      .flatMap<Step>((item) => [
        { kind: 'mark', put: '- ' },
        { kind: 'node', node: item },
      ])
      .toReversed();
  }
  return nodes(INSIDE.map((name) => member(node, name)).filter((value) => typeof value === 'object' && value !== null));
}

function layWritten(type: string, text: string, draft: ChatDraft): string {
  return type === 'mrkdwn' ? layMrkdwn(text, draft) : type === 'markdown' ? layMarkdown(text, draft) : text;
}

/** What belongs to an element and is not drawn, or only after a press. */
function noteUnseen(node: unknown, draft: ChatDraft): void {
  const alt = draft.string(member(node, 'alt_text'));
  if (alt !== '') draft.caption('alt_text', alt);
  const value = draft.string(member(node, 'value'));
  if (value !== '') draft.payload('what a choice sends', value);
  const label = draft.string(member(node, 'accessibility_label'));
  if (label !== '') draft.caption('accessibility_label', label);
  for (const name of ['title_url', 'author_url', 'video_url', 'image_url']) {
    const url = draft.string(member(node, name));
    if (url !== '') draft.link(url, name === 'title_url' ? draft.string(member(node, 'title', 'text')) : '');
  }
  if (typeof member(node, 'image_url') === 'string')
    draft.attach({
      name: draft.string(member(node, 'title', 'text')) || 'image',
      type: 'application/octet-stream',
      bytes: 0,
    });
}

function rowSteps(rows: readonly unknown[]): Step[] {
  const steps: Step[] = [];
  for (const row of rows) {
    const cells = Array.isArray(row) ? row.slice(0, CAPS.chatPartsMax) : [];
    cells.forEach((cell, i) => {
      if (i > 0) steps.push({ kind: 'mark', put: ' | ' });
      steps.push({ kind: 'node', node: cell });
    });
    steps.push({ kind: 'break', isQuote: false });
  }
  return steps.toReversed();
}

/** One by one: an array may hold more than a call may have arguments. */
function pushSteps(stack: Step[], steps: readonly Step[]): void {
  for (const step of steps) stack.push(step);
}

/** The first one on top. */
function nodes(values: readonly unknown[]): Step[] {
  return values.toReversed().map((node) => ({ kind: 'node', node }));
}
