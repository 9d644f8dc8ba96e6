// A seeded generator of newsletters as they are sent today: nested layout tables, a style sheet with media queries,
// inline styles on everything, tracked links, preheader, Outlook comments, a plain alternative. 5 to 100 KB of HTML.

const WORDS =
  'the offer of this week brings new ideas for your home and garden with fresh colours simple tools and good prices we tested every product in our own kitchen so that you do not have to read more about how our readers travel cook build and learn together members save on shipping until sunday evening while stocks last thank you for being with us since the first letter autumn stories from the north a slow walk along the coast what to plant now and what to leave until spring'.split(
    ' ',
  );

/** Numbers of a seed: the same on every machine. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** `count` raw mails of a seed. */
export function makeMails(count, seed = 20_260_101) {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, i) => Buffer.from(makeMail(i, random)));
}

function makeMail(index, random) {
  // Sizes of real newsletters: most are small, a few are large.
  const target = 5_000 + Math.floor(95_000 * random() ** 2);
  const html = makeHtml(target, random);
  const boundary = `b${index}`;
  return [
    `From: "Shop ${index}" <news@shop${index % 50}.example>`,
    'To: reader@example.org',
    `Subject: =?utf-8?Q?Week_${index}:_new_=E2=80=93_and_worth_reading?=`,
    'Date: Tue, 3 Mar 2026 10:20:30 +0100',
    'MIME-Version: 1.0',
    `Content-Type: multipart/alternative; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    sentence(120, random),
    `--${boundary}`,
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    quotedPrintable(html),
    `--${boundary}--`,
    '',
  ].join('\r\n');
}

function makeHtml(target, random) {
  const pieces = [
    HEAD,
    `<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">${sentence(12, random)}&zwnj;&nbsp;&zwnj;</div>`,
  ];
  let size = HEAD.length;
  while (size < target) {
    const block = random() < 0.7 ? article(random) : row(random);
    pieces.push(block);
    size += block.length;
  }
  pieces.push(FOOT);
  return pieces.join('\n');
}

function article(random) {
  const link = `https://click.shop.example/track/${Math.floor(random() * 1e12).toString(36)}?utm_source=newsletter&amp;utm_medium=email&amp;id=${Math.floor(random() * 1e6)}`;
  return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="border-collapse:collapse;background-color:#ffffff"><tr><td class="col pad" align="left" valign="top" style="padding:20px 30px;font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:24px;color:#333333">
<a href="${link}" target="_blank" style="text-decoration:none"><img src="https://img.shop.example/${Math.floor(random() * 1e6)}.jpg" width="540" alt="${sentence(5, random)}" style="display:block;border:0;width:100%;max-width:540px"></a>
<h2 style="margin:0 0 12px;font-size:22px;line-height:28px;color:#111111">${sentence(6, random)}</h2>
<p style="margin:0 0 16px">${sentence(40, random)} <strong>${sentence(4, random)}</strong>, ${sentence(25, random)}.</p>
<table cellpadding="0" cellspacing="0" border="0"><tr><td class="btn" bgcolor="#0a66c2" style="border-radius:4px;background:#0a66c2"><a href="${link}" style="display:inline-block;padding:12px 24px;font-size:16px;color:#ffffff;text-decoration:none">${sentence(3, random)}</a></td></tr></table>
</td></tr></table>
<!--[if mso]><table><tr><td width="600"><![endif]-->`;
}

function row(random) {
  const cell = () =>
    `<td class="third" width="33%" style="padding:8px;font-size:14px;line-height:20px;color:#555555"><a href="https://shop.example/p/${Math.floor(random() * 1e6)}" style="color:#0a66c2">${sentence(3, random)}</a><br><span class="price" style="font-weight:bold;color:#c0392b">${(random() * 100).toFixed(2)} &euro;</span><br>${sentence(10, random)}</td>`;
  return `<table width="100%" cellpadding="0" cellspacing="0"><tr>${cell()}${cell()}${cell()}</tr></table>`;
}

const HEAD = `<!DOCTYPE html><html lang="en" xmlns:v="urn:schemas-microsoft-com:vml"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Newsletter</title><style type="text/css">
body,table,td,a{-webkit-text-size-adjust:100%;-ms-text-size-adjust:100%} table,td{mso-table-lspace:0;mso-table-rspace:0} img{-ms-interpolation-mode:bicubic;border:0;height:auto;line-height:100%}
body{margin:0!important;padding:0!important;width:100%!important;background:#f4f4f4} .pad{padding:20px} .btn a{color:#fff} .price{color:#c0392b} a[x-apple-data-detectors]{color:inherit!important}
.mobile{display:none;max-height:0;overflow:hidden} .third{width:33%} #footer a{color:#888} table.outer > tbody > tr > td{padding:0}
@media only screen and (max-width:600px){.col{width:100%!important;display:block!important}.mobile{display:block!important;max-height:none!important}.third{width:100%!important;display:block!important}}
</style></head><body style="margin:0;padding:0;background-color:#f4f4f4"><table class="outer" width="100%" bgcolor="#f4f4f4"><tr><td align="center"><div style="max-width:600px;margin:0 auto">`;
const FOOT = `<div id="footer" style="padding:20px;font-size:12px;line-height:18px;color:#888888">You get this letter because you asked for it. <a href="https://shop.example/unsubscribe?u=1">Unsubscribe</a></div></div></td></tr></table><img src="https://click.shop.example/o.gif" width="1" height="1" alt=""></body></html>`;

function sentence(words, random) {
  return Array.from({ length: words }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ');
}

/** Lines of at most 76 characters; an escape is never cut in two. */
function quotedPrintable(text) {
  return text
    .split('\n')
    .map((line) => {
      const atoms = line.match(/[ -<>-~]{1,8}|[^]/gu) ?? [];
      let out = '';
      let width = 0;
      for (const atom of atoms) {
        const coded = /^[ -<>-~]+$/.test(atom)
          ? atom
          : Array.from(Buffer.from(atom), (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
        if (width + coded.length > 72) {
          out += '=\r\n';
          width = 0;
        }
        out += coded;
        width += coded.length;
      }
      return out;
    })
    .join('\r\n');
}
