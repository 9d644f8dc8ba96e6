import type { Json, Reference, SessionId } from '../contracts/index.ts';
import type { Reader } from '../state/index.ts';
import { forZone, getContent } from './content-store.ts';
import { contentOfRef } from './sessions.ts';

/** A reference's whole value and the content it came from, or why there is none. */
export type Resolution =
  | { readonly kind: 'value'; readonly text: string; readonly kid: string }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'not_text' };

/** Resolves `{"ref":"c_…#/pointer"}` in a session. Only whole strings of the sanitized message can be referred to. */
export function resolveReference(reader: Reader, sid: SessionId, reference: Reference): Resolution {
  const hash = reference.ref.indexOf('#');
  const kid = contentOfRef(reader, sid, reference.ref.slice(0, hash));
  const content = kid === undefined ? undefined : getContent(reader, kid);
  if (kid === undefined || content === undefined) return { kind: 'not_found' };
  const value = pointInto(forZone(content.extract), reference.ref.slice(hash + 1));
  if (value === undefined) return { kind: 'not_found' };
  return typeof value === 'string' ? { kind: 'value', text: value, kid } : { kind: 'not_text' };
}

export function isReference(value: unknown): value is Reference {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'ref' in value;
}

/** RFC 6901. Own members only: `__proto__` and its like are names of nothing. */
export function pointInto(document: Json, pointer: string): Json | undefined {
  if (pointer === '') return document;
  if (!pointer.startsWith('/')) return undefined;
  let at: Json | undefined = document;
  for (const part of pointer.slice(1).split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) at = /^(?:0|[1-9]\d{0,5})$/.test(name) ? (at as readonly Json[])[Number(name)] : undefined;
    else if (typeof at === 'object' && at !== null)
      at = Object.hasOwn(at, name) ? (at as Record<string, Json>)[name] : undefined;
    else at = undefined;
    if (at === undefined) return undefined;
  }
  return at;
}
