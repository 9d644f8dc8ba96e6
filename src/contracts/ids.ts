import type { RandomBytes } from './ports.ts';

declare const brand: unique symbol;
type Branded<B extends string> = string & { readonly [brand]: B };

export type SessionId = Branded<'SessionId'>;
export type RequestId = Branded<'RequestId'>;
export type ContentRef = Branded<'ContentRef'>;
export type DraftId = Branded<'DraftId'>;
export type TaskId = Branded<'TaskId'>;
export type ApprovalId = Branded<'ApprovalId'>;
export type GrantId = Branded<'GrantId'>;
/** Identity of stored content; never leaves Zone 1 (zones hold a `ContentRef` of their session). */
export type ContentId = Branded<'ContentId'>;

interface Ids {
  s_: SessionId;
  r_: RequestId;
  c_: ContentRef;
  d_: DraftId;
  t_: TaskId;
  a_: ApprovalId;
  g_: GrantId;
  k_: ContentId;
}
export type IdPrefix = keyof Ids;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** A fresh id: the prefix and 128 random bits in 26 base32 characters, safe in file names and case-folding systems. */
export function makeId<P extends IdPrefix>(prefix: P, random: RandomBytes): Ids[P] {
  const bytes = random(16);
  let bits = 0;
  let held = 0;
  let text: string = prefix;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      text += ALPHABET.charAt((bits >>> held) & 31);
    }
    bits &= (1 << held) - 1;
  }
  text += ALPHABET.charAt((bits << (5 - held)) & 31);
  return text as Ids[P];
}

const SHAPE = /^[a-z]_[a-z2-7]{26}$/;

/** The id in `text`, or null. The brand says that the shape was checked, not that anything of this name exists. */
export function parseId<P extends IdPrefix>(prefix: P, text: string): Ids[P] | null {
  return text.startsWith(prefix) && SHAPE.test(text) ? (text as Ids[P]) : null;
}
