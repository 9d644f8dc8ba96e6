import type { Attempt } from '../attempt.ts';
import { ANSWER, call } from '../steps.ts';

const theme = 'other system call tables';
const GETPID = { i386: 20, x86_64: 39 } as const;
const X32_BIT = 0x40000000;

/** Numbers mean other calls here, and a filter that knows one table only is passed. They end an agent's zone too. */
export const TABLES: readonly Attempt[] = [
  {
    id: 'table-i386',
    theme,
    title: 'makes a call of the 32-bit table (int 0x80)',
    rows: [34],
    steps: () => [{ kind: 'i386', number: GETPID.i386, args: [], into: ANSWER }],
    atStart: true,
    heldBy: ['filter'],
    builtin: 'killed',
    agent: 'killed',
    twin: 'works',
    arch: 'x86_64',
  },
  {
    id: 'table-x32',
    theme,
    title: 'makes a call of the x32 table',
    rows: [35],
    steps: () => [call(X32_BIT + GETPID.x86_64)],
    atStart: true,
    heldBy: ['filter'],
    builtin: 'killed',
    agent: 'killed',
    twin: 'comes back',
    arch: 'x86_64',
  },
];
