import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProgram, type Answers, type Section } from '../../../src/isolation/escape/program.ts';
import type { SyscallArch } from '../../../src/isolation/index.ts';

export const NONCE = Buffer.from('0123456789abcdef');
/** Runs what is for this machine, and what is for the other under an emulator. */
export const RUNNERS: Readonly<Record<SyscallArch, readonly string[]>> =
  process.arch === 'arm64' ? { aarch64: [], x86_64: ['qemu-x86_64'] } : { x86_64: [], aarch64: ['qemu-aarch64'] };

export interface Ran {
  readonly status: number | null;
  readonly output: Buffer;
  readonly answers: ReadonlyMap<string, Answers> | undefined;
}

/** Builds a program of these steps and runs it outside any wall. `through`: a program that runs it. */
export function runProgram(arch: SyscallArch, sections: readonly Section[], through = RUNNERS[arch]): Ran {
  const directory = mkdtempSync(join('/var/tmp', 'hardshell-test-'));
  try {
    const program = buildProgram(arch, sections, NONCE);
    const path = join(directory, 'program');
    writeFileSync(path, program.image);
    chmodSync(path, 0o755);
    const [file, ...args] = [...through, path];
    const ran = spawnSync(file, args, { env: {}, cwd: '/', timeout: 60_000, stdio: ['ignore', 'pipe', 'inherit'] });
    if (ran.error !== undefined) throw ran.error;
    return { status: ran.status, output: ran.stdout, answers: program.read(ran.stdout) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
