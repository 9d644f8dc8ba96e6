import { CAPS } from '../caps.ts';
import type { ChatDraft } from '../chat/draft.ts';
import { isMembers, listAt, member } from '../chat/members.ts';
import { attachMedia } from './media.ts';

/** Members of blocks that hold further blocks or text, in the order in which they are drawn. */
const INSIDE: readonly string[] = ['summary', 'label', 'text', 'cells', 'items', 'blocks', 'caption', 'credit'];
/** Blocks that go on in the same line. */
const INLINE =
  /^(?:bold|italic|underline|strikethrough|subscript|superscript|marked|code|spoiler|url|email_address|phone_number|bank_card_number|mention|hashtag|cashtag|bot_command|anchor_link|reference|reference_link|text_mention|date_time|custom_emoji)$/;

type Step =
  | { readonly kind: 'node'; readonly node: unknown; readonly isHidden: boolean }
  | { readonly kind: 'break' }
  | { readonly kind: 'link'; readonly url: string; readonly from: number };

/** A `RichMessage`: headings, lists, tables and quotations as lines. Walked with a stack of our own. */
export function layRichMessage(message: unknown, draft: ChatDraft): void {
  const stack: Step[] = [];
  pushNodes(stack, listAt(message, 'blocks', CAPS.chatPartsMax), false);
  const line: string[] = [];
  let [covered, whole] = ['', ''];
  const breakLine = (): void => {
    draft.paragraph(line.join(''));
    line.length = 0;
  };
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    if (step.kind === 'break') breakLine();
    else if (step.kind === 'link') line.push(draft.link(step.url, line.slice(step.from).join('')));
    else if (typeof step.node === 'string') {
      const text = draft.string(step.node);
      whole += text;
      if (step.isHidden) covered += text;
      else line.push(text);
    } else if (Array.isArray(step.node)) pushNodes(stack, step.node, step.isHidden);
    else if (isMembers(step.node)) {
      const type = draft.string(member(step.node, 'type'));
      attachMedia(step.node, draft);
      if (type === 'custom_emoji') line.push(draft.string(member(step.node, 'alternative_text')));
      if (type === 'mathematical_expression') line.push(draft.string(member(step.node, 'expression')));
      const isHidden = step.isHidden || type === 'spoiler';
      if (type === 'spoiler' && !step.isHidden) line.push('[spoiler]');
      const url = draft.string(member(step.node, 'url'));
      if (!INLINE.test(type)) stack.push({ kind: 'break' });
      if (url !== '') stack.push({ kind: 'link', url, from: line.length });
      const inside = INSIDE.map((name) => member(step.node, name)).filter((value) => value !== undefined);
      pushNodes(stack, inside, isHidden);
    }
  }
  breakLine();
  if (covered === '') return;
  draft.hide('spoiler', 'under a spoiler', covered);
  draft.hear('a text with what its spoilers cover', whole);
}

/** The first one on top. */
function pushNodes(stack: Step[], values: readonly unknown[], isHidden: boolean): void {
  for (const node of values.toReversed()) stack.push({ kind: 'node', node, isHidden });
}
