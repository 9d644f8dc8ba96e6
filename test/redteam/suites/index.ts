import type { Suite } from '../attack.ts';
import { tokens } from './tokens.ts';
import { wire } from './wire.ts';

/** Every suite, in the order in which it is tried. */
export const SUITES: readonly Suite[] = [tokens, wire];
