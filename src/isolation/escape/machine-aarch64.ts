import { CONDITION, FUEL, OP, RECORD, type MachineLayout } from './record.ts';

/** An instruction, or one whose distance to a label is filled in: `bits` wide, in words, shifted left by `shift`. */
type Part =
  | { readonly kind: 'word'; readonly word: number }
  | { readonly kind: 'label'; readonly name: string }
  | {
      readonly kind: 'branch';
      readonly word: number;
      readonly bits: number;
      readonly shift: number;
      readonly to: string;
    };

const word = (value: number): Part => ({ kind: 'word', word: value >>> 0 });
const label = (name: string): Part => ({ kind: 'label', name });
const branch = (to: string): Part => ({ kind: 'branch', word: 0x14000000, bits: 26, shift: 0, to });
const branchIfEqual = (to: string): Part => ({ kind: 'branch', word: 0x54000000, bits: 19, shift: 5, to });
const branchIfZero = (x: number, to: string): Part => ({
  kind: 'branch',
  word: 0xb4000000 | x,
  bits: 19,
  shift: 5,
  to,
});
const branchIfNot = (x: number, to: string): Part => ({ kind: 'branch', word: 0xb5000000 | x, bits: 19, shift: 5, to });
/** On the sign bit of a register: set, or clear. */
const branchIfSign = (x: number, to: string): Part => ({
  kind: 'branch',
  word: 0xb7f80000 | x,
  bits: 14,
  shift: 5,
  to,
});
const branchIfNoSign = (x: number, to: string): Part => ({
  kind: 'branch',
  word: 0xb6f80000 | x,
  bits: 14,
  shift: 5,
  to,
});

const REG = { temp: 9, record: 19, fuel: 20, slots: 21 } as const;
const move = (to: number, from: number): Part => word(0xaa0003e0 | (from << 16) | to);
const moveSmall = (to: number, value: number): Part => word(0xd2800000 | (value << 5) | to);
const moveAddress = (to: number, value: number): Part[] => [
  moveSmall(to, value & 0xffff),
  word(0xf2a00000 | ((value >>> 16) << 5) | to),
];
const load64 = (to: number, base: number, offset: number): Part =>
  word(0xf9400000 | ((offset / 8) << 10) | (base << 5) | to);
const load32 = (to: number, base: number, offset: number): Part =>
  word(0xb9400000 | ((offset / 4) << 10) | (base << 5) | to);
const load8 = (to: number, base: number, offset: number): Part => word(0x39400000 | (offset << 10) | (base << 5) | to);
const compare32 = (register: number, value: number): Part => word(0x7100001f | (value << 10) | (register << 5));
const SUPERVISOR_CALL = 0xd4000001;

/** x19: the record; w20: fuel; x21: the slots; arguments resolved into x0 to x5. */
export function aarch64Interpreter(layout: MachineLayout): Buffer {
  return assemble([
    ...moveAddress(REG.record, layout.records),
    ...moveAddress(REG.slots, layout.slots),
    ...moveAddress(REG.fuel, FUEL),
    label('next'),
    word(0x71000400 | (REG.fuel << 5) | REG.fuel), // subs w20, w20, #1
    branchIfEqual('end'),
    ...[0, 1, 2, 3, 4, 5].flatMap(resolveArgument),
    load32(REG.temp, REG.record, 0),
    ...dispatch('call', 'i386', 'jump', 'add', 'subtract', 'peek', 'poke'),
    ...finish(layout),
    ...call(),
    ...conditions(),
    ...arithmetic(),
  ]);
}

function resolveArgument(i: number): Part[] {
  const over = `resolved-${i}`;
  return [
    load64(i, REG.record, RECORD.args + 8 * i),
    load8(REG.temp, REG.record, RECORD.modes + i),
    branchIfZero(REG.temp, over),
    word(0xf8607800 | (i << 16) | (REG.slots << 5) | i), // ldr xi, [x21, xi, lsl #3]
    label(over),
  ];
}

function dispatch(...names: readonly Exclude<keyof typeof OP, 'end'>[]): Part[] {
  return names.flatMap((name) => [compare32(REG.temp, OP[name]), branchIfEqual(name)]);
}

function finish({ output, outputBytes }: MachineLayout): Part[] {
  return [
    label('end'),
    moveSmall(0, 1),
    ...moveAddress(1, output),
    ...moveAddress(2, outputBytes),
    moveSmall(8, 64),
    word(SUPERVISOR_CALL), // write
    moveSmall(0, 0),
    moveSmall(8, 94),
    word(SUPERVISOR_CALL), // exit_group
    word(0xd4200000), // brk #0
  ];
}

function call(): Part[] {
  return [
    label('i386'),
    word(0x92800000 | (37 << 5)), // mov x0, #-38: no such door here
    branch('store'),
    label('call'),
    load64(8, REG.record, RECORD.number),
    word(SUPERVISOR_CALL),
    load64(REG.temp, REG.record, RECORD.child),
    branchIfZero(REG.temp, 'store'),
    branchIfNot(0, 'store'),
    move(REG.record, REG.temp),
    branch('next'),
    label('store'),
    load32(REG.temp, REG.record, RECORD.slot),
    word(0xf8207800 | (REG.temp << 16) | (REG.slots << 5)), // str x0, [x21, x9, lsl #3]
    label('advance'),
    word(0x91000000 | (RECORD.size << 10) | (REG.record << 5) | REG.record), // add x19, x19, #80
    branch('next'),
  ];
}

function conditions(): Part[] {
  return [
    label('jump'),
    compare32(1, CONDITION.always),
    branchIfEqual('take'),
    compare32(1, CONDITION.zero),
    branchIfEqual('zero'),
    compare32(1, CONDITION.negative),
    branchIfEqual('negative'),
    branchIfNoSign(0, 'take'),
    branch('advance'),
    label('zero'),
    branchIfZero(0, 'take'),
    branch('advance'),
    label('negative'),
    branchIfSign(0, 'take'),
    branch('advance'),
    label('take'),
    move(REG.record, 2),
    branch('next'),
  ];
}

function arithmetic(): Part[] {
  return [
    label('add'),
    word(0x8b010000), // add x0, x0, x1
    branch('store'),
    label('subtract'),
    word(0xcb010000), // sub x0, x0, x1
    branch('store'),
    label('peek'),
    load64(0, 0, 0),
    branch('store'),
    label('poke'),
    word(0xf9000001), // str x1, [x0]
    branch('advance'),
  ];
}

function assemble(parts: readonly Part[]): Buffer {
  const labels = new Map<string, number>();
  let count = 0;
  for (const part of parts) {
    if (part.kind === 'label') labels.set(part.name, count);
    else count += 1;
  }
  const out = Buffer.alloc(count * 4);
  let at = 0;
  for (const part of parts) {
    if (part.kind === 'label') continue;
    let value = part.word;
    if (part.kind === 'branch') {
      const target = labels.get(part.to);
      if (target === undefined) throw new Error(`no label \`${part.to}\``);
      value |= ((target - at) & (2 ** part.bits - 1)) << part.shift;
    }
    out.writeUInt32LE(value >>> 0, at * 4);
    at += 1;
  }
  return out;
}
