import { CONDITION, FUEL, OP, RECORD, type MachineLayout } from './record.ts';

type Part =
  | { readonly kind: 'bytes'; readonly bytes: readonly number[] }
  | { readonly kind: 'label'; readonly name: string }
  /** A jump with a distance of four bytes. */
  | { readonly kind: 'jump'; readonly opcode: readonly number[]; readonly to: string };

const bytes = (...values: readonly number[]): Part => ({ kind: 'bytes', bytes: values });
const label = (name: string): Part => ({ kind: 'label', name });
const jump = (to: string): Part => ({ kind: 'jump', opcode: [0xe9], to });
const jumpIf = (flag: keyof typeof FLAG, to: string): Part => ({ kind: 'jump', opcode: [0x0f, FLAG[flag]], to });
const FLAG = { equal: 0x84, notEqual: 0x85, sign: 0x88, notSign: 0x89 } as const;
const imm32 = (value: number): number[] => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];

/** rbx: the record; r12: fuel; r13: the slots; arguments resolved into the registers of a system call. */
export function x86Interpreter(layout: MachineLayout): Buffer {
  return assemble([
    bytes(0x48, 0xc7, 0xc3, ...imm32(layout.records)), // mov rbx, records
    bytes(0x49, 0xc7, 0xc5, ...imm32(layout.slots)), // mov r13, slots
    bytes(0x41, 0xbc, ...imm32(FUEL)), // mov r12d, fuel
    label('next'),
    bytes(0x41, 0xff, 0xcc), // dec r12d
    jumpIf('equal', 'end'),
    ...ARGUMENT_REGISTERS.flatMap(resolveArgument),
    bytes(0x8b, 0x03), // mov eax, [rbx]
    ...dispatch('call', 'i386', 'jump', 'add', 'subtract', 'peek', 'poke'),
    ...finish(layout),
    ...call(),
    ...i386(),
    ...conditions(),
    ...arithmetic(),
  ]);
}

/** rdi, rsi, rdx, r10, r8, r9: the last two bytes of `mov register, rax`, with its prefix. */
const ARGUMENT_REGISTERS = [
  [0x48, 0x89, 0xc7],
  [0x48, 0x89, 0xc6],
  [0x48, 0x89, 0xc2],
  [0x49, 0x89, 0xc2],
  [0x49, 0x89, 0xc0],
  [0x49, 0x89, 0xc1],
] as const;

function resolveArgument(move: readonly number[], i: number): Part[] {
  return [
    bytes(0x48, 0x8b, 0x43, RECORD.args + 8 * i), // mov rax, [rbx + args + 8i]
    bytes(0x80, 0x7b, RECORD.modes + i, 0), // cmp byte [rbx + modes + i], 0
    bytes(0x74, 5), // je over the next
    bytes(0x49, 0x8b, 0x44, 0xc5, 0), // mov rax, [r13 + rax * 8]
    bytes(...move),
  ];
}

function dispatch(...names: readonly Exclude<keyof typeof OP, 'end'>[]): Part[] {
  return names.flatMap((name) => [bytes(0x83, 0xf8, OP[name]), jumpIf('equal', name)]); // cmp eax, op
}

function finish({ output, outputBytes }: MachineLayout): Part[] {
  return [
    label('end'),
    bytes(0xb8, ...imm32(1), 0xbf, ...imm32(1)), // mov eax, write; mov edi, 1
    bytes(0x48, 0xc7, 0xc6, ...imm32(output)), // mov rsi, output
    bytes(0xba, ...imm32(outputBytes)), // mov edx, length
    bytes(0x0f, 0x05),
    bytes(0xb8, ...imm32(231), 0x31, 0xff, 0x0f, 0x05, 0x0f, 0x0b), // exit_group(0); ud2
  ];
}

