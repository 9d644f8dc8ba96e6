/** How a stretch of text is to be drawn. `escape`: a character shown as what it is. */
export type SegmentStyle = 'plain' | 'label' | 'influence' | 'warn' | 'danger' | 'fence' | 'escape';

export interface Segment {
  readonly text: string;
  readonly style: SegmentStyle;
}

/**
 * `frame`: words of ours. `data`: text from elsewhere, one line of it; it is only ever drawn behind a gutter that names
 * it with `tag`. INVARIANT: no segment holds a line break, a control or a bidirectional character.
 */
export type RenderedLine =
  | { readonly kind: 'frame'; readonly segments: readonly Segment[] }
  | { readonly kind: 'data'; readonly tag: string; readonly segments: readonly Segment[] };

/** What a person is shown before they answer. The same for terminal, page and phone. */
export interface Rendered {
  readonly v: 1;
  readonly id: string;
  readonly ah: string;
  readonly wh: string;
  /** Addresses to be typed before a yes; empty where a yes is enough. */
  readonly typed: readonly string[];
  readonly lines: readonly RenderedLine[];
}

/** A line of ours: plain texts and styled ones. */
export function frame(...parts: readonly (string | Segment)[]): RenderedLine {
  return {
    kind: 'frame',
    segments: parts.map((part) => (typeof part === 'string' ? { text: part, style: 'plain' } : part)),
  };
}

export function styled(style: SegmentStyle, text: string): Segment {
  return { text, style };
}
