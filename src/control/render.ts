import type { Approval, ApprovalContent, RedMark, ShownDestination } from '../contracts/index.ts';
import { attentionAddresses } from './attention.ts';
import { escapeLine, MARKS, safeName } from './escape.ts';
import { cutLines, cutRuns, type Run } from './influence.ts';
import { decodeDomain } from './punycode.ts';
import { frame, styled, type Rendered, type RenderedLine, type Segment } from './rendered.ts';

/** What the moment adds to what was frozen. */
export interface RenderNow {
  /** Milliseconds until the question expires. */
  readonly expiresInMs?: number;
  /** Milliseconds until an approved act leaves; a denial wins until then. */
  readonly dispatchInMs?: number;
}

/**
 * The whole of an approval, drawn so that nothing in it can pass for anything else. Pure and one to one: two contents
 * that differ never come out alike. Order: destinations, the payload as it will be sent with influence marked, sources,
 * labels, what cannot be taken back, red marks and what they demand, hashes; last the agent's own words.
 */
export function renderApproval(approval: Approval, now: RenderNow = {}): Rendered {
  const { content } = approval;
  const typed = attentionAddresses(content);
  return {
    v: 1,
    id: approval.id,
    ah: approval.ah,
    wh: approval.wh,
    typed,
    lines: [
      ...renderTitle(approval, now),
      ...renderDestinations(content),
      ...renderPayload(content),
      ...renderSources(content),
      ...renderConsequences(approval),
      ...renderRed(content, typed),
      heading('Hashes'),
      frame(styled('label', '  sent bytes  '), approval.wh),
      frame(styled('label', '  this answer '), approval.ah),
      ...renderRationale(content.rationale),
    ],
  };
}

function heading(text: string): RenderedLine {
  return frame(styled('label', text));
}

function data(tag: string, text: string): RenderedLine {
  return { kind: 'data', tag, segments: escapeLine(text) };
}

function renderTitle(approval: Approval, now: RenderNow): RenderedLine[] {
  const { content } = approval;
  const lines = [
    frame(styled('label', 'May this be done? '), `${safeName(content.action)}, asked by ${safeName(content.zone)}`),
    frame(`  ${safeName(approval.id)}  ${describeState(approval)}${describeTime(now)}`),
  ];
  lines.push(frame('  Behind a bar stands text that is not ours; what hides or poses as another letter is spelt out.'));
  if (hasInfluence(content))
    lines.push(frame('  Double brackets hold what stands word for word in the source of that number.'));
  if (content.action !== approval.action)
    lines.push(frame(styled('danger', `  recorded as ${safeName(approval.action)}`)));
  return lines;
}

function hasInfluence(content: ApprovalContent): boolean {
  return Object.values(content.influence).some((spans) => spans.length > 0);
}

function describeState(approval: Approval): string {
  if (approval.state === 'pending') return 'waits for your answer';
  return approval.method === null ? approval.state : `${approval.state} (${approval.method})`;
}

