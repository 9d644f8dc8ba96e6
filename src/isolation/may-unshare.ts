import { randomBytes } from 'node:crypto';
import { ANSWER, call, chain, text, type Step } from './escape/steps.ts';
import { buildProgram, NONCE_BYTES } from './escape/program.ts';
import { runOnce } from './run-once.ts';
import { nativeArch } from './syscalls.ts';

const NEW = { mount: 0x20000, user: 0x10000000, process: 0x20000000, network: 0x40000000 } as const;
const RECURSIVE_PRIVATE = 0x44000;
const WITHOUT_USER = NEW.mount | NEW.process | NEW.network;

/**
 * Whether namespaces can be made here at all, asked by a program of ours: a wall without them is for machines that have
 * none, and never for one where bubblewrap is only missing or broken.
 */
export async function mayUnshare(): Promise<boolean> {
  const answers = await Promise.all([works(WITHOUT_USER | NEW.user), works(WITHOUT_USER)]);
  return answers.includes(true);
}

/** Also the first thing that bubblewrap does in them, which some containers refuse. */
async function works(namespaces: number): Promise<boolean> {
  const steps: readonly Step[] = chain(
    call('unshare', namespaces),
    call('mount', text('none'), text('/'), 0, RECURSIVE_PRIVATE, 0),
  );
  const program = buildProgram(nativeArch(), [{ id: 'unshare', steps }], randomBytes(NONCE_BYTES));
  const output = await runOnce(program.image);
  return output !== undefined && program.read(output)?.get('unshare')?.number(ANSWER) === 0;
}
