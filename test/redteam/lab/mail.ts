import { randomBytes } from 'node:crypto';

/** A word that stands nowhere else: by it an effect or a leak is recognised. */
export function mark(name = 'mark'): string {
  // Letters only: ten digits in a row would make a sender look like a mass mailing, which nobody answers.
  const letters = randomBytes(6)
    .toString('hex')
    .replaceAll(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));
  return `${name}${letters}`;
}

export interface MailParts {
  readonly from?: string;
  readonly to?: string;
  readonly subject?: string;
  readonly body?: string;
  readonly type?: string;
  /** Further header lines, as they are. */
  readonly headers?: readonly string[];
}

/** A message as it would lie in a Maildir. Nothing in it is escaped: hostile headers stay hostile. */
export function eml(parts: MailParts): Buffer {
  const lines = [
    `From: ${parts.from ?? 'Ann Example <ann@example.org>'}`,
    `To: ${parts.to ?? 'owner@localhost'}`,
    `Subject: ${parts.subject ?? 'A question'}`,
    'Date: Fri, 20 Nov 2026 09:00:00 +0000',
    `Message-ID: <${mark('m')}@example.org>`,
    'MIME-Version: 1.0',
    `Content-Type: ${parts.type ?? 'text/plain; charset=utf-8'}`,
    ...(parts.headers ?? []),
    '',
    parts.body ?? 'Could we meet on Friday at noon?',
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'utf8');
}
