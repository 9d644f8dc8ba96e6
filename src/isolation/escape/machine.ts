import type { SyscallArch } from '../syscalls.ts';
import { aarch64Interpreter } from './machine-aarch64.ts';
import { x86Interpreter } from './machine-x86-64.ts';
import type { MachineLayout } from './record.ts';

/** The instructions that execute records, write the output once to descriptor 1 and exit with 0. They use no stack. */
export function interpreterFor(arch: SyscallArch, layout: MachineLayout): Buffer {
  switch (arch) {
    case 'x86_64':
      return x86Interpreter(layout);
    case 'aarch64':
      return aarch64Interpreter(layout);
    default:
      return arch satisfies never;
  }
}
