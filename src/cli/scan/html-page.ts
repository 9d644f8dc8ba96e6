import { createHash } from 'node:crypto';

/** Style and script of the report. The page allows exactly these two and nothing else, by their digests. */
const STYLE = `
:root { color-scheme: light dark; --line: #8884; --high: #c62828; --medium: #b26a00; --low: #00728a; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } table { border-collapse: collapse; width: 100%; table-layout: fixed; }
td, th { border-bottom: 1px solid var(--line); padding: .35rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; unicode-bidi: isolate; }
th button { all: unset; cursor: pointer; font-weight: 600; } th button:focus-visible { outline: 2px solid; }
.high { color: var(--high); font-weight: 600; } .medium { color: var(--medium); font-weight: 600; } .low { color: var(--low); }
.l { width: 5rem; } .c { width: 6rem; } .p { width: 16rem; } .w { width: 14rem; } ul { margin: .25rem 0 0; padding-left: 1.1rem; }
.tools { display: flex; gap: .75rem; margin: 1rem 0; } input { flex: 1; padding: .4rem; } .gone { display: none; } summary { cursor: pointer; padding: .4rem 0; }
`;

const SCRIPT = `
(() => {
  const rows = [...document.querySelectorAll('tr[data-l]')];
  const text = document.getElementById('text'), level = document.getElementById('level');
  document.getElementById('tools').hidden = false;
  const filter = () => {
    const words = text.value.toLowerCase(), least = Number(level.value);
    for (const row of rows) row.classList.toggle('gone', Number(row.dataset.l) < least || !row.textContent.toLowerCase().includes(words));
    if (words) for (const page of document.querySelectorAll('details')) page.open = true;
  };
  let timer; text.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(filter, 150); });
  level.addEventListener('change', filter);
  const bodies = [...document.querySelectorAll('tbody.rows')], sizes = bodies.map((body) => body.rows.length);
  const key = { l: (row) => -Number(row.dataset.l), n: (row) => Number(row.dataset.n), w: (row) => row.cells[3].textContent.toLowerCase() };
  for (const button of document.querySelectorAll('button[data-k]')) button.addEventListener('click', () => {
    const of = key[button.dataset.k], sorted = [...rows].sort((a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0));
    let at = 0; bodies.forEach((body, i) => { body.append(...sorted.slice(at, at + sizes[i])); at += sizes[i]; });
  });
})();
`;

const POLICY = `default-src 'none'; style-src '${digest(STYLE)}'; script-src '${digest(SCRIPT)}'; base-uri 'none'; form-action 'none'`;

/** The page up to its body. `title` is ours. */
export function pageHead(title: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(POLICY)}">
<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer"><title>${escapeHtml(title)}</title>
<style>${STYLE}</style></head><body>
`;
}

export function pageTools(): string {
  return `<div class="tools" id="tools" hidden><input id="text" type="search" aria-label="filter" placeholder="filter by any word">
<select id="level" aria-label="level"><option value="0">all levels</option><option value="2">low and above</option><option value="3">medium and above</option><option value="4">high</option></select></div>
`;
}

export function pageEnd(): string {
  return `<script>${SCRIPT}</script></body></html>\n`;
}

/** Text as HTML text or attribute value; nothing in it can begin or end markup. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
