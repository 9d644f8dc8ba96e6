import type { HiddenRun } from '../html/hidden-runs.ts';
import type { Severity, Span } from '../findings.ts';

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

const CLASSIC = /ignore (?:all )?(?:previous|prior|above) instructions/i;

export function detectInjection(input: DetectInput): Detection {
  const at = input.body.search(CLASSIC);
  const hiddenScores = input.hidden.map((run) => (CLASSIC.test(run.text) ? 1 : 0));
  const score = at >= 0 || hiddenScores.includes(1) ? 0.9 : 0;
  return {
    score,
    warning: score >= 0.5,
    hiddenScores,
    found:
      at < 0
        ? []
        : [
            {
              rule: 'injection_override',
              severity: 'high',
              span: { part: 'body', start: at, end: at + 20 },
              why: 'tells the reader to drop its instructions',
            },
          ],
  };
}
