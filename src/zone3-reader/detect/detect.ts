import type { Severity, Span } from '../findings.ts';
import type { HiddenRun } from '../hidden-runs.ts';
import { hear } from './hits.ts';
import type { Layer } from './layers.ts';
import { readLayers, readLeet } from './layers.ts';
import type { Evidence } from './score.ts';
import { scoreText } from './score.ts';

export interface DetectInput {
  readonly subject: string;
  readonly fromName: string;
  /** What the planner will read. */
  readonly body: string;
  /** What was cut off behind it. */
  readonly rest: string;
  readonly hidden: readonly HiddenRun[];
}

export interface Detected {
  readonly rule: string;
  readonly severity: Severity;
  readonly span: Span;
  readonly why: string;
}

export interface Detection {
  /** 0 to 1. */
  readonly score: number;
  readonly warning: boolean;
  readonly found: readonly Detected[];
  /** Score of each hidden run, in order. */
  readonly hiddenScores: readonly number[];
}

/** From here on a message is said to speak to a machine. */
export const WARNING_SCORE = 0.5;
const HIDDEN_FLOOR = 0.25;
const HIDDEN_BONUS = 0.35;
const LAYER_FLOOR = 0.25;
const LAYER_BONUS = 0.35;
const DEPTH_MAX = 2;

/** Looks for orders to a machine: in what is shown, in what was hidden, and in every encoding of both. Never a verdict. */
export function detectInjection(input: DetectInput): Detection {
  const found: Detected[] = [];
  let score = 0;
  const places: readonly [Span['part'], string][] = [
    ['subject', input.subject],
    ['from', input.fromName],
    ['body', input.body],
    ['removed', input.rest],
  ];
  for (const [part, text] of places) {
    if (text.length < 6) continue;
    const read = scoreAll(text);
    score = Math.max(score, read.score);
    for (const item of read.evidence) found.push(toDetected(item, part, text.length));
  }
  const hiddenScores = scoreHidden(input.hidden);
  score = Math.max(score, ...hiddenScores, 0);
  return { score, warning: score >= WARNING_SCORE, found, hiddenScores };
}

/** Read together first: a newsletter has dozens of short captions, and hardly ever one that says anything. */
function scoreHidden(runs: readonly HiddenRun[]): number[] {
  const together = scoreAll(runs.map((run) => run.text).join('\n\n')).score;
  if (together === 0) return runs.map(() => 0);
  return runs.map((run) => hiddenScore(scoreAll(run.text).score, run.kind));
}

/** Text that a person was not meant to see and that gives orders needs fewer of them. */
function hiddenScore(score: number, kind: HiddenRun['kind']): number {
  if (kind === 'alternative' || kind === 'conditional' || kind === 'title' || kind === 'header') return score;
  return score >= HIDDEN_FLOOR ? Math.min(1, score + HIDDEN_BONUS) : score;
}

interface Read {
  readonly score: number;
  readonly evidence: readonly Evidence[];
}

function scoreAll(text: string): Read {
  const heard = hear(text);
  const plain = scoreText(text, heard);
  let { score } = plain;
  const evidence = [...plain.evidence];
  const queue: { layer: Layer; depth: number; outer: Layer }[] = readLayers(text, heard).map((layer) => ({
    layer,
    depth: 1,
    outer: layer,
  }));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { layer, depth, outer } = next;
    const said = hear(layer.text);
    const inner = scoreText(layer.text, said);
    const gained =
      layer.how === 'look-alike letters' || layer.how === 'digits for letters' ? inner.score > plain.score : true;
    if (inner.score >= LAYER_FLOOR && gained) {
      score = Math.max(score, Math.min(1, inner.score + LAYER_BONUS));
      const top = inner.evidence[0];
      if (top !== undefined) {
        evidence.push({
          ...top,
          rule: 'injection_encoded',
          why: `${layer.how}: ${top.why}`,
          start: outer.start,
          end: outer.end,
          weight: inner.score,
        });
      }
    }
    if (depth >= DEPTH_MAX) continue;
    // What covers the whole text is read once more for digits only: everything else was looked for in the text itself.
    const inside = layer.text.length < text.length ? readLayers(layer.text, said) : readLeet(layer.text);
    for (const deeper of inside) queue.push({ layer: deeper, depth: depth + 1, outer });
  }
  return { score, evidence };
}

function toDetected(item: Evidence, part: Span['part'], length: number): Detected {
  return {
    rule: item.rule,
    severity: item.weight >= 0.6 ? 'high' : item.weight >= 0.4 ? 'medium' : 'low',
    span: { part, start: Math.min(item.start, length), end: Math.min(item.end, length) },
    why: item.why,
  };
}
