import canonicalize from 'canonicalize';
import { HardshellError } from './errors.ts';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * RFC 8785 canonical JSON text of a value.
 * Throws `malformed` for what I-JSON forbids: lone surrogates, numbers that are not finite, `undefined`.
 */
export function canonicalJson(value: Json): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new HardshellError('malformed', 'value has no canonical JSON form', { fate: 'refuse', cause });
  }
  if (text === undefined) {
    throw new HardshellError('malformed', 'value has no canonical JSON form', { fate: 'refuse' });
  }
  return text;
}

/** A plain JSON copy of data of ours; members that are undefined are left out. */
export function toJson(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
