import {
  ESCAPE_LIST,
  judgeWall,
  proveWall,
  THEMES,
  type AttemptProof,
  type Theme,
  type WallProof,
} from '../../../src/isolation/index.ts';
import { asAgent, openEscapeBench, type EscapeBench } from '../../isolation/escape/bench.ts';
import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';

/** A lab in which the list has been run, once for each wall. */
export interface Proven {
  readonly proofs: readonly WallProof[];
}

interface EscapeLab extends Proven {
  readonly bench: EscapeBench;
}

/** The escape list of the isolation room, a theme an attack: what is tried and how it is judged stands there alone. */
export const escape: Suite = defineSuite<EscapeLab>({
  name: 'escape',
  title: 'out of the sandbox, by system calls that no program of ours makes',
  open: async () => {
    const bench = await openEscapeBench();
    const { driver, stage, spec } = bench;
    const proofs: WallProof[] = [];
    for (const one of [spec, asAgent(spec)]) proofs.push(await proveWall({ driver, stage, spec: one, scope: 'full' }));
    return { bench, proofs };
  },
  close: ({ bench }) => bench.close(),
  attacks: THEMES.map((theme, i) =>
    attackOf(theme, `esc-${String(i + 1).padStart(2, '0')}`, 'a zone of ours and from an agent’s'),
  ),
});

/** The attempts of a theme as one attack, judged as the list itself is. `from`: whose walls are proven in the lab. */
export function attackOf(theme: Theme, id: string, from: string): Attack<Proven> {
  const count = ESCAPE_LIST.filter((attempt) => attempt.theme === theme).length;
  return {
    id,
    attacker: 'zone',
    title: `${theme}: ${count} ${count === 1 ? 'attempt' : 'attempts'} from ${from}`,
    expect: 'all held that the mode in force claims to hold',
    attack: ({ proofs }) => Promise.resolve(heldIn(proofs, theme)),
    twin: 'the same programs outside the sandbox, where they work or arrive',
    allowed: ({ proofs }) => Promise.resolve(seenFor(proofs, theme)),
  };
}

const ofTheme = (proof: WallProof, theme: Theme): AttemptProof[] =>
  proof.attempts.filter(({ attempt }) => attempt.theme === theme);

function heldIn(proofs: readonly WallProof[], theme: Theme): Trial {
  const told = proofs.map((proof) => {
    const own = { ...proof, attempts: ofTheme(proof, theme) };
    const verdict = judgeWall(own);
    const held = own.attempts.filter(({ reading }) => reading.kind === 'held').length;
    const known = verdict.kind === 'refused' ? verdict.reasons : verdict.degraded;
    return {
      ok: verdict.kind === 'stands',
      saw: [`${proof.wall.profile}: ${held} of ${own.attempts.length} held`, ...known],
    };
  });
  return trial(
    told.every(({ ok }) => ok),
    told.flatMap(({ saw }) => saw).join('; '),
  );
}

function seenFor(proofs: readonly WallProof[], theme: Theme): Trial {
  const own = proofs.slice(0, 1).flatMap((proof) => ofTheme(proof, theme));
  const missing = own
    .filter(({ twin }) => twin.kind !== 'seen')
    .map(({ attempt, twin }) => `${attempt.id} ${twin.raw}`);
  const saw = [`${own.length - missing.length} of ${own.length} seen`, ...missing.map((one) => `not here: ${one}`)];
  return trial(missing.length < own.length, saw.join('; '));
}
