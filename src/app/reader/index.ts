/** A process of its own: nothing imports this room. */
export type { ReaderAnswer } from './jobs.ts';
