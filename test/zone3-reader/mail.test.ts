import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { read, rules, vectorPath } from './support.ts';

/** What an `.eml` must give; absent members are not looked at. */
interface Expected {
  readonly frm?: string;
  readonly to?: readonly string[];
  readonly subject?: string;
  readonly date?: string;
  readonly body?: string;
  readonly body_has?: readonly string[];
  readonly body_lacks?: readonly string[];
  readonly content_type?: string;
  readonly findings?: readonly string[];
  readonly lacks_findings?: readonly string[];
  readonly no_findings?: boolean;
  readonly injection_warning?: boolean;
  readonly truncated?: boolean;
  readonly links_lack?: readonly string[];
  readonly attachments?: readonly { name: string; type: string; bytes: number }[];
}

const names = readdirSync(vectorPath('.'))
  .filter((name) => name.endsWith('.eml'))
  .map((name) => name.slice(0, -4));

describe('mail vectors give what their verdict says', () => {
  it('has enough vectors', () => {
    expect(names.length).toBeGreaterThan(40);
  });

  it.each(names)('%s', (name) => {
    const expected = JSON.parse(readFileSync(vectorPath(`${name}.json`), 'utf8')) as Expected;
    const extract = read(readFileSync(vectorPath(`${name}.eml`)));
    const same: readonly [unknown, unknown][] = [
      [expected.frm, extract.from],
      [expected.to, extract.to],
      [expected.subject, extract.subject],
      [expected.date, extract.date],
      [expected.body, extract.body],
      [expected.content_type, extract.content_type],
      [expected.injection_warning, extract.injection_warning],
      [expected.truncated, extract.truncated],
    ];
    for (const [wanted, got] of same) if (wanted !== undefined) expect(got).toEqual(wanted);
    for (const text of expected.body_has ?? []) expect(extract.body).toContain(text);
    for (const text of expected.body_lacks ?? []) expect(extract.body).not.toContain(text);
    expect(rules(extract)).toEqual(expect.arrayContaining([...(expected.findings ?? [])]));
    for (const rule of expected.lacks_findings ?? []) expect(rules(extract)).not.toContain(rule);
    if (expected.no_findings === true) expect(rules(extract)).toEqual([]);
    for (const text of expected.links_lack ?? []) expect(JSON.stringify(extract.links)).not.toContain(text);
    if (expected.attachments !== undefined) {
      expect(extract.attachments.map(({ name, type, bytes }) => ({ name, type, bytes }))).toEqual(expected.attachments);
    }
  });
});
