import fc from 'fast-check';
import { parse } from 'parse5';
import { describe, expect, it } from 'vitest';
import { parseHtml } from '../../src/zone3-reader/html/tree.ts';
import { vectorRows } from './support.ts';

/** Everything that ends, opens, breaks or bends a token, and the elements with rules of their own. */
const PIECES = [
  ...'<div> </div> <p> </p> <table> </table> <tr> <td> </td> </tr> <b> </b> <i> </i> </a> <pre> <br/> <hr> <li> <ul> </ul>'.split(
    ' ',
  ),
  ...'<style> </style> </STYLE\u00A0> <title> </title> <textarea> </textarea> <script> </script> <svg> </svg> <math> <mi>'.split(
    ' ',
  ),
  ...'<select> <option> </select> <template> </template> <frameset> <noscript> </noscript> <head> </head> </body> </html>'.split(
    ' ',
  ),
  ...'<plaintext> <xmp> </xmp> <iframe> </iframe> <center> <form> </form> <caption> <col> <tbody> <nobr> <button> <object>'.split(
    ' ',
  ),
  ...'&amp; &nbsp; &#8203; &#x41; &#128; &#0; &amp &notit; &copy &copy= & && &# &#x &#12 < </ <! <!- <!-- --> <!----> <!-->'.split(
    ' ',
  ),
  ...'<!---> --!> <![CDATA[ ]]> <1> </1> <div <o:p> <A\u0020HREF=Y> <p/> \0 \f \t > " \' \uD83D 😀 é \v \u00A0'.split(' '),
  ...['\n', '\n\n', '  ', '\r\n', '\r', 'text', 'a b', ' c ', '& ', '</ div>', '<?xml ?>', '<!-- a -->', '<!doctype html>'],
  ...['<a href="x?a=1&b=2&amp;c=3">', '<body bgcolor=#fff>', '<html lang=en>', '<img src=x/>', '<br / >', '<a b=c"d>'],
  ...['<input value="a&lt;b" VALUE=2>', '<a b="c"d>', '<a b =c>', '<a b= "c" />', '<a =b>', "<a b='c&apos;'>", '<div a="'],
  ...['<x-y z:w="1">', '<a\nb\n=\n"c">', '<a b=&amp;c d=1&2>', '<a b="&notit;&not=">', '<div a', '<div a=', '</p x>'],
]; // prettier-ignore

describe('the short way through a page', () => {
  it('builds the tree that a browser would from any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }), (pieces) => {
        const page = pieces.join('');
        expect(shapeOf(parseHtml(page).document)).toEqual(shapeOf(parse(page, { scriptingEnabled: false })));
      }),
      { numRuns: process.env['SLOW'] === '1' ? 100_000 : 1_500 },
    );
  });

  it('builds the same tree from every vector', () => {
    const rows = vectorRows<{ readonly html: string }>('html.jsonl');
    expect(rows.length).toBeGreaterThan(100);
    for (const { html } of rows)
      expect(shapeOf(parseHtml(html).document)).toEqual(shapeOf(parse(html, { scriptingEnabled: false })));
  });

  it('shares nothing that the tree builder changes', () => {
    const page =
      '<html><html a=1><html><body><body b=2><body><p c=3><svg viewbox=4 xlink:href=5><p c=3></svg><p xlink:href=5><svg viewbox=4>';
    expect(shapeOf(parseHtml(page).document)).toEqual(shapeOf(parse(page, { scriptingEnabled: false })));
    expect(shapeOf(parseHtml('<html><p>').document)).toEqual(shapeOf(parse('<html><p>', { scriptingEnabled: false })));
  });

  it('gives a page of nothing but oddities to the parser whole', () => {
    const page = '<p a"b>&unknown; <![CDATA[x]]>\0'.repeat(400);
    expect(shapeOf(parseHtml(page).document)).toEqual(shapeOf(parse(page, { scriptingEnabled: false })));
  });
});

/** A tree as text, without the links to parents. */
function shapeOf(root: object): string {
  return JSON.stringify(root, (key, value: unknown) => (key === 'parentNode' ? undefined : value));
}
