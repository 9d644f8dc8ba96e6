import type { AttemptProof, WallProof } from './run-list.ts';

/** What follows from a proof. */
export type WallVerdict =
  /** `degraded`: what worked, and the wall in force cannot hold. `unseen`: what was held and no twin shows that it could have worked. */
  | { readonly kind: 'stands'; readonly degraded: readonly string[]; readonly unseen: readonly string[] }
  /** Sentences that name what worked, or could not be told. */
  | { readonly kind: 'refused'; readonly reasons: readonly string[] };

/** INVARIANT: what is claimed and worked, or is claimed and could not be told, refuses the start. */
export function judgeWall(proof: WallProof): WallVerdict {
  const reasons = [...blindness(proof), ...proof.attempts.flatMap((one) => refusal(proof, one))];
  if (reasons.length > 0) return { kind: 'refused', reasons };
  return {
    kind: 'stands',
    degraded: proof.attempts.flatMap(({ attempt, reading, claim }) =>
      reading.kind === 'open' && claim.kind === 'lost' ? [`a zone ${attempt.title}: ${claim.reason}`] : [],
    ),
    unseen: proof.attempts.flatMap(({ attempt, reading, twin }) =>
      reading.kind === 'held' && twin.kind === 'not_here' ? [`${attempt.id}: outside ${twin.raw}`] : [],
    ),
  };
}

function blindness({ zone, controls }: WallProof): readonly string[] {
  const failed = controls.filter(({ reading }) => reading.kind !== 'open');
  const what = failed.map(({ control, reading }) => `${control.title} (${reading.raw})`);
  if (controls.length === 0) return [`the wall of \`${zone}\` could not be proven: no probe of it came back`];
  if (failed.length === 0) return [];
  return [
    `the wall of \`${zone}\` could not be proven: the probe could not ${what.join(', or ')}, which a zone may, so that what else it could not do proves nothing`,
  ];
}

function refusal({ zone, wall }: WallProof, { attempt, reading, claim }: AttemptProof): readonly string[] {
  if (claim.kind !== 'claimed') return [];
  const holds = `mode ${wall.mode} of \`${wall.driver}\` must hold (${attempt.heldBy.join(', ')})`;
  switch (reading.kind) {
    case 'open':
      return [
        `the wall of \`${zone}\` is open: what is in it ${attempt.title} (\`${attempt.id}\`: ${reading.raw}), which ${holds}`,
      ];
    case 'cannot_tell':
      return [
        `the wall of \`${zone}\` could not be proven: whether what is in it ${attempt.title} (\`${attempt.id}\`) is not known, since ${reading.raw}; ${holds} that`,
      ];
    case 'held':
    case 'not_run':
      return [];
    default:
      return reading satisfies never;
  }
}
