import { describe, expect, it } from 'vitest';
import { html, read, vectorRows } from './support.ts';

interface HtmlRow {
  readonly name: string;
  readonly html: string;
  readonly visible: readonly string[];
  readonly hidden: readonly string[];
  readonly shown?: readonly string[];
}

const rows = vectorRows<HtmlRow>('html.jsonl');

describe('HTML is read as a person sees it', () => {
  it('has enough vectors', () => {
    expect(rows.length).toBeGreaterThan(100);
  });

  it.each(rows.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const extract = read(html(row.html));
    for (const text of [...row.visible, ...(row.shown ?? [])]) expect(extract.body).toContain(text);
    for (const text of row.hidden) expect(extract.body).not.toContain(text);
  });
});
