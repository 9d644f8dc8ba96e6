import type { ChatDraft } from '../chat/draft.ts';

/** `<https://…|label>`, `<@U…>`, `<#C…|name>`, `<!here>`, …; nothing in angle brackets holds another. */
const TOKEN = /<([^<>]{1,20000})>/g;
/** `[label](address)` of a `markdown` block. */
const MARKDOWN_LINK = /\[([^[\]\n]{1,1000})\]\(([^()\s]{1,4000})\)/g;

/** Slack's own markup as a person reads it. Links are noted; the few escapes are undone, once. */
export function layMrkdwn(text: string, draft: ChatDraft): string {
  if (!text.includes('<')) return unescape(text);
  const pieces: string[] = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    pieces.push(unescape(text.slice(at, match.index)), layToken(match[1] ?? '', draft));
    at = match.index + match[0].length;
  }
  pieces.push(unescape(text.slice(at)));
  return pieces.join('');
}

/** A text in standard Markdown: only its links are of interest here. */
export function layMarkdown(text: string, draft: ChatDraft): string {
  return text.replace(MARKDOWN_LINK, (_, label: string, url: string) => `${label}${draft.link(url, label)}`);
}

function layToken(token: string, draft: ChatDraft): string {
  const bar = token.indexOf('|');
  const target = bar < 0 ? token : token.slice(0, bar);
  const label = bar < 0 ? '' : unescape(token.slice(bar + 1));
  switch (target.charAt(0)) {
    case '@':
      return label === '' ? target : `@${label.replace(/^@/, '')}`;
    case '#':
      return `#${label === '' ? target.slice(1) : label}`;
    case '!':
      return laySpecial(target.slice(1), label, draft);
    default: {
      const url = unescape(target);
      const mask = draft.link(url, label);
      return label === '' ? url : `${label}${mask}`;
    }
  }
}

/** `<!here>`, `<!subteam^S…|@name>`, `<!date^seconds^format^link|words>`. */
function laySpecial(target: string, label: string, draft: ChatDraft): string {
  const [kind = '', ...rest] = target.split('^', 4);
  if (kind === 'date') {
    const mask = rest[2] === undefined ? '' : draft.link(unescape(rest[2]), label);
    return `${label}${mask}`;
  }
  if (label !== '') return label.startsWith('@') ? label : `@${label}`;
  return `@${kind === 'subteam' ? (rest[0] ?? '') : kind}`;
}

const ESCAPES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

function unescape(text: string): string {
  return text.includes('&') ? text.replace(/&(?:amp|lt|gt);/g, (escape) => ESCAPES[escape] ?? escape) : text;
}
