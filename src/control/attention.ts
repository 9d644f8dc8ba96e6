import { parseMailAddress, type ApprovalContent } from '../contracts/index.ts';

/**
 * Addresses that must be typed before a red act is approved, without repeats, in the order of the destinations: every
 * one that a red mark names; where the marks name none (a warned source), the first destination. Empty: not red.
 */
export function attentionAddresses(content: Pick<ApprovalContent, 'red' | 'destinations'>): readonly string[] {
  if (content.red.length === 0) return [];
  const marked = content.red.flatMap((mark) => {
    if (mark.kind === 'untrusted_destination') return [mark.value];
    return mark.kind === 'flow' ? mark.recipients : [];
  });
  const shown = content.destinations.map((destination) => destination.value);
  const keys = new Set(marked.map(addressKey));
  const named = [...shown.filter((value) => keys.has(addressKey(value))), ...marked];
  return unique(named.length > 0 ? named : shown.slice(0, 1));
}

/** True when `typed` (separated by blanks, commas or semicolons) holds exactly what has to be typed, in any order. */
export function paysAttention(content: Pick<ApprovalContent, 'red' | 'destinations'>, typed: string): boolean {
  const wanted = new Set(attentionAddresses(content).map(addressKey));
  const given = new Set(
    typed
      .split(/[\s,;]+/u)
      .filter((word) => word !== '')
      .map(addressKey),
  );
  // INVARIANT: a red act without a destination cannot be approved by typing: there is nothing to type.
  return wanted.size > 0 && given.size === wanted.size && [...wanted].every((key) => given.has(key));
}

function addressKey(text: string): string {
  return parseMailAddress(text)?.key ?? text;
}

function unique(values: readonly string[]): string[] {
  const seen = new Set<string>();
  return values.filter((value) => !seen.has(addressKey(value)) && seen.add(addressKey(value)).size > 0);
}
