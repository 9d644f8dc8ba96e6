import { createHash } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { checkPassphrase, enrolPassphrase } from '../../control/index.ts';
import { createDurableFile, syncDirectory } from '../../state/index.ts';
import { homeFile, tell, type Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { listPresenceFiles, provePresence } from '../presence.ts';
import { readSecretFd } from '../prompt.ts';

export interface EnrolOptions {
  readonly yes: boolean;
  /** Descriptor with the passphrase in force, when one is to be replaced. */
  readonly passphraseFd?: number | undefined;
  /** Descriptor with the new passphrase. */
  readonly newPassphraseFd?: number | undefined;
}

/**
 * `hardshell approvals enrol`: a passphrase that from then on every approval needs. The new key waits beside the old one
 * until the executor has taken it, so that a crash in between locks nobody out.
 */
export async function approvalsEnrol(options: EnrolOptions, context: Context): Promise<number> {
  const passphrase = await choosePassphrase(options, context);
  if (passphrase === null) throw new Failure('nothing was enrolled');
  const { file, publicKey } = await enrolPassphrase(passphrase);
  const request = { type: 'presence_enrol', public_key: publicKey } as const;
  const question = 'enrol this passphrase? a terminal alone will never be enough again';
  const presence = await provePresence(context, request, { ...options, question });
  if (presence === null) throw new Failure('nothing was enrolled');
  const waiting = homeFile(
    context,
    'keys',
    `presence.${createHash('sha256').update(publicKey).digest('hex').slice(0, 8)}.json`,
  );
  createDurableFile(waiting, Buffer.from(`${JSON.stringify(file, null, 2)}\n`), 0o400);
  try {
    await context.control().ask({ ...request, presence });
  } catch (thrown) {
    // A refusal means that the old key stands. Where no answer came, both files stay and the passphrase tells.
    if (thrown instanceof Failure && thrown.code !== 'not_running' && thrown.code !== 'timeout') rmSync(waiting);
    throw thrown;
  }
  renameSync(waiting, homeFile(context, 'keys', 'presence.json'));
  for (const name of listPresenceFiles(context)) if (name !== 'presence.json') rmSync(homeFile(context, 'keys', name));
  syncDirectory(homeFile(context, 'keys'));
  tell(context, { presence: 'passphrase' }, () => [
    'enrolled: approving, reviving, policy and contacts need this passphrase from now on',
    'it cannot be recovered; denying and `hardshell kill` never need it',
  ]);
  return 0;
}

async function choosePassphrase(options: EnrolOptions, context: Context): Promise<string | null> {
  if (options.newPassphraseFd !== undefined) return readSecretFd(options.newPassphraseFd);
  if (!context.prompt.interactive) {
    throw new Failure('a passphrase is typed at a terminal, or handed over with `--new-passphrase-fd N`', {
      code: 'presence_required',
    });
  }
  context.io.error('a passphrase of four or five random words is good; it is not shown');
  for (;;) {
    const first = await context.prompt.secret('new passphrase: ');
    if (first === null || first === '') return null;
    const problem = checkPassphrase(first);
    if (problem !== null) {
      context.io.error(problem);
      continue;
    }
    if ((await context.prompt.secret('once more: ')) === first) return first;
    context.io.error('these were two different ones');
  }
}
