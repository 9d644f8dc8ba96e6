import { EXTRACT_LIMITS } from '../../contracts/index.ts';
import type { Severity } from '../findings.ts';
import { cleanLine, cleanText, cutTo } from '../text/clean.ts';
import { isMixedScript } from '../text/confusables.ts';
import { hostInText, registrable } from './hosts.ts';
import type { RawLink } from './raw-link.ts';
import { withholdInText, withholdUrl } from './sign-in.ts';

export interface LinkNote {
  readonly rule: string;
  readonly severity: Severity;
  readonly why: string;
}

export interface InspectedLink {
  /** What stands in the extract: ASCII where it is a URL, secrets withheld. */
  readonly url: string;
  readonly text: string;
  /** Host of the target in ASCII, or empty. */
  readonly host: string;
  readonly notes: readonly LinkNote[];
}

const DANGEROUS = /^(?:javascript|data|vbscript|file|blob|view-source|ms-[a-z-]+|search-ms|jar|intent):/;
const REDIRECTS =
  'u|url|uri|q|r|to|go|goto|link|target|dest|destination|redir|redirect|redirect_?ur[il]|return|return_?to|next|continue|location|forward|out';
const CREDENTIALS =
  'pass(?:word|wd)?|pwd|secret|client_secret|api_?key|apikey|access_?key|access_?token|auth_?token|id_?token|refresh_?token|sessionid|session_?id|sid|jwt|bearer|private_?key';
const REDIRECT_NAMES = new RegExp(`^(?:${REDIRECTS})$`);
const CREDENTIAL_NAMES = new RegExp(`^(?:${CREDENTIALS})$`);
/** Characters of a link's text that are searched for addresses. */
const LABEL_CHARS_MAX = 2_400;
/** Asked of the whole query first: most addresses hold neither. */
const TELLING_PAIR = new RegExp(`[?&#](?:${REDIRECTS}|${CREDENTIALS})=`, 'i');

/** Reads one link: where it really goes, and what its text claims. Never throws. */
export function inspectLink(link: RawLink): InspectedLink {
  const notes: LinkNote[] = [];
  // The text of a link is often its address: what is secret in one is secret in the other.
  const text = cutTo(withholdInText(cleanLine(link.text, LABEL_CHARS_MAX)), EXTRACT_LIMITS.linkTextCharsMax);
  // Browsers drop tabs, line ends and leading controls inside a URL; so must we, or `java\nscript:` gets through.
  const source = cleanText(withoutLineEnds(link.url.slice(0, 16_384))).trim();
  const scheme = /^[a-z][a-z0-9+.-]{0,30}:/i.exec(source)?.[0].toLowerCase() ?? '';
  if (DANGEROUS.test(source.toLowerCase())) {
    notes.push({ rule: 'link_scheme', severity: 'high', why: `a link starts ${scheme} instead of going to a page` });
    return { url: cutTo(cleanLine(source, 80), 80), text, host: '', notes };
  }
  const absolute = scheme === '' && /^www\./i.test(source) ? `http://${source}` : source;
  const url = /^(?:https?|ftp):/i.test(absolute) ? URL.parse(absolute) : null;
  if (url === null) return { url: cleanLine(source, EXTRACT_LIMITS.linkUrlCharsMax), text, host: '', notes };
  const host = url.hostname.toLowerCase();
  inspectHost(link, source, url, notes);
  inspectText(text, host, notes);
  inspectQuery(url, notes);
  const withheld = withholdUrl(url);
  if (withheld.withheld !== '') {
    notes.push({
      rule: 'sign_in_link_withheld',
      severity: 'info',
      why: `${withheld.withheld} at ${host} was withheld`,
    });
  }
  if (withheld.url.length > EXTRACT_LIMITS.linkUrlCharsMax) {
    notes.push({
      rule: 'link_truncated',
      severity: 'low',
      why: `a link to ${host} is ${withheld.url.length} characters long`,
    });
  }
  return { url: cleanLine(withheld.url, EXTRACT_LIMITS.linkUrlCharsMax), text, host, notes };
}

/** No full stop, and nothing that could become one. */
const PLAIN_WORDS = /^[\x20-\x2d\x2f-\x7e\n\t]*$/;

/** What to write after a link whose text claims another host, or empty. */
export function linkMask(link: RawLink): string {
  if (PLAIN_WORDS.test(link.text)) return '';
  const claimed = hostInText(cleanLine(link.text, 400));
  if (claimed === '') return '';
  const { host } = inspectLink(link);
  return host !== '' && registrable(claimed) !== registrable(host) ? `[goes to ${host}]` : '';
}

function withoutLineEnds(url: string): string {
  return /[\t\r\n]/.test(url) ? url.replace(/[\t\r\n]/g, '') : url;
}

function inspectHost(link: RawLink, source: string, url: URL, notes: LinkNote[]): void {
  const host = url.hostname;
  if (url.username !== '' || url.password !== '') {
    notes.push({
      rule: 'link_userinfo',
      severity: 'high',
      why: `a link shows "${url.username}@" before its real host ${host}`,
    });
  }
  if (/(?:^|\.)xn--/.test(host)) {
    const shown = /:\/\/(?:[^/@]*@)?([^/?#:]*)/.exec(source)?.[1] ?? '';
    const mixed = isMixedScript(shown) || isMixedScript(link.text);
    notes.push({
      rule: 'link_international_host',
      severity: mixed ? 'high' : 'low',
      why: `a link goes to the international name ${host}${mixed ? ', written to look like another' : ''}`,
    });
  }
  if (/^[\d.]+$/.test(host) || host.startsWith('[')) {
    notes.push({ rule: 'link_ip_address', severity: 'low', why: `a link goes to the bare address ${host}` });
  }
}

function inspectText(text: string, host: string, notes: LinkNote[]): void {
  const claimed = hostInText(text);
  if (claimed === '' || registrable(claimed) === registrable(host)) return;
  notes.push({
    rule: 'link_text_mismatch',
    severity: 'medium',
    why: `a link's text says ${claimed}, it goes to ${host}`,
  });
}

function inspectQuery(url: URL, notes: LinkNote[]): void {
  if (!TELLING_PAIR.test(url.search) && !TELLING_PAIR.test(url.hash)) return;
  for (const pair of `${url.search.slice(1)}&${url.hash.slice(1)}`.split('&').slice(0, 60)) {
    const equals = pair.indexOf('=');
    if (equals <= 0) continue;
    const name = pair.slice(0, equals).toLowerCase();
    if (CREDENTIAL_NAMES.test(name) && pair.length > equals + 1) {
      notes.push({
        rule: 'link_credentials',
        severity: 'medium',
        why: `a link to ${url.hostname} carries a credential in \`${name}\``,
      });
    }
    if (!REDIRECT_NAMES.test(name)) continue;
    const inner = innerHost(pair.slice(equals + 1));
    if (inner !== '' && registrable(inner) !== registrable(url.hostname)) {
      notes.push({ rule: 'link_redirect', severity: 'low', why: `a link to ${url.hostname} passes on to ${inner}` });
    }
  }
}

function innerHost(value: string): string {
  let text = value.slice(0, 2_048);
  for (let i = 0; i < 2 && /%[0-9a-f]{2}/i.test(text); i++) {
    try {
      text = decodeURIComponent(text);
    } catch {
      break;
    }
  }
  const target = text.startsWith('//') ? `https:${text}` : text;
  return /^https?:\/\//i.test(target) ? (URL.parse(target)?.hostname ?? '') : '';
}
