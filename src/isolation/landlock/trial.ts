import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ANSWER } from '../escape/steps.ts';
import { nativeArch } from '../syscalls.ts';
import { buildAbiProbe, LAUNCHER } from './launcher.ts';
import { ABI_MIN } from './rights.ts';

export type FoundLandlock =
  | { readonly ok: true; readonly abi: number }
  /** `remedy`: the sentence that tells what to do. */
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

/** The version that the tables here were read against; what a newer kernel adds is not asked for. */
const ABI_KNOWN = 7;
const TRIAL_MS_MAX = 10_000;

/** Asks the kernel with a program of ours. `parent`: where such a program may lie and be executed. */
export async function findLandlock(parent = tmpdir()): Promise<FoundLandlock> {
  const directory = mkdtempSync(join(parent, 'hardshell-landlock-'));
  const path = join(directory, 'abi');
  const program = buildAbiProbe(nativeArch());
  try {
    writeFileSync(path, program.image, { mode: 0o700 });
    const output = await run(path);
    const answer = output === undefined ? undefined : program.read(output)?.get(LAUNCHER)?.number(ANSWER);
    return judge(answer);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function judge(abi: number | undefined): FoundLandlock {
  if (abi === undefined)
    return {
      ok: false,
      reason: 'a program of ours could not be executed from the temporary directory',
      remedy: 'set TMPDIR to a directory that is not mounted `noexec`',
    };
  if (abi < 0)
    return {
      ok: false,
      reason: 'this kernel or container has no Landlock',
      remedy: 'use a kernel that names `landlock` in /sys/kernel/security/lsm, and a container that allows its calls',
    };
  if (abi < ABI_MIN)
    return {
      ok: false,
      reason: `this kernel’s Landlock is version ${abi}, which cannot keep a zone from cutting files short`,
      remedy: 'use Linux 6.2 or newer',
    };
  return { ok: true, abi: Math.min(abi, ABI_KNOWN) };
}

/** Undefined where it did not run to its end. */
function run(path: string): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    execFile(path, [], { env: {}, cwd: '/', timeout: TRIAL_MS_MAX, encoding: 'buffer' }, (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    });
  });
}
