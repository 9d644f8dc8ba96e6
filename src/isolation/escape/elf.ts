import type { SyscallArch } from '../syscalls.ts';

/** Multiples of 64 KiB: the largest page of an aarch64 kernel. */
export const CODE_ADDRESS = 0x400000;
export const DATA_ADDRESS = 0x800000;
const PAGE_BYTES_MAX = 0x10000;
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const SEGMENTS = 3;
const CODE_OFFSET = HEADER_BYTES + SEGMENTS * SEGMENT_BYTES;
const MACHINE = { x86_64: 62, aarch64: 183 } as const;
const LOAD = 1;
const STACK = 0x6474e551;
const FLAG = { execute: 1, write: 2, read: 4 } as const;

export interface ElfParts {
  readonly arch: SyscallArch;
  readonly code: Buffer;
  /** Loaded at `dataAddress(code.length)`. */
  readonly data: Buffer;
  /** Zeroed memory behind the data. */
  readonly zeroBytes: number;
}

/** Where the data of a program with so much code is loaded: at its own offset in a page, so that the file stays small. */
export function dataAddress(codeBytes: number): number {
  return DATA_ADDRESS + (dataOffset(codeBytes) % PAGE_BYTES_MAX);
}

/** A static executable without sections: code that cannot be written, data that cannot be executed. */
export function buildElf({ arch, code, data, zeroBytes }: ElfParts): Buffer {
  const offset = dataOffset(code.length);
  const header = Buffer.alloc(CODE_OFFSET);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(MACHINE[arch], 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(CODE_ADDRESS + CODE_OFFSET), 24);
  header.writeBigUInt64LE(BigInt(HEADER_BYTES), 32);
  header.writeUInt16LE(HEADER_BYTES, 52);
  header.writeUInt16LE(SEGMENT_BYTES, 54);
  header.writeUInt16LE(SEGMENTS, 56);
  const loaded = CODE_OFFSET + code.length;
  segment(header, 0, { type: LOAD, flags: FLAG.read | FLAG.execute, offset: 0, address: CODE_ADDRESS, file: loaded });
  segment(header, 1, {
    type: LOAD,
    flags: FLAG.read | FLAG.write,
    offset,
    address: dataAddress(code.length),
    file: data.length,
    memory: data.length + zeroBytes,
  });
  segment(header, 2, { type: STACK, flags: FLAG.read | FLAG.write, offset: 0, address: 0, file: 0 });
  return Buffer.concat([header, code, Buffer.alloc(offset - loaded), data]);
}

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly file: number;
  readonly memory?: number;
}

function segment(header: Buffer, i: number, { type, flags, offset, address, file, memory }: Segment): void {
  const at = HEADER_BYTES + i * SEGMENT_BYTES;
  header.writeUInt32LE(type, at);
  header.writeUInt32LE(flags, at + 4);
  const values = [offset, address, address, file, memory ?? file, type === LOAD ? PAGE_BYTES_MAX : 16];
  values.forEach((value, n) => header.writeBigUInt64LE(BigInt(value), at + 8 + 8 * n));
}

function dataOffset(codeBytes: number): number {
  return Math.ceil((CODE_OFFSET + codeBytes) / 16) * 16;
}
