/**
 * One record of the interpreter, 80 bytes, little endian:
 * `u32 op · u32 slot of the result · u64 call number · 6 × u64 argument · 6 × u8 argument is a slot · u16 - · u64 child`.
 * `child`: where a process or thread that a call made (answer 0) goes on; 0 goes on with the next record.
 */
export const RECORD = { size: 80, slot: 4, number: 8, args: 16, modes: 64, child: 72 } as const;
/** `jump`: value, condition, address of the target record. `peek` and `poke` read and write eight bytes of memory. */
export const OP = { end: 0, call: 1, i386: 2, jump: 3, add: 4, subtract: 5, peek: 6, poke: 7 } as const;
export const CONDITION = { negative: 0, zero: 1, notNegative: 2, always: 3 } as const;
/** Records a program may execute before it is ended: no loop in it lasts. */
export const FUEL = 4_000_000;

/** Where the interpreter finds what it works on, as addresses below 2 GiB. */
export interface MachineLayout {
  readonly records: number;
  readonly slots: number;
  readonly output: number;
  readonly outputBytes: number;
}
