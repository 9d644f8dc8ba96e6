import { parseMailAddress, type ControlAnswers } from '../../contracts/index.ts';
import { safeText } from '../../control/index.ts';
import { tell, type Context } from '../context.ts';
import { Failure, wrongUse } from '../failure.ts';
import { renderTable } from '../output.ts';
import { provePresence } from '../presence.ts';

export interface ContactOptions {
  readonly address: string;
  readonly name?: string;
  readonly yes: boolean;
  readonly passphraseFd?: number | undefined;
}

type Contacts = Pick<ControlAnswers['contacts_list'], 'contacts' | 'confirmed'>;

/** `hardshell contacts list`. */
export async function contactsList(context: Context): Promise<number> {
  const { contacts, confirmed } = await context.control().ask({ type: 'contacts_list' });
  tell(context, { contacts, confirmed }, () => [
    ...(contacts.length === 0
      ? ['no contacts yet: hardshell contacts add ADDRESS NAME']
      : renderTable(
          context.io,
          ['ADDRESS', 'NAME'],
          contacts.map(({ address, name }) => [safeText(address), safeText(name)]),
        )),
    ...(confirmed ? [] : ['the file was changed by hand; nothing is sent until you run `hardshell contacts confirm`']),
  ]);
  return 0;
}

/** `hardshell contacts add ADDRESS NAME`: an address that you know, and what you call it. */
export async function contactsAdd(
  options: ContactOptions & { readonly name: string },
  context: Context,
): Promise<number> {
  const address = parseMailAddress(options.address);
  if (address === null)
    throw wrongUse(`\`${safeText(options.address)}\` is not a plain mail address such as \`ann@example.org\``);
  if (options.name.trim() === '' || options.name.length > 100 || safeText(options.name) !== options.name) {
    throw wrongUse('a name has at most 100 plain characters, without any that hide or pose as others');
  }
  const request = { type: 'contacts_put', contact: { address: address.text, name: options.name } } as const;
  const presence = await provePresence(context, request, {
    ...options,
    question: `make ${address.text} your contact ${options.name}?`,
  });
  if (presence === null) throw new Failure('no contact was added');
  return told(
    context,
    await context.control().ask({ ...request, presence }),
    `${address.text} is your contact ${options.name}`,
  );
}

/** `hardshell contacts remove ADDRESS`. */
export async function contactsRemove(options: ContactOptions, context: Context): Promise<number> {
  const address = parseMailAddress(options.address)?.text ?? options.address;
  const request = { type: 'contacts_remove', address } as const;
  const presence = await provePresence(context, request, {
    ...options,
    question: `remove ${safeText(address)} from your contacts?`,
  });
  if (presence === null) throw new Failure('no contact was removed');
  return told(
    context,
    await context.control().ask({ ...request, presence }),
    `${safeText(address)} is no contact of yours any more`,
  );
}

function told(context: Context, { contacts, confirmed }: Contacts, sentence: string): number {
  tell(context, { contacts, confirmed }, () => [sentence]);
  return 0;
}
