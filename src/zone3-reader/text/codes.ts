/** One-time codes: taken out of the text that a planner sees. A reducer, not a guarantee. */

export interface Withheld {
  readonly text: string;
  readonly count: number;
}

const MARK = '[code withheld]';
const REACH = 160;
/** Words that announce a code, by their stems, in the languages that our mail comes in. */
const ANNOUNCE = new RegExp(
  [
    '(?:verification|security|confirmation|authenti\\w+|access|log-?in|sign-?in|one-?time|single-?use|otp|2fa|mfa|two-?(?:factor|step)|temporary|recovery|activation|pairing|device|identity|account)\\W{1,3}(?:pass)?(?:code|pin|password|number|key)',
    '(?:one|single)[- ](?:time|use)\\W{1,3}(?:code|pin|pass\\w*)',
    '\\bpasscode|\\botp\\b|\\btan\\b|\\b2fa\\b|\\byour (?:code|pin)\\b|\\bcode (?:is|below|to (?:verify|log|sign|confirm))|\\benter (?:this|the(?: following)?) (?:code|pin)|\\buse (?:this )?(?:code|pin)\\b|\\bis your\\b[^.\\n]{0,40}\\bcode',
    'best[äa]tigungs-?code|sicherheits-?code|einmal-?(?:code|passwort|kennwort)|verifizierungs-?code|anmelde-?code|zugangs-?code|freigabe-?code',
    'code (?:de |d.)(?:v[ée]rification|s[ée]curit[ée]|confirmation|connexion|validation|acc[èe]s)|mot de passe (?:[àa] usage unique|temporaire)',
    'c[óo]digo de (?:verificaci[óo]n|seguridad|confirmaci[óo]n|acceso|verifica[çc][ãa]o|seguran[çc]a|confirma[çc][ãa]o|acesso)|codice (?:di|temporaneo)|(?:verificatie|bevestigings|beveiligings|inlog)-?code',
    'код (?:подтверждения|безопасности|проверки|доступа|для входа)|одноразов\\w* (?:код|пароль)|код[:\\s]',
    '验证码|驗證碼|校验码|动态密码|认证码|認証コード|確認コード|ワンタイム|セキュリティコード|인증번호|인증 ?코드|رمز التحقق',
  ].join('|'),
  'giu',
);
/** Every announcement holds one of these; looked for first, since that is cheap. */
const GATE = /cod|pin\b|pass|kennwort|otp|2fa|\btan\b|number|key/i;
/** The same beyond ASCII, and where such letters begin. */
const FAR_GATE = /код|парол|码|碼|密|コード|ワンタイム|인증|رمز|cód/i;
const FAR = /[\u00D3\u00F3\u0400-\u1FFF\u3000-\uFFFF]/;
const CODE =
  /(?<![\p{L}\p{N}$€£.,/#:@=_-])(?:[A-Z]{1,3}-\d{4,8}|\d{3}[ -]\d{3,4}|\d{2}[ -]\d{2}[ -]\d{2}|\d(?: \d){3,7}|\d{4,9}|(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9]{3,6}-[A-Z0-9]{3,6}(?:-[A-Z0-9]{3,6})?|(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{5,10})(?![\p{L}\p{N}%€@]|[.,]\d|[-/]\d)/gu;
const YEAR = /^(?:19|20)\d\d$/;

/** Replaces what looks like a code near words that announce one. */
export function withholdCodes(text: string): Withheld {
  if (!GATE.test(text) && !(FAR.test(text) && FAR_GATE.test(text))) return { text, count: 0 };
  const zones: [number, number][] = [];
  for (const match of text.matchAll(ANNOUNCE)) {
    zones.push([Math.max(0, match.index - REACH / 2), match.index + match[0].length + REACH]);
    if (zones.length > 500) break;
  }
  if (zones.length === 0) return { text, count: 0 };
  let count = 0;
  let zone = 0;
  const out = text.replace(CODE, (code: string, at: number) => {
    while (zone < zones.length && (zones[zone]?.[1] ?? 0) < at) zone += 1;
    const [from] = zones[zone] ?? [Number.POSITIVE_INFINITY];
    if (at < from || (YEAR.test(code) && !isAnnouncedYear(text, at))) return code;
    count += 1;
    return MARK;
  });
  return { text: out, count };
}

/** A number that looks like a year is a code only right after a colon or `is`. */
function isAnnouncedYear(text: string, at: number): boolean {
  return /(?:code|pin|otp|:|is)\s*:?\s*$/i.test(text.slice(Math.max(0, at - 16), at));
}
