/**
 * The matches of a global pattern in order, at most `max`. `matchAll` copies the pattern at each call, and a copy is
 * compiled anew; this uses the one that is there.
 */
export function matchesOf(pattern: RegExp, text: string, max = Number.POSITIVE_INFINITY): RegExpExecArray[] {
  const found: RegExpExecArray[] = [];
  pattern.lastIndex = 0;
  while (found.length < max) {
    const match = pattern.exec(text);
    if (match === null) break;
    if (match[0] === '') pattern.lastIndex += 1;
    found.push(match);
  }
  return found;
}
