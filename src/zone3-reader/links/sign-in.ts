/** Words of a path that open a session, change a password or confirm an identity when the link is followed. */
const AUTH_PATH =
  /(?:^|[/_.-])(?:magic|magic-?link|log-?in|logon|sign-?in|signin|sso|auth|authenticate|oauth2?|verify|verification|verify-?email|confirm|confirmation|confirm-?email|activate|activation|reset|reset-?password|password-?reset|recover|recovery|passwordless|one-?time|otp|token|invite|invitation|accept-?invite|unlock|approve-?device|session)(?:[/_.-]|$)/i;
const NOT_AUTH_PATH = /unsubscribe|optout|opt-out|preferences|listserv/i;
const TOKEN_NAMES =
  /^(?:token|t|code|key|otp|ticket|sig|signature|auth|auth_?token|access_?token|id_?token|login_?token|magic|hash|nonce|oobcode|confirmation_?token|reset_?password_?token|verification|jwt|state|password|passwd|pwd|secret|api_?key|client_secret|session_?id|sessionid)$/i;
const SECRETS =
  'password|passwd|pwd|secret|client_secret|api_?key|access_?token|id_?token|refresh_?token|jwt|private_?key';
const SECRET_NAMES = new RegExp(`^(?:${SECRETS})$`, 'i');
/** Asked of the whole query first: most addresses hold nothing of the kind. */
const SECRET_PAIR = new RegExp(`[?&#](?:${SECRETS})=`, 'i');
const MARK = 'withheld';

export interface WithheldUrl {
  readonly url: string;
  /** What was taken out, in words, or empty. */
  readonly withheld: string;
}

/**
 * Takes the secret out of a sign-in link and out of credentials in a query, and leaves host and path for a person to
 * judge. A reducer, not a guarantee: a link without any telling word passes.
 */
export function withholdUrl(url: URL): WithheldUrl {
  const authPath = AUTH_PATH.test(url.pathname) && !NOT_AUTH_PATH.test(url.pathname);
  if (!authPath && !SECRET_PAIR.test(url.search) && !SECRET_PAIR.test(url.hash)) return { url: url.href, withheld: '' };
  let what = '';
  const path = authPath
    ? url.pathname
        .split('/')
        .map((segment) => (isSecretLike(segment) ? ((what = 'a sign-in link'), MARK) : segment))
        .join('/')
    : url.pathname;
  const clean = (query: string): string =>
    query
      .split('&')
      .map((pair) => {
        const equals = pair.indexOf('=');
        const name = equals < 0 ? '' : pair.slice(0, equals);
        const value = equals < 0 ? pair : pair.slice(equals + 1);
        const secret = SECRET_NAMES.test(name) && value !== '';
        if (!secret && !(authPath && (isSecretLike(value) || (TOKEN_NAMES.test(name) && value.length >= 4))))
          return pair;
        what = what === '' ? (authPath ? 'a sign-in link' : 'a credential in a link') : what;
        return equals < 0 ? MARK : `${name}=${MARK}`;
      })
      .join('&');
  const search = url.search === '' ? '' : `?${clean(url.search.slice(1))}`;
  const hash = url.hash === '' ? '' : `#${clean(url.hash.slice(1))}`;
  if (what === '') return { url: url.href, withheld: '' };
  // Userinfo is left out as well: it is either a credential or a disguise, and a finding names it.
  return { url: `${url.protocol}//${url.host}${path}${search}${hash}`, withheld: what };
}

const URL_IN_TEXT = /\bhttps?:\/\/[^\s<>"'`]{3,2048}/giu;

/** The same for every address that stands in a text. */
export function withholdInText(text: string): string {
  if (!text.includes('://')) return text;
  return text.replace(URL_IN_TEXT, (match) => {
    const { url, withheld } = URL.canParse(match) ? withholdUrl(new URL(match)) : { url: match, withheld: '' };
    return withheld === '' ? match : url;
  });
}

/** Long and mixed: nothing that a person would have written as a word of a path. */
function isSecretLike(segment: string): boolean {
  if (segment.length < 16) return false;
  if (segment.startsWith('eyJ') && segment.length > 30) return true;
  const digits = segment.replace(/\D/g, '').length;
  return (
    (digits >= 3 && /[a-z]/i.test(segment)) ||
    (segment.length >= 24 && /[a-z]/.test(segment) && /[A-Z]/.test(segment) && !segment.includes('-'))
  );
}