function describeTime({ expiresInMs, dispatchInMs }: RenderNow): string {
  if (dispatchInMs !== undefined) return `, leaves in ${seconds(dispatchInMs)}; a denial still wins`;
  return expiresInMs === undefined ? '' : `, expires in ${seconds(expiresInMs)}`;
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.ceil(ms / 1_000))} s`;
}

const AUDIENCES: Readonly<Record<ShownDestination['audience'], string>> = {
  self: 'yourself',
  contact: 'a contact of yours',
  unknown: 'nobody you know',
  group: 'a group',
  public: 'the public',
  service: 'a service you configured',
};

function renderDestinations(content: ApprovalContent): RenderedLine[] {
  const lines = [heading('Goes to')];
  if (content.destinations.length === 0) lines.push(frame(styled('danger', '  nobody is named')));
  for (const destination of content.destinations) {
    lines.push(data('address', destination.value));
    const unicode = decodeDomain(destination.value.slice(destination.value.lastIndexOf('@') + 1));
    if (unicode !== null) lines.push(data('reads as', unicode));
    const style = destination.audience === 'self' || destination.audience === 'contact' ? 'plain' : 'warn';
    const named = destination.named ? '; you named this address' : '';
    lines.push(
      frame(`          ${safeName(destination.role)}: `, styled(style, AUDIENCES[destination.audience]), named),
    );
    if (destination.contact !== null) lines.push(data('contact', destination.contact));
  }
  return lines;
}

function renderPayload(content: ApprovalContent): RenderedLine[] {
  const { payload, influence } = content;
  const shown = new Set(content.destinations.map((destination) => destination.value));
  const lines = [heading(`Mail as it will be sent (${payload.bytes} bytes)`), data('sender', payload.envelope.from)];
  for (const recipient of payload.envelope.to) {
    lines.push(data('reaches', recipient));
    if (!shown.has(recipient)) lines.push(frame(styled('danger', '          is not among the destinations above')));
  }
  for (const [name, value] of payload.headers) {
    const spans = name.toLowerCase() === 'subject' ? (influence['subject'] ?? []) : [];
    lines.push(marked('header', cutRuns(value, spans), [styled('label', `${safeName(name)}: `)]));
  }
  const body = payload.body.endsWith('\n') ? payload.body.slice(0, -1) : payload.body;
  if (payload.body === '') lines.push(frame(styled('warn', '          the body is empty')));
  else lines.push(...cutLines(body, influence['body'] ?? []).map((runs) => marked('body', runs)));
  if (!payload.body.endsWith('\n') && payload.body !== '')
    lines.push(frame('          the last line has no line feed'));
  for (const [place, spans] of Object.entries(influence)) {
    if (place === 'subject' || place === 'body') continue;
    for (const span of spans) {
      lines.push(
        frame(
          styled(
            'influence',
            `          source ${span.source + 1} also stands in ${safeName(place)} (${span.start} to ${span.end})`,
          ),
        ),
      );
    }
  }
  return lines;
}

/** One line behind a gutter, its influenced stretches between marks. */
function marked(tag: string, runs: readonly Run[], lead: readonly Segment[] = []): RenderedLine {
  const whole = escapeLine(runs.map((run) => run.text).join(''));
  return { kind: 'data', tag, segments: [...lead, ...markRuns(whole, runs)] };
}

/** Lays the runs over the escaped line, so that escaping sees whole words and marks see the right letters. */
function markRuns(segments: readonly Segment[], runs: readonly Run[]): Segment[] {
  const letters = segments.flatMap((segment) =>
    segment.style === 'escape' ? [segment] : Array.from(segment.text, (text) => styled(segment.style, text)),
  );
  const out: Segment[] = [];
  let at = 0;
  for (const run of runs) {
    const count = Array.from(run.text).length;
    const piece = letters.slice(at, at + count);
    at += count;
    if (run.sources.length === 0) out.push(...piece);
    else {
      const inside = piece.map((segment) => (segment.style === 'plain' ? styled('influence', segment.text) : segment));
      out.push(
        styled('influence', `${MARKS.open}${run.sources.join(',')}:`),
        ...inside,
        styled('influence', MARKS.close),
      );
    }
  }
  return merge(out);
}

function merge(segments: readonly Segment[]): Segment[] {
  const merged: Segment[] = [];
  for (const segment of segments) {
    const last = merged.at(-1);
    if (last !== undefined && last.style === segment.style && segment.style !== 'escape')
      merged[merged.length - 1] = styled(segment.style, last.text + segment.text);
    else merged.push(segment);
  }
  return merged;
}

function renderSources(content: ApprovalContent): RenderedLine[] {
  if (content.sources.length === 0) return [heading('Nothing from outside was read before this was asked')];
  const lines = [heading('Read before this was asked (senders are as the messages claim)')];
  for (const [i, source] of content.sources.entries()) {
    lines.push(
      frame(
        `  source ${i + 1}, ${safeName(source.channel)}`,
        ...(source.warned ? [styled('danger', '  flagged by the reader')] : []),
      ),
    );
    lines.push(data('from', source.from), data('subject', source.subject));
  }
  return lines;
}

function renderConsequences({ content, delayMs, rule }: Approval): RenderedLine[] {
  const { integrity, confidentiality } = content.label;
  const irreversible = content.reversibility === 'cannot be taken back';
  return [
    heading('What it means'),
    frame('  holds ', styled(integrity === 'trusted' ? 'plain' : 'warn', integrity), ` and ${confidentiality} text`),
    frame(
      '  once sent it ',
      styled(
        irreversible ? 'warn' : 'plain',
        content.reversibility === 'nothing to take back' ? 'leaves nothing to take back' : content.reversibility,
      ),
    ),
    frame(`  waits ${delayMs / 1_000} s in the outbox after a yes; answered by: ${rule}`),
  ];
}

function renderRed(content: ApprovalContent, typed: readonly string[]): RenderedLine[] {
  if (content.red.length === 0) return [];
  const lines = [frame(styled('danger', 'RED: this wants your full attention'))];
  for (const mark of content.red) lines.push(...renderMark(mark));
  lines.push(
    frame(
      styled('danger', typed.length === 1 ? '  to approve, type this address:' : '  to approve, type these addresses:'),
    ),
  );
  for (const address of typed) lines.push(data('type', address));
  return lines;
}

function renderMark(mark: RedMark): RenderedLine[] {
  switch (mark.kind) {
    case 'flow':
      return [
        frame(
          styled(
            'danger',
            `  private text of ${mark.sources} source${mark.sources === 1 ? '' : 's'} reaches people who have not seen it:`,
          ),
        ),
        ...mark.recipients.map((recipient) => data('new to', recipient)),
      ];
    case 'untrusted_destination':
      return [
        frame(styled('danger', `  this address came from outside, not from you (${safeName(mark.role)}):`)),
        data('address', mark.value),
      ];
    case 'injection_warning':
      return [
        frame(styled('danger', `  the reader flagged ${mark.sources} of the sources: somebody may be steering this`)),
      ];
    default:
      return mark satisfies never;
  }
}

function renderRationale(rationale: string): RenderedLine[] {
  if (rationale === '') return [heading('The agent gives no reason')];
  return [
    frame(styled('warn', 'What the agent says about it: unverified, and possibly dictated by a stranger')),
    ...rationale.split('\n').map((line) => data('claims', line)),
  ];
}
