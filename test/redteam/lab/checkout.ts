import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PROGRAMS = ['supervisor', 'probe', 'executor', 'connector', 'reader', 'planner', 'model'];

export interface CheckoutOptions {
  /** Programs of the attacker in the place of ours, by the name of their file in `attackers/`. */
  readonly planner?: 'planner';
  readonly reader?: 'reader';
  /** Changes the default policy that a first start brings. */
  readonly policy?: (text: string) => string;
}

/**
 * A checkout of its own: the packed programs as they are built, with the attacker's in the place of a zone's. The
 * supervisor, the executor and the walls are the product's, byte for byte.
 */
export function makeCheckout(at: string, options: CheckoutOptions): void {
  for (const name of PROGRAMS) {
    const packed = join(ROOT, 'dist', name);
    if (!existsSync(join(packed, 'main.mjs')))
      throw new Error(`\`dist/${name}\` is missing; run \`npm run build\` first`);
    cpSync(packed, join(at, 'dist', name), { recursive: true });
  }
  if (options.planner !== undefined) replace(at, 'planner', options.planner);
  if (options.reader !== undefined) replace(at, 'reader', options.reader);
  mkdirSync(join(at, 'policies'));
  const policy = readFileSync(join(ROOT, 'policies', 'default.cedar'), 'utf8');
  writeFileSync(join(at, 'policies', 'default.cedar'), (options.policy ?? ((text) => text))(policy));
}

function replace(at: string, program: string, attacker: string): void {
  const source = readFileSync(join(import.meta.dirname, '..', 'attackers', `${attacker}.ts`), 'utf8');
  writeFileSync(join(at, 'dist', program, 'main.mjs'), stripTypeScriptTypes(source));
}

/** The default policy with rates that do not get in the way of many attacks, and no delay of its own. */
export function roomyPolicy(text: string): string {
  return text
    .replaceAll('@rate("10/hour")', '@rate("5000/hour")')
    .replaceAll('@rate("120/hour, 1000 items/day")', '@rate("50000/hour, 100000 items/day")')
    .replaceAll('@rate("120/hour")', '@rate("5000/hour")')
    .replaceAll('@delay("10s")', '@delay("0s")');
}

/** Caps that many attacks need, and a short outbox. */
export const ROOMY_CONFIG = `{
  approvals: { pendingPerSession: 20, questionsPerDay: 200, questionsPerSender: 200, questionsReserved: 5, outboxDelay: "1s" },
}
`;
