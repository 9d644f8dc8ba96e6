import type { Findings } from './findings.ts';
import { excerpt } from './findings.ts';
import type { HiddenRuns } from './hidden-runs.ts';
import { findInvisible } from './text/invisible.ts';

/** Reports invisible writing in `part` and keeps what it says for the detector. */
export function noteInvisible(
  text: string,
  part: 'subject' | 'body' | 'from',
  hidden: HiddenRuns,
  findings: Findings,
): void {
  const found = findInvisible(text);
  const span = { part, start: 0, end: 0 } as const;
  for (const message of found.messages) {
    hidden.add('invisible', message.how, message.text, 0);
    findings.add('invisible_message', 'high', `${message.how} spell ${excerpt(message.text)}`, span);
  }
  hidden.removed +=
    found.tags +
    found.bidi +
    (found.zeroWidth > 3 ? found.zeroWidth : 0) +
    (found.messages.length > 0 ? found.selectors : 0);
  if (found.tags > 0 && found.messages.length === 0)
    findings.add('tag_characters', 'medium', `${found.tags} tag characters were taken out`, span);
  if (found.bidi > 0)
    findings.add('bidi_controls', 'medium', `${found.bidi} controls that turn the reading order were taken out`, span);
  if (found.zeroWidth > 3)
    findings.add('zero_width', 'low', `${found.zeroWidth} zero-width characters were taken out`, span);
  if (found.softHyphens > 3)
    findings.add('soft_hyphens', 'info', `${found.softHyphens} soft hyphens were taken out`, span);
  if (found.selectors > 8)
    findings.add(
      'variation_selectors',
      'medium',
      `${found.selectors} stacked variation selectors were taken out`,
      span,
    );
  if (found.markFlood)
    findings.add('combining_flood', 'low', 'letters carried towers of marks, which were cut down', span);
  if (found.controls > 0)
    findings.add('control_characters', 'info', `${found.controls} control characters were taken out`, span);
}
