import { extractSchema, type Extract } from '../../src/contracts/index.ts';

/** A sanitized message as a reader returns it, with what the test is about; the contract judges the rest. */
export function message(parts: Partial<Extract>): Extract {
  const body = parts.body ?? 'Hello, I wanted to say that the garden looks lovely this year.';
  return extractSchema.parse({
    channel: 'email',
    from: 'ann@example.org',
    to: ['owner@example.net'],
    subject: 'The garden',
    date: '2026-11-01T10:00:00Z',
    body,
    content_type: 'text/plain',
    injection_warning: false,
    injection_score: 0,
    findings: [],
    links: [],
    attachments: [],
    hidden_removed: 0,
    truncated: false,
    original_length: body.length,
    sanitized_length: body.length,
    sanitized_at: '2026-11-01T10:00:01Z',
    ...parts,
  });
}
