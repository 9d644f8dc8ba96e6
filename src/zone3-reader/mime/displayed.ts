import type { Findings } from '../findings.ts';
import type { Part } from './tree.ts';
import { isAttachment } from './tree.ts';

/** What a mail program puts on the screen, in order. */
export type Shown =
  | { readonly kind: 'plain' | 'html'; readonly part: Part; readonly unseen: readonly Part[] }
  | { readonly kind: 'message'; readonly part: Part };

export interface Displayed {
  readonly shown: readonly Shown[];
  readonly attachments: readonly Part[];
}

const PLAIN =
  /^text\/(?:plain|markdown|x-patch|x-diff|x-log|x-markdown|enriched|richtext)$|^message\/(?:delivery-status|disposition-notification|global-delivery-status|feedback-report)$|^text$/;
const HTML = /^(?:text\/html|application\/xhtml\+xml|text\/x-html)$/;

/**
 * Chooses as mail programs do: of alternatives the richest that they can draw, of related parts the root, all else in
 * order; named or attached parts go to the list of attachments. Iterative; the tree's depth is capped already.
 */
export function chooseDisplayed(root: Part, findings: Findings): Displayed {
  const shown: Shown[] = [];
  const attachments: Part[] = [];
  const stack: Part[] = [root];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    const type = part.contentType.value;
    if (type.startsWith('multipart/') && part.children.length > 0) {
      enterMultipart(part, { shown, attachments, stack }, findings);
    } else if (part.children.length > 0 && type.startsWith('message/')) {
      shown.push({ kind: 'message', part });
      attachments.push(part);
      const inner = part.children[0];
      if (inner !== undefined) stack.push(inner);
    } else addLeaf(part, shown, attachments, []);
  }
  return { shown, attachments };
}

interface Sink {
  readonly shown: Shown[];
  readonly attachments: Part[];
  readonly stack: Part[];
}

function enterMultipart(part: Part, sink: Sink, findings: Findings): void {
  const type = part.contentType.value;
  if (type === 'multipart/alternative') {
    enterAlternative(part, sink);
    return;
  }
  if (type === 'multipart/encrypted') findings.add('encrypted', 'info', 'the message is encrypted and was not read');
  if (type === 'multipart/related') {
    const start = part.contentType.params.get('start');
    const root = part.children.find((child) => start !== undefined && contentId(child) === start) ?? part.children[0];
    for (const child of part.children) if (child !== root) sink.attachments.push(...leaves(child));
    if (root !== undefined) sink.stack.push(root);
    return;
  }
  for (let i = part.children.length - 1; i >= 0; i--) {
    const child = part.children[i];
    if (child !== undefined) sink.stack.push(child);
  }
}

/** The last alternative that can be drawn is shown; the text of the others is kept to be compared with it. */
function enterAlternative(part: Part, sink: Sink): void {
  const drawable = part.children.filter((child) => rank(child) > 0);
  const best = drawable.reduce<Part | undefined>(
    (top, child) => (top === undefined || rank(child) >= rank(top) ? child : top),
    undefined,
  );
  const unseen: Part[] = [];
  for (const child of part.children) {
    if (child === best) continue;
    if (rank(child) > 0)
      unseen.push(
        ...leaves(child).filter((leaf) => PLAIN.test(leaf.contentType.value) || HTML.test(leaf.contentType.value)),
      );
    else sink.attachments.push(...leaves(child));
  }
  if (best === undefined) return;
  if (best.children.length > 0) {
    const html = leaves(best).find((leaf) => HTML.test(leaf.contentType.value));
    if (html !== undefined) {
      addLeaf(html, sink.shown, sink.attachments, unseen);
      for (const leaf of leaves(best)) if (leaf !== html) addLeaf(leaf, [], sink.attachments, []);
      return;
    }
    sink.stack.push(best);
    return;
  }
  addLeaf(best, sink.shown, sink.attachments, unseen);
}

function rank(part: Part): number {
  const type = part.contentType.value;
  if (HTML.test(type)) return 3;
  if (type === 'multipart/related' || type === 'multipart/mixed') return part.children.length > 0 ? 3 : 0;
  if (type.startsWith('multipart/')) return part.children.length > 0 ? 2 : 0;
  return PLAIN.test(type) ? 1 : 0;
}

function addLeaf(part: Part, shown: Shown[], attachments: Part[], unseen: readonly Part[]): void {
  const type = part.contentType.value;
  const kind = HTML.test(type) ? 'html' : PLAIN.test(type) || isBrokenMultipart(part) ? 'plain' : null;
  const named = part.disposition.params.has('filename') || part.contentType.params.has('name');
  const first = shown.length === 0 || shown.at(-1)?.kind === 'message';
  if (kind === null || isAttachment(part) || (named && !first)) attachments.push(part);
  else shown.push({ kind, part, unseen });
}

/** A multipart whose delimiter never came is text for every mail program. */
function isBrokenMultipart(part: Part): boolean {
  return part.contentType.value.startsWith('multipart/');
}

function contentId(part: Part): string {
  return part.fields.find((field) => field.name === 'content-id')?.value ?? '';
}

/** Leaves below `part`, itself when it has no children. */
function leaves(part: Part): Part[] {
  const out: Part[] = [];
  const stack = [part];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at.children.length === 0) out.push(at);
    else
      for (let i = at.children.length - 1; i >= 0; i--)
        stack.push(...[at.children[i]].filter((child) => child !== undefined));
  }
  return out;
}
