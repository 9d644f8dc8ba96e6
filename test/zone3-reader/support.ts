import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Extract } from '../../src/contracts/index.ts';
import { extractSchema } from '../../src/contracts/index.ts';
import { readEmail, type ReaderPorts } from '../../src/zone3-reader/index.ts';

export const PORTS: ReaderPorts = {
  sha256Hex: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  now: () => '2026-01-02T03:04:05.000Z',
};

/** Reads bytes or text as a mail and checks that Zone 1 would take the answer. */
export function read(raw: Uint8Array | string): Extract {
  const bytes = typeof raw === 'string' ? new TextEncoder().encode(raw) : raw;
  return extractSchema.parse(readEmail(bytes, PORTS));
}

export function mail(body: string, type = 'text/plain; charset=utf-8', headers = ''): string {
  return `From: Ann <ann@example.com>\r\nTo: bob@example.org\r\nSubject: test\r\n${headers}MIME-Version: 1.0\r\nContent-Type: ${type}\r\n\r\n${body}`;
}

export function html(body: string): string {
  return mail(body, 'text/html; charset=utf-8');
}

export function rules(extract: Extract): string[] {
  return extract.findings.map((finding) => finding.rule);
}

export function vectorPath(name: string): string {
  return fileURLToPath(new URL(`../vectors/mail/${name}`, import.meta.url));
}

/** The rows of a vector file, one JSON object a line. */
export function vectorRows<T>(name: string): T[] {
  return readFileSync(vectorPath(name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
