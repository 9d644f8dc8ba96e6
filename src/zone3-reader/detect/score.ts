import { matchesOf } from '../text/matches.ts';
import { BIT } from './concepts.ts';
import type { Heard, Hit } from './hits.ts';

import { mayMatch } from './marker.ts';
import { MACHINE_MARKERS } from './markers-machine.ts';
import { ORDER_MARKERS } from './markers-order.ts';
import { matchSequences } from './sequences.ts';
import { vocatives } from './vocative.ts';

export interface Evidence {
  readonly rule: string;
  readonly weight: number;
  readonly start: number;
  readonly end: number;
  readonly why: string;
}

export interface Scored {
  readonly score: number;
  /** Heaviest first; one of each rule and place. */
  readonly evidence: readonly Evidence[];
}

/** Orders stand together: evidence further apart than this does not add up. */
const WINDOW_CHARS = 700;
/** Words about attacks beside quoted orders: somebody explains. It weakens, it never clears. */
const QUOTED_FACTOR = 0.5;
const TREATISE_FACTOR = 0.35;
const ABOUT_MIN = 2;
const ABOUT_MANY = 4;
const ABOUT_CHARS = 400;
/** Evidence below this is not shown by itself. */
const SHOWN_MIN = 0.3;
/** Speaking to a machine is no quotation of an order: who explains attacks does not call on assistants. */
const DIRECT: ReadonlySet<string> = new Set(['injection_addressed', 'injection_frame']);
const MARKERS = [...MACHINE_MARKERS, ...ORDER_MARKERS];
const MARKER_HITS_MAX = 40;

/** How much `text` speaks to a machine: independent mechanisms within one window, combined as independent doubts. */
export function scoreText(text: string, { hits, words }: Heard): Scored {
  const evidence = [...sequenceEvidence(hits), ...vocatives(text, hits), ...markerEvidence(text, words)];
  if (evidence.length === 0) return { score: 0, evidence: [] };
  const about = hits.filter((hit) => (hit.mask & BIT.about) !== 0).map((hit) => hit.start);
  const weighed = evidence
    .map((item) => ({
      ...item,
      weight: DIRECT.has(item.rule) ? item.weight : item.weight * explanation(about, item, text),
    }))
    .sort((x, y) => x.start - y.start);
  return { score: bestWindow(weighed), evidence: strongest(weighed) };
}

function sequenceEvidence(hits: readonly Hit[]): Evidence[] {
  return matchSequences(hits).map(({ sequence, start, end }) => ({
    rule: sequence.rule,
    weight: sequence.weight,
    start,
    end,
    why: sequence.why,
  }));
}

function markerEvidence(text: string, words: ReadonlyMap<string, number>): Evidence[] {
  const found: Evidence[] = [];
  for (const candidate of MARKERS) {
    if (!mayMatch(candidate, text, words)) continue;
    const { rule, weight, pattern, why } = candidate;
    for (const match of matchesOf(pattern, text, MARKER_HITS_MAX))
      found.push({ rule, weight, start: match.index, end: match.index + match[0].length, why });
  }
  return found;
}

/** How much of an order is left beside two words about attacks, or beside one when it stands in quotes: 1 is all. */
function explanation(about: readonly number[], item: Evidence, text: string): number {
  let near = 0;
  for (const place of about) if (Math.abs(place - item.start) <= ABOUT_CHARS) near += 1;
  if (near >= ABOUT_MANY) return TREATISE_FACTOR;
  if (near >= ABOUT_MIN) return QUOTED_FACTOR;
  const quoted = /["'`\u201C\u00AB]\s?$/.test(text.slice(Math.max(0, item.start - 3), item.start));
  return near > 0 && quoted ? QUOTED_FACTOR : 1;
}

/** INVARIANT: sorted by start. Each rule counts once a window with its heaviest evidence. */
function bestWindow(items: readonly Evidence[]): number {
  let best = 0;
  let from = 0;
  for (let to = 0; to < items.length; to++) {
    while ((items[to]?.start ?? 0) - (items[from]?.start ?? 0) > WINDOW_CHARS) from += 1;
    const heaviest = new Map<string, number>();
    for (let i = Math.max(from, to - 40); i <= to; i++) {
      const item = items[i];
      if (item !== undefined) heaviest.set(item.rule, Math.max(heaviest.get(item.rule) ?? 0, item.weight));
    }
    let doubt = 1;
    for (const weight of heaviest.values()) doubt *= 1 - weight;
    best = Math.max(best, 1 - doubt);
  }
  return best;
}

function strongest(items: readonly Evidence[]): Evidence[] {
  const kept: Evidence[] = [];
  for (const item of [...items].sort((x, y) => y.weight - x.weight)) {
    if (item.weight < SHOWN_MIN || kept.length >= 12) break;
    if (!kept.some((other) => other.rule === item.rule && Math.abs(other.start - item.start) < 200)) kept.push(item);
  }
  return kept;
}
