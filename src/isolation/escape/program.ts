import type { SyscallArch } from '../syscalls.ts';
import { buildElf, dataAddress } from './elf.ts';
import { interpreterFor } from './machine.ts';
import { callNumber } from './numbers.ts';
import { CONDITION, OP, RECORD } from './record.ts';
import { ANSWER, END, type Arg, type Step } from './steps.ts';

/** The steps of one attempt. */
export interface Section {
  readonly id: string;
  readonly steps: readonly Step[];
}

/** What one attempt's steps were answered. Hostile where the program ran behind a wall: numbers and bytes, no more. */
export interface Answers {
  /** Undefined: that step was not reached. */
  readonly number: (name: string) => number | undefined;
  /** What stands in a kept buffer; empty where there is none of that name. */
  readonly bytes: (name: string) => Buffer;
}

/** A static executable that makes the calls of all sections and writes what they were answered. */
export interface Program {
  readonly image: Buffer;
  readonly outputBytes: number;
  /** Undefined unless the bytes have the one length and begin with the nonce. */
  readonly read: (output: Buffer) => ReadonlyMap<string, Answers> | undefined;
}

export const NONCE_BYTES = 16;
const NOT_REACHED = -(2n ** 63n);
const EMPTY = { records: 0, slots: 0, output: 0, outputBytes: 0 };

/** `nonce`: 16 bytes that the output begins with. Throws on a label or call that there is not: a mistake in the list. */
export function buildProgram(arch: SyscallArch, sections: readonly Section[], nonce: Buffer): Program {
  const plan = planOf(sections);
  const records = dataAddress(interpreterFor(arch, EMPTY).length);
  const constants = records + plan.recordCount * RECORD.size;
  const output = align(constants + plan.constantBytes);
  const slots = output + NONCE_BYTES;
  const buffers = slots + plan.slots.size * 8;
  const outputBytes = NONCE_BYTES + plan.slots.size * 8 + plan.keptBytes;
  const scratch = align(output + outputBytes);
  const data = Buffer.alloc(buffers - records);
  data.set(nonce, output - records);
  for (let i = 0; i < plan.slots.size; i++) data.writeBigInt64LE(NOT_REACHED, slots - records + i * 8);
  const writer = new DataWriter(arch, data, plan, { records, constants, buffers, scratch });
  for (const section of sections) writer.section(section);
  const code = interpreterFor(arch, { records, slots, output, outputBytes });
  const zeroBytes = scratch + plan.scratchBytes - buffers;
  return {
    image: buildElf({ arch, code, data, zeroBytes }),
    outputBytes,
    read: (bytes) => readOutput(bytes, sections, plan, { nonce, outputBytes }),
  };
}

interface Plan {
  readonly recordCount: number;
  readonly constantBytes: number;
  /** `section/result` to its slot. Slot 0 is nobody's. */
  readonly slots: ReadonlyMap<string, number>;
  /** `section/buffer` to its offset among the kept or the scratch ones. */
  readonly buffers: ReadonlyMap<string, { readonly offset: number; readonly bytes: number; readonly kept: boolean }>;
  readonly labels: ReadonlyMap<string, number>;
  readonly keptBytes: number;
  readonly scratchBytes: number;
}

function planOf(sections: readonly Section[]): Plan {
  const slots = new Map<string, number>([['', 0]]);
  const buffers = new Map<string, { offset: number; bytes: number; kept: boolean }>();
  const labels = new Map<string, number>();
  const size = { records: 1, constants: 0, kept: 0, scratch: 0 };
  let at = 0;
  const visit = (id: string, arg: Arg): void => {
    if (typeof arg === 'number' || typeof arg === 'bigint' || arg.kind === 'result') return;
    if (arg.kind !== 'buffer') size.constants += constantBytes(arg);
    if (arg.kind === 'words') for (const inner of arg.words) visit(id, inner);
    if (arg.kind !== 'buffer' || buffers.has(`${id}/${arg.name}`)) return;
    const part = arg.kept ? 'kept' : 'scratch';
    buffers.set(`${id}/${arg.name}`, { offset: size[part], bytes: arg.bytes, kept: arg.kept });
    size[part] = align(size[part] + arg.bytes);
  };
  for (const { id, steps } of sections) {
    for (const name of [ANSWER, ...steps.flatMap((step) => ('into' in step ? [step.into] : []))])
      if (!slots.has(`${id}/${name}`)) slots.set(`${id}/${name}`, slots.size);
    for (const step of steps) {
      if (step.kind === 'label') labels.set(`${id}/${step.name}`, at);
      else at += 1;
      argumentsOf(step).forEach((arg) => visit(id, arg));
    }
    labels.set(`${id}/${END}`, at);
  }
  size.records += at;
  return {
    recordCount: size.records,
    constantBytes: size.constants,
    slots,
    buffers,
    labels,
    keptBytes: size.kept,
    scratchBytes: size.scratch,
  };
}

interface Places {
  readonly records: number;
  readonly constants: number;
  readonly buffers: number;
  readonly scratch: number;
}

class DataWriter {
  readonly #arch: SyscallArch;
  readonly #data: Buffer;
  readonly #plan: Plan;
  readonly #places: Places;
  #record = 0;
  #constant = 0;

