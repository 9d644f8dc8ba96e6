import { spawnSync } from 'node:child_process';
import * as fc from 'fast-check';
import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import { encodeMail, splitPayload, type OutgoingMail } from '../../src/payloads/index.ts';
import { anyMail } from './support.ts';

const mails = fc.sample(anyMail, { numRuns: 300, seed: 4_711 });
const mimes = mails.map((mail) => Buffer.from(splitPayload(encodeMail(mail)).mime));

const PYTHON = `
import sys, json, base64, email, email.policy
for line in sys.stdin:
    m = email.message_from_bytes(base64.b64decode(line), policy=email.policy.SMTP)
    people = lambda name: [a.addr_spec for h in m.get_all(name, []) for a in h.addresses]
    print(json.dumps({
        'headers': len(m.items()), 'defects': len(m.defects), 'multipart': m.is_multipart(),
        'from': people('from'), 'name': m['from'].addresses[0].display_name, 'to': people('to'), 'cc': people('cc'),
        'subject': str(m['subject']), 'body': m.get_payload(decode=True).decode('utf-8'), 'id': str(m['message-id']),
        'date': int(m['date'].datetime.timestamp()), 'type': m.get_content_type(), 'charset': m.get_content_charset(),
    }))
`;

/** Our bytes end in a line end that the message's text does not have; transfer decoders differ on giving it back. */
const lines = (text: string): string => text.replaceAll('\r\n', '\n');
const headerCount = (mail: OutgoingMail): number =>
  8 + (mail.cc.length > 0 ? 1 : 0) + (mail.inReplyTo === null ? 0 : 1) + (mail.references.length > 0 ? 1 : 0);

describe('other readers see what we meant', () => {
  it("Python's email package", () => {
    const run = spawnSync('python3', ['-c', PYTHON], {
      input: mimes.map((mime) => mime.toString('base64')).join('\n'),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
    });
    expect(run.error).toBeUndefined();
    expect(run.stderr).toBe('');
    const read = run.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(read).toHaveLength(mails.length);
    mails.forEach((mail, i) => {
      expect(read[i]).toMatchObject({
        headers: headerCount(mail),
        defects: 0,
        multipart: false,
        from: [mail.from.address.text],
        to: mail.to.map((person) => person.text),
        cc: mail.cc.map((person) => person.text),
        subject: mail.subject,
        id: mail.messageId,
        date: mail.dateMs / 1_000,
        type: 'text/plain',
        charset: 'utf-8',
      });
      // Python keeps the space between two encoded words of a name, against RFC 2047, section 6.2.
      expect(joined(String(read[i]?.['name']))).toBe(joined(mail.from.name ?? ''));
      expect([mail.body, `${mail.body}\n`]).toContain(lines(String(read[i]?.['body'])));
    });
  });

  it('postal-mime', async () => {
    for (const [i, mail] of mails.entries()) {
      const read = await PostalMime.parse(mimes[i] ?? Buffer.alloc(0));
      expect(read.headers).toHaveLength(headerCount(mail));
      expect(read.attachments).toEqual([]);
      expect(read.from?.address).toBe(mail.from.address.text);
      expect(read.to?.map((person) => person.address)).toEqual(mail.to.map((person) => person.text));
      expect((read.cc ?? []).map((person) => person.address)).toEqual(mail.cc.map((person) => person.text));
      expect((read.bcc ?? []).length).toBe(0);
      expect(squeeze(read.subject ?? '')).toBe(squeeze(mail.subject));
      expect(lines(read.text ?? '').trimEnd()).toBe(lines(mail.body).trimEnd());
    }
  });
});

function joined(text: string): string {
  return text.replaceAll(/\s/g, '');
}

/** postal-mime trims a subject and folds its spaces; letters and their order must be ours. */
function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
