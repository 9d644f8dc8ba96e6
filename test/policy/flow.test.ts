import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceFacts } from '../../src/contracts/index.ts';
import { comparable, redMarks } from '../../src/policy/index.ts';
import { mail, outboundRequest, to, TRUSTED, UNTRUSTED } from './support.ts';

const from = (reader: string, rest: Partial<SourceFacts> = {}): SourceFacts => ({
  id: `mail of ${reader}`,
  channel: 'email',
  confidentiality: 'private',
  readers: [reader],
  ...rest,
});
const kinds = (request: Parameters<typeof redMarks>[0]): readonly string[] => redMarks(request).map(({ kind }) => kind);

describe('flow', () => {
  it('is not red when an answer goes to the claimed sender of the only source, however it is written', () => {
    const answer = mail({
      values: [to('Ann@Example.ORG', { label: UNTRUSTED })],
      payload: UNTRUSTED,
      sources: [from('ann@example.org')],
    });
    expect(redMarks(answer)).toEqual([]);
  });

  it('is red when one recipient of several has not seen a private source', () => {
    const request = mail({
      values: [to('ann@example.org'), to('eve@example.net', { role: 'cc' })],
      sources: [from('ann@example.org'), from('bob@example.org', { readers: ['bob@example.org', 'ann@example.org'] })],
    });
    expect(redMarks(request)).toEqual([{ kind: 'flow', sources: 2, recipients: ['eve@example.net'] }]);
  });

  it('is red when two strangers share a session: each would learn of the other', () => {
    const both = mail({ values: [to('ann@example.org')], sources: [from('ann@example.org'), from('bob@example.org')] });
    expect(redMarks(both)).toEqual([{ kind: 'flow', sources: 1, recipients: ['ann@example.org'] }]);
  });

  it('is never red towards oneself, nor for what is public', () => {
    const self = mail({ values: [to('me@example.org', { audience: 'self' })], sources: [from('ann@example.org')] });
    expect(redMarks(self)).toEqual([]);
    expect(redMarks(mail({ sources: [from('bob@example.org', { confidentiality: 'public' })] }))).toEqual([]);
  });

  it('is red for a contact too: being known is not having seen it', () => {
    expect(
      kinds(mail({ values: [to('ann@example.org', { audience: 'contact' })], sources: [from('bob@example.org')] })),
    ).toEqual(['flow']);
  });

  it('counts a source that a label names and nothing else is known of as seen by nobody', () => {
    const forgotten = { ...UNTRUSTED, sources: ['gone', 'mail of ann@example.org'] };
    expect(redMarks(mail({ payload: forgotten, sources: [from('ann@example.org')] }))).toEqual([
      { kind: 'flow', sources: 1, recipients: ['ann@example.org'] },
    ]);
    expect(
      redMarks(mail({ payload: { ...forgotten, confidentiality: 'public' }, sources: [from('ann@example.org')] })),
    ).toEqual([]);
    expect(redMarks(mail({ payload: forgotten, values: [to('me@example.org', { audience: 'self' })] }))).toEqual([]);
  });

  it('never becomes less red when a source is added or loses a reader', () => {
    fc.assert(
      fc.property(outboundRequest, (request) => {
        const count = kinds(request).filter((kind) => kind === 'flow').length;
        const more = { ...request, sources: [...request.sources, from('zed@example.org')] };
        expect(kinds(more).filter((kind) => kind === 'flow').length).toBeGreaterThanOrEqual(count);
        const fewer = {
          ...request,
          sources: request.sources.map((source) => ({ ...source, readers: source.readers.slice(1) })),
        };
        expect(kinds(fewer).filter((kind) => kind === 'flow').length).toBeGreaterThanOrEqual(count);
      }),
      { numRuns: 500 },
    );
  });
});

describe('destinations', () => {
  it('are red when something from outside chose a stranger', () => {
    expect(redMarks(mail({ values: [to('Eve@example.net', { label: UNTRUSTED })] }))).toEqual([
      { kind: 'untrusted_destination', role: 'to', value: 'Eve@example.net' },
    ]);
  });

  it('are not red when you chose them, nor when they are yours, a contact, or a sender of what was read', () => {
    expect(redMarks(mail({ values: [to('eve@example.net', { label: TRUSTED })] }))).toEqual([]);
    for (const audience of ['self', 'contact'] as const) {
      expect(redMarks(mail({ values: [to('eve@example.net', { label: UNTRUSTED, audience })] }))).toEqual([]);
    }
    const sender = mail({ values: [to('eve@example.net', { label: UNTRUSTED })], sources: [from('EVE@example.net')] });
    expect(redMarks(sender)).toEqual([]);
  });

  it('are told once each, in order of role', () => {
    const values = [to('eve@example.net'), to('EVE@example.net'), to('eve@example.net', { role: 'bcc' })].map(
      (value) => ({ ...value, label: UNTRUSTED }),
    );
    expect(redMarks(mail({ values }))).toEqual([
      { kind: 'untrusted_destination', role: 'bcc', value: 'eve@example.net' },
      { kind: 'untrusted_destination', role: 'to', value: 'EVE@example.net' },
    ]);
  });

  it('compare as they are when they are no mail addresses', () => {
    expect(comparable('C0123ABC')).toBe('C0123ABC');
    expect(comparable('Ann@Example.org')).toBe('ann@example.org');
    expect(comparable('"Ann" <ann@example.org>')).toBe('"Ann" <ann@example.org>');
  });
});

describe('warnings', () => {
  it('mark outbound acts red, and leave reads and drafts alone', () => {
    const warned = mail({ warnedSources: 2 });
    expect(redMarks(warned)).toEqual([{ kind: 'injection_warning', sources: 2 }]);
    const eve = { values: [to('eve@example.net', { label: UNTRUSTED })], sources: [from('ann@example.org')] };
    expect(redMarks({ ...warned, ...eve, action: 'draft_email', effect: 'draft' })).toEqual([]);
    expect(redMarks({ ...warned, ...eve, action: 'read_email', effect: 'read' })).toEqual([]);
    expect(kinds({ ...warned, ...eve })).toEqual(['flow', 'untrusted_destination', 'injection_warning']);
  });
});