  constructor(arch: SyscallArch, data: Buffer, plan: Plan, places: Places) {
    this.#arch = arch;
    this.#data = data;
    this.#plan = plan;
    this.#places = places;
  }

  section({ id, steps }: Section): void {
    for (const step of steps) {
      if (step.kind === 'label') continue;
      this.#write(id, step);
      this.#record += 1;
    }
  }

  #write(id: string, step: Exclude<Step, { kind: 'label' }>): void {
    const at = this.#record * RECORD.size;
    this.#data.writeUInt32LE(opOf(step), at);
    if ('into' in step) this.#data.writeUInt32LE(this.#plan.slots.get(`${id}/${step.into}`) ?? 0, at + RECORD.slot);
    if (step.kind === 'i386') this.#data.writeUInt32LE(step.number, at + RECORD.number);
    if (step.kind === 'call') {
      const number = typeof step.call === 'number' ? step.call : callNumber(this.#arch, step.call);
      this.#data.writeBigUInt64LE(BigInt(number), at + RECORD.number);
      if (step.child !== undefined)
        this.#data.writeBigUInt64LE(BigInt(this.#labelAddress(id, step.child)), at + RECORD.child);
    }
    argumentsOf(step).forEach((arg, i) => {
      this.#data.writeBigInt64LE(this.#value(id, arg), at + RECORD.args + 8 * i);
      if (typeof arg === 'object' && arg.kind === 'result') this.#data.writeUInt8(1, at + RECORD.modes + i);
    });
    if (step.kind === 'jump')
      this.#data.writeBigInt64LE(BigInt(this.#labelAddress(id, step.to)), at + RECORD.args + 16);
  }

  #labelAddress(id: string, name: string): number {
    const record = this.#plan.labels.get(`${id}/${name}`);
    if (record === undefined) throw new Error(`\`${id}\` has no label \`${name}\``);
    return this.#places.records + record * RECORD.size;
  }

  /** The number that stands in the record: a constant, an address, or a slot. */
  #value(id: string, arg: Arg): bigint {
    if (typeof arg === 'number' || typeof arg === 'bigint') return BigInt.asIntN(64, BigInt(arg));
    if (arg.kind === 'result') {
      const slot = this.#plan.slots.get(`${id}/${arg.of}`);
      if (slot === undefined) throw new Error(`\`${id}\` has no result \`${arg.of}\``);
      return BigInt(slot);
    }
    if (arg.kind === 'buffer') {
      const buffer = this.#plan.buffers.get(`${id}/${arg.name}`);
      if (buffer === undefined) throw new Error(`\`${id}\` has no buffer \`${arg.name}\``);
      return BigInt((buffer.kept ? this.#places.buffers : this.#places.scratch) + buffer.offset);
    }
    const address = this.#places.constants + this.#constant;
    this.#constant += constantBytes(arg);
    const at = address - this.#places.records;
    if (arg.kind === 'text') this.#data.write(arg.text, at, 'latin1');
    if (arg.kind === 'bytes') this.#data.set(arg.bytes, at);
    if (arg.kind === 'words')
      arg.words.forEach((inner, i) => this.#data.writeBigInt64LE(this.#value(id, inner), at + 8 * i));
    return BigInt(address);
  }
}

function opOf(step: Exclude<Step, { kind: 'label' }>): number {
  return step.kind === 'compute' ? OP[step.with] : OP[step.kind];
}

function argumentsOf(step: Step): readonly Arg[] {
  switch (step.kind) {
    case 'call':
    case 'i386':
      return step.args;
    case 'jump':
      return [step.value, CONDITION[step.when]];
    case 'compute':
      return [step.left, step.right];
    case 'poke':
      return [step.address, step.value];
    case 'label':
      return [];
    default:
      return step satisfies never;
  }
}

function constantBytes(arg: Exclude<Arg, number | bigint | { kind: 'result' } | { kind: 'buffer' }>): number {
  switch (arg.kind) {
    case 'text':
      return align(Buffer.byteLength(arg.text, 'latin1') + 1);
    case 'bytes':
      return align(arg.bytes.length);
    case 'words':
      return align(arg.words.length * 8);
    default:
      return arg satisfies never;
  }
}

const align = (value: number): number => Math.ceil(value / 16) * 16;

function readOutput(
  output: Buffer,
  sections: readonly Section[],
  plan: Plan,
  expected: { readonly nonce: Buffer; readonly outputBytes: number },
): ReadonlyMap<string, Answers> | undefined {
  if (output.length !== expected.outputBytes || !output.subarray(0, NONCE_BYTES).equals(expected.nonce))
    return undefined;
  const buffersAt = NONCE_BYTES + plan.slots.size * 8;
  const answersOf = (id: string): Answers => ({
    number: (name) => {
      const slot = plan.slots.get(`${id}/${name}`);
      if (slot === undefined) return undefined;
      const value = output.readBigInt64LE(NONCE_BYTES + slot * 8);
      return value === NOT_REACHED ? undefined : Number(value);
    },
    bytes: (name) => {
      const buffer = plan.buffers.get(`${id}/${name}`);
      if (buffer?.kept !== true) return Buffer.alloc(0);
      return output.subarray(buffersAt + buffer.offset, buffersAt + buffer.offset + buffer.bytes);
    },
  });
  return new Map(sections.map(({ id }) => [id, answersOf(id)]));
}