function call(): Part[] {
  return [
    label('call'),
    bytes(0x48, 0x8b, 0x43, RECORD.number, 0x0f, 0x05), // mov rax, [rbx + number]; syscall
    bytes(0x48, 0x8b, 0x4b, RECORD.child, 0x48, 0x85, 0xc9), // mov rcx, [rbx + child]; test rcx, rcx
    jumpIf('equal', 'store'),
    bytes(0x48, 0x85, 0xc0), // test rax, rax
    jumpIf('notEqual', 'store'),
    bytes(0x48, 0x89, 0xcb), // mov rbx, rcx
    jump('next'),
    label('store'),
    bytes(0x8b, 0x4b, RECORD.slot), // mov ecx, [rbx + slot]
    bytes(0x49, 0x89, 0x44, 0xcd, 0), // mov [r13 + rcx * 8], rax
    label('advance'),
    bytes(0x48, 0x83, 0xc3, RECORD.size), // add rbx, 80
    jump('next'),
  ];
}

/** The old door: number in eax, arguments in ebx, ecx, edx, esi, edi, ebp. */
function i386(): Part[] {
  return [
    label('i386'),
    bytes(0x49, 0x89, 0xdf, 0x8b, 0x43, RECORD.number), // mov r15, rbx; mov eax, [rbx + number]
    bytes(0x89, 0xf1, 0x44, 0x89, 0xd6), // mov ecx, esi; mov esi, r10d
    bytes(0x89, 0xfb, 0x44, 0x89, 0xc7, 0x44, 0x89, 0xcd), // mov ebx, edi; mov edi, r8d; mov ebp, r9d
    bytes(0xcd, 0x80), // int 0x80
    bytes(0x4c, 0x89, 0xfb, 0x48, 0x98), // mov rbx, r15; cdqe
    jump('store'),
  ];
}

function conditions(): Part[] {
  const test = bytes(0x48, 0x85, 0xff); // test rdi, rdi
  const when = (condition: number): Part => bytes(0x83, 0xfe, condition); // cmp esi, condition
  return [
    label('jump'),
    when(CONDITION.always),
    jumpIf('equal', 'take'),
    when(CONDITION.zero),
    jumpIf('equal', 'zero'),
    when(CONDITION.negative),
    jumpIf('equal', 'negative'),
    test,
    jumpIf('notSign', 'take'),
    jump('advance'),
    label('zero'),
    test,
    jumpIf('equal', 'take'),
    jump('advance'),
    label('negative'),
    test,
    jumpIf('sign', 'take'),
    jump('advance'),
    label('take'),
    bytes(0x48, 0x89, 0xd3), // mov rbx, rdx
    jump('next'),
  ];
}

function arithmetic(): Part[] {
  return [
    label('add'),
    bytes(0x48, 0x89, 0xf8, 0x48, 0x01, 0xf0), // mov rax, rdi; add rax, rsi
    jump('store'),
    label('subtract'),
    bytes(0x48, 0x89, 0xf8, 0x48, 0x29, 0xf0), // mov rax, rdi; sub rax, rsi
    jump('store'),
    label('peek'),
    bytes(0x48, 0x8b, 0x07), // mov rax, [rdi]
    jump('store'),
    label('poke'),
    bytes(0x48, 0x89, 0x37), // mov [rdi], rsi
    jump('advance'),
  ];
}

function assemble(parts: readonly Part[]): Buffer {
  const labels = new Map<string, number>();
  let at = 0;
  for (const part of parts) {
    if (part.kind === 'label') labels.set(part.name, at);
    else at += part.kind === 'bytes' ? part.bytes.length : part.opcode.length + 4;
  }
  const out: number[] = [];
  for (const part of parts) {
    if (part.kind === 'bytes') out.push(...part.bytes);
    if (part.kind !== 'jump') continue;
    const target = labels.get(part.to);
    if (target === undefined) throw new Error(`no label \`${part.to}\``);
    out.push(...part.opcode, ...imm32(target - (out.length + part.opcode.length + 4)));
  }
  return Buffer.from(out);
}
