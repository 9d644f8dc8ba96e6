import { isStricter, type Decision, type PolicyRecord } from '../contracts/index.ts';
import type { CompiledPolicy } from './compile.ts';
import { decide } from './decide.ts';
import { quote, sayDecision } from './words.ts';

export interface ReplayChange {
  readonly id: string;
  readonly action: string;
  readonly before: Decision;
  readonly after: Decision;
  /** `looser` also when it is looser in one part and stricter in another: that is what an owner must look at. */
  readonly direction: 'stricter' | 'looser';
  readonly words: string;
}

export interface Replay {
  readonly total: number;
  readonly changes: readonly ReplayChange[];
}

/**
 * What a new policy would have decided on recorded requests. Compared with what `before` says today, or with the
 * recorded decisions when there is no such policy. Rules that go by another name but bind alike are no change.
 */
export function replay(records: readonly PolicyRecord[], before: CompiledPolicy | null, after: CompiledPolicy): Replay {
  const changes: ReplayChange[] = [];
  for (const { id, request, decision } of records) {
    const was = before === null ? decision : decide(request, before);
    const is = decide(request, after);
    const looser = isStricter(was, is);
    if (!looser && !isStricter(is, was)) continue;
    const direction = looser ? 'looser' : 'stricter';
    const words = `${quote(request.action)} was ${sayDecision(was)}; would be ${sayDecision(is)}`;
    changes.push({ id, action: request.action, before: was, after: is, direction, words });
  }
  return { total: records.length, changes };
}
