import type { ExtractLink } from '../../contracts/index.ts';
import { EXTRACT_LIMITS } from '../../contracts/index.ts';
import type { Findings } from '../findings.ts';
import { inspectLink } from './inspect-link.ts';
import type { RawLink } from './raw-link.ts';
import { withholdInText } from './sign-in.ts';

const BARE_URL = /\b(?:https?|ftp):\/\/[^\s<>"'`\u3000-\u303F\uFF00-\uFFEF]{3,4096}/giu;
const TRAILING = '.,;:!?)]}*_';
const BARE_MAX = 2_000;

export interface ReadLinks {
  readonly links: ExtractLink[];
  /** How many there were before the cap. */
  readonly total: number;
  /** `text` with the secrets of its bare URLs withheld. */
  readonly text: string;
}

/** Inspects the links of the markup, then the URLs that stand in the text itself. */
export function readLinks(raw: readonly RawLink[], text: string, findings: Findings): ReadLinks {
  const links: ExtractLink[] = [];
  const seen = new Set<string>();
  let total = 0;
  const add = (link: RawLink): string => {
    const inspected = inspectLink(link);
    const key = `${inspected.url}\n${inspected.text}`;
    if (seen.has(key)) return inspected.url;
    seen.add(key);
    total += 1;
    if (links.length < EXTRACT_LIMITS.linksMax) {
      links.push({ url: inspected.url, text: inspected.text });
      const span = { part: 'links', start: links.length - 1, end: links.length } as const;
      for (const note of inspected.notes) findings.add(note.rule, note.severity, note.why, span);
    }
    return inspected.url;
  };
  for (const link of raw) if (!link.url.startsWith('#')) add(link);
  // What an anchor shows is no link of its own: it goes where the anchor goes.
  const known = new Set([...raw, ...links].flatMap((link) => [link.url, link.text]));
  let bare = 0;
  const shown = text.replace(BARE_URL, (match) => {
    bare += 1;
    if (bare > BARE_MAX) return match;
    let end = match.length;
    while (end > 8 && TRAILING.includes(match.charAt(end - 1))) end -= 1;
    const url = match.slice(0, end);
    if (known.has(url)) return withholdInText(url) + match.slice(end);
    const inspected = add({ url, text: '' });
    return inspected.includes('withheld') ? inspected + match.slice(end) : match;
  });
  return { links, total, text: shown };
}
