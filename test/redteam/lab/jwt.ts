import { createHmac } from 'node:crypto';

/** A token taken apart, so that it can be put together wrongly. */
export interface Token {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
  signature: string;
}

export function decode(token: string): Token {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const open = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  return { header: open(header), claims: open(claims), signature };
}

export function encode({ header, claims, signature }: Token): string {
  const close = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${close(header)}.${close(claims)}.${signature}`;
}

/** The same under a key that is not the executor’s. */
export function sign(token: Token, key: string, hash = 'sha256'): string {
  const signed = encode({ ...token, signature: '' }).slice(0, -1);
  return `${signed}.${createHmac(hash, key).update(signed).digest('base64url')}`;
}
