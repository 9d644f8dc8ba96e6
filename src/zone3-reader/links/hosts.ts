/** Second-level labels under which registries hand out names: `co.uk`, `com.br`. */
const SHARED_SECOND: ReadonlySet<string> = new Set(
  'co com net org gov edu ac or ne go gob nom ltd plc me sch'.split(' '),
);
/** Hosts whose customers are strangers to one another: each name under them stands for itself. */
const SHARED_HOSTS: readonly string[] = [
  'github.io', 'gitlab.io', 'herokuapp.com', 'web.app', 'firebaseapp.com', 'vercel.app', 'netlify.app', 'pages.dev', 'workers.dev',
  'blogspot.com', 'wordpress.com', 'azurewebsites.net', 'cloudfront.net', 'amazonaws.com', 'appspot.com', 'ngrok.io', 'weebly.com',
  'wixsite.com', 'myshopify.com', 'r2.dev', 'glitch.me', 'repl.co', 'onrender.com', 'fly.dev',
]; // prettier-ignore

/**
 * The part of a host that one party registered. Without the Public Suffix List it is a rule of thumb: two labels, three
 * under shared second levels, four under hosting platforms. It decides between findings only.
 */
export function registrable(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (/^[\d.]+$/.test(name) || name.startsWith('[')) return name;
  const labels = name.split('.');
  const shared = SHARED_HOSTS.find((suffix) => name.endsWith(`.${suffix}`));
  if (shared !== undefined) return labels.slice(-(shared.split('.').length + 1)).join('.');
  const second = labels.at(-2) ?? '';
  const top = labels.at(-1) ?? '';
  const keep = labels.length >= 3 && top.length === 2 && SHARED_SECOND.has(second) ? 3 : 2;
  return labels.slice(-keep).join('.');
}

const HOST_IN_TEXT =
  /(?:^|[\s(<"'[])(?:(?:https?|ftp):\/\/)?(?:[^\s/@<>"']{1,100}@)?((?:[\p{L}\p{N}_](?:[\p{L}\p{N}_-]{0,62})\.){1,8}(?:xn--[a-z0-9-]{2,59}|\p{L}{2,24}))(?=[\s/:?#)>\]"',.!]|$)/iu;
const FILE_ENDINGS =
  /\.(?:pdf|docx?|xlsx?|pptx?|txt|zip|html?|png|jpe?g|gif|js|ts|py|sh|md|csv|json|exe|rar|java|cpp|rs|go|rb|so)$/i;

/** The host that a link's visible text claims, in ASCII form, or empty when the text claims none. */
export function hostInText(text: string): string {
  if (!text.includes('.')) return '';
  const match = HOST_IN_TEXT.exec(text.slice(0, 400));
  const name = match?.[1] ?? '';
  if (name === '' || (FILE_ENDINGS.test(name) && !/:\/\//.test(text))) return '';
  return URL.parse(`http://${name}/`)?.hostname ?? '';
}
