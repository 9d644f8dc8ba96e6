import { describe, expect, it } from 'vitest';
import { chatVectors, CHAT_NAMES, readAs } from './chat-support.ts';
import { rules } from './support.ts';

describe.each(CHAT_NAMES)('vectors of %s give what their verdict says', (chat) => {
  const vectors = chatVectors(chat);

  it('has enough vectors', () => {
    expect(vectors.length).toBeGreaterThan(35);
    expect(new Set(vectors.map((vector) => vector.name)).size).toBe(vectors.length);
  });

  it.each(vectors)('$name', ({ message, raw, expect: wanted }) => {
    const extract = readAs(chat, raw ?? message);
    const same: readonly [unknown, unknown][] = [
      [wanted.from, extract.from],
      [wanted.to, extract.to],
      [wanted.date, extract.date],
      [wanted.body, extract.body],
      [wanted.links, extract.links],
      [wanted.attachments, extract.attachments.map(({ name, type, bytes }) => ({ name, type, bytes }))],
      [wanted.hidden_removed, extract.hidden_removed],
      [wanted.truncated, extract.truncated],
      [wanted.injection_warning, extract.injection_warning],
    ];
    for (const [want, got] of same) if (want !== undefined) expect(got).toEqual(want);
    for (const text of wanted.body_has ?? []) expect(extract.body).toContain(text);
    expect(rules(extract)).toEqual(expect.arrayContaining([...(wanted.findings ?? []), ...(wanted.high ?? [])]));
    const high = extract.findings.filter((finding) => finding.severity === 'high').map((finding) => finding.rule);
    expect(high).toEqual(expect.arrayContaining([...(wanted.high ?? [])]));
    if (wanted.no_findings === true) expect(rules(extract)).toEqual([]);
  });
});
