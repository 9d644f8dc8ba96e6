import { ANSWER } from '../escape/steps.ts';
import { runOnce } from '../run-once.ts';
import { nativeArch } from '../syscalls.ts';
import { buildAbiProbe, LAUNCHER } from './launcher.ts';
import { ABI_MIN } from './rights.ts';

export type FoundLandlock =
  | { readonly ok: true; readonly abi: number }
  /** `remedy`: the sentence that tells what to do. */
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

/** The version that the tables here were read against; what a newer kernel adds is not asked for. */
const ABI_KNOWN = 7;

/** Asks the kernel with a program of ours, which also shows that such programs can be executed here. */
export async function findLandlock(): Promise<FoundLandlock> {
  const program = buildAbiProbe(nativeArch());
  const output = await runOnce(program.image);
  return judge(output === undefined ? undefined : program.read(output)?.get(LAUNCHER)?.number(ANSWER));
}

function judge(abi: number | undefined): FoundLandlock {
  if (abi === undefined)
    return {
      ok: false,
      reason: 'a program of ours could not be executed from the temporary directory',
      remedy: 'set TMPDIR to a directory that can be written and is not mounted `noexec`',
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
