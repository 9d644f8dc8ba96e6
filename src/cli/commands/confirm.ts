import { safeText } from '../../control/index.ts';
import { tell, type Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { provePresence } from '../presence.ts';

export interface ConfirmOptions {
  readonly name: 'contacts' | 'config';
  readonly yes: boolean;
  readonly passphraseFd?: number | undefined;
}

/** `hardshell contacts confirm`, `hardshell config confirm`: shows what changed in words, then takes it into force. */
export async function confirmFile(options: ConfirmOptions, context: Context): Promise<number> {
  const shown = await context.control().ask({ type: 'confirm_show', name: options.name });
  if (shown.problems.length > 0)
    throw new Failure(`it cannot be confirmed as it stands: ${shown.problems.map(safeText).join('; ')}`);
  if (!shown.changed) {
    tell(context, { changed: false, digest: shown.digest }, () => ['the file is the confirmed one; nothing to do']);
    return 0;
  }
  const say = context.json ? context.io.error : context.io.write;
  say('this would change:');
  for (const line of shown.words) say(`  ${safeText(line)}`);
  say(`SHA-256 ${shown.digest}`);
  const request = { type: 'confirm', name: options.name, digest: shown.digest } as const;
  const presence = await provePresence(context, request, { ...options, question: 'take this into force?' });
  if (presence === null) throw new Failure('not confirmed; what was in force stays so');
  await context.control().ask({ ...request, presence });
  tell(context, { changed: true, digest: shown.digest, words: shown.words }, () => [
    options.name === 'config'
      ? 'confirmed; limits, models and the mail address take effect with the next `hardshell up`'
      : 'confirmed; it is in force',
  ]);
  return 0;
}

/**
 * `hardshell policy confirm --restore`, `hardshell contacts confirm --restore`: writes what is in force back to its file,
 * after it was deleted or changed by somebody else.
 */
export async function restoreFile(
  options: Omit<ConfirmOptions, 'name'> & { readonly name: 'policy' | 'contacts' },
  context: Context,
): Promise<number> {
  const { name } = options;
  const shown = await context.control().ask({ type: 'confirm_show', name });
  if (!shown.changed) {
    tell(context, { restored: false, digest: shown.digest }, () => ['the file is the confirmed one; nothing to do']);
    return 0;
  }
  const say = context.json ? context.io.error : context.io.write;
  say('this would be undone in the file:');
  for (const line of shown.words) say(`  ${safeText(line)}`);
  const request = { type: 'confirm_restore', name } as const;
  const question = `write the confirmed ${name} back to the file?`;
  const presence = await provePresence(context, request, { ...options, question });
  if (presence === null) throw new Failure('not written; the file stays as it is, and so does what is in force');
  const { digest } = await context.control().ask({ ...request, presence });
  tell(context, { restored: true, digest }, () => ['written; the file is the confirmed one again']);
  return 0;
}
