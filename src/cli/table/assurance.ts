import type { CommandSpec } from './spec.ts';
import { given } from './spec.ts';

/** What can be said for the machine and the instance: how they are protected, and ten points that were tested. */
export const ASSURANCE_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'baseline',
    what: 'how this machine is protected: disk, boot, firewall, rights; each with evidence',
    options: [
      { flags: '--write <file>', what: 'write the document there, for your eyes only, instead of printing it' },
    ],
    examples: [
      ['hardshell baseline', 'the document, in Markdown; 3 when an item fails'],
      ['hardshell baseline --write security-baseline.md', 'keep it, and compare later'],
      ['hardshell baseline --json | jq .counts', 'for programs'],
    ],
    run: async (input, context) =>
      (await import('../commands/baseline.ts')).baseline(given({ write: input.text('write') }), context),
  },
  {
    name: 'verify',
    what: 'the final check: ten points of this instance, each by a test that is run now',
    options: [{ flags: '--quick', what: 'leave the attacks out; points 4 and 5 then count as not passed' }],
    examples: [
      ['hardshell verify', 'PASS, FAIL or NOT YET, with what was seen; 0 only when all ten pass'],
      ['hardshell verify --json | jq .passed', 'for programs'],
    ],
    run: async (input, context) =>
      (await import('../commands/verify.ts')).verify({ quick: input.on('quick') }, context),
  },
];
