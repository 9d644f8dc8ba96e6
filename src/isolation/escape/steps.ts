import type { CONDITION } from './record.ts';

/** An argument of a call. All but `result` are fixed when the program is built. */
export type Arg =
  | number
  | bigint
  /** Address of a text that ends in a zero byte. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** Address of 64-bit words: how structures with pointers are written. */
  | { readonly kind: 'words'; readonly words: readonly Arg[] }
  /** What an earlier step answered. */
  | { readonly kind: 'result'; readonly of: string }
  /** Address of zeroed memory. What is kept comes back with the answers. */
  | { readonly kind: 'buffer'; readonly name: string; readonly bytes: number; readonly kept: boolean };

/** One record of a program, with names where the machine has numbers. Labels and results belong to one attempt. */
export type Step =
  | {
      readonly kind: 'call';
      /** Name, or a bare number for what no table names. */
      readonly call: string | number;
      readonly args: readonly Arg[];
      readonly into: string;
      /** Where a child that the call makes goes on. */
      readonly child?: string;
    }
  | { readonly kind: 'i386'; readonly number: number; readonly args: readonly Arg[]; readonly into: string }
  | { readonly kind: 'jump'; readonly when: keyof typeof CONDITION; readonly value: Arg; readonly to: string }
  | { readonly kind: 'label'; readonly name: string }
  | {
      readonly kind: 'compute';
      readonly with: 'add' | 'subtract' | 'peek';
      readonly left: Arg;
      readonly right: Arg;
      readonly into: string;
    }
  | { readonly kind: 'poke'; readonly address: Arg; readonly value: Arg };

/** The result that decides an attempt, and the label behind its last step. */
export const ANSWER = 'answer';
export const END = 'end';

export const text = (value: string): Arg => ({ kind: 'text', text: value });
export const bytes = (value: Buffer): Arg => ({ kind: 'bytes', bytes: value });
export const words = (...values: readonly Arg[]): Arg => ({ kind: 'words', words: values });
export const result = (of: string): Arg => ({ kind: 'result', of });
export const scratch = (name: string, size: number): Arg => ({ kind: 'buffer', name, bytes: size, kept: false });
export const kept = (name: string, size: number): Arg => ({ kind: 'buffer', name, bytes: size, kept: true });

export const call = (name: string | number, ...args: readonly Arg[]): Step => into(ANSWER, name, ...args);
export const into = (name: string, what: string | number, ...args: readonly Arg[]): Step => ({
  kind: 'call',
  call: what,
  args,
  into: name,
});
/** A call that may make a child, which goes on at a label. Its answer there is not written down. */
export const forking = (child: string, name: string, what: string, ...args: readonly Arg[]): Step => ({
  kind: 'call',
  call: what,
  args,
  into: name,
  child,
});
export const set = (name: string, value: Arg): Step => plus(name, value, 0);
export const plus = (name: string, left: Arg, right: Arg): Step => ({
  kind: 'compute',
  with: 'add',
  left,
  right,
  into: name,
});
export const minus = (name: string, left: Arg, right: Arg): Step => ({
  kind: 'compute',
  with: 'subtract',
  left,
  right,
  into: name,
});
export const peek = (name: string, address: Arg): Step => ({
  kind: 'compute',
  with: 'peek',
  left: address,
  right: 0,
  into: name,
});
export const poke = (address: Arg, value: Arg): Step => ({ kind: 'poke', address, value });
export const label = (name: string): Step => ({ kind: 'label', name });
export const jump = (to: string, when: keyof typeof CONDITION = 'always', value: Arg = 0): Step => ({
  kind: 'jump',
  when,
  value,
  to,
});

/** One call after the other; the first that is refused is the answer. */
export function chain(...steps: readonly Step[]): readonly Step[] {
  return steps.flatMap((step) => {
    if (step.kind !== 'call') return [step];
    const answered = step.into === ANSWER ? [] : [set(ANSWER, result(step.into))];
    return [step, ...answered, jump(END, 'negative', result(ANSWER))];
  });
}

/** One try after the other until one works. `which` is the number of the last one tried. */
export function firstOf(tries: readonly (readonly Step[])[]): readonly Step[] {
  const own = (name: string, i: number): string => `${name}#${i}`;
  return tries.flatMap((steps, i) => [
    set('which', i),
    ...steps.map((step): Step => {
      if (step.kind === 'label') return label(own(step.name, i));
      if (step.kind === 'jump') return { ...step, to: own(step.to, i) };
      if (step.kind === 'call' && step.child !== undefined) return { ...step, child: own(step.child, i) };
      return step;
    }),
    label(own(END, i)),
    jump(END, 'notNegative', result(ANSWER)),
  ]);
}
