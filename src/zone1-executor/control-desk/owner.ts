import { HardshellError, parseMailAddress, type ControlAnswers, type ControlRequest } from '../../contracts/index.ts';
import { sql } from '../../state/index.ts';
import { parseContacts, formatContacts, type Contact } from '../contacts.ts';
import { orTakeBack, StepRefused, type ControlDesk } from './desk.ts';
import { readInstruction } from './instruction.ts';

type Request<T extends ControlRequest['type']> = Extract<ControlRequest, { type: T }>;

/** The owner's words open a session of their own; only typed recipients and joined items go with them. */
export async function instruct(desk: ControlDesk, request: Request<'instruct'>): Promise<ControlAnswers['instruct']> {
  orTakeBack(desk.presence.check(request));
  const named = request.to ?? [];
  for (const text of named)
    if (parseMailAddress(text) === null) throw invalid(`\`${text.slice(0, 100)}\` is not a plain mail address`);
  if (request.item !== undefined) {
    const known = desk.station.ledger.reader.get(
      sql.selectFrom('contents').select('kid').where('kid', '=', request.item).where('state', '=', 'read'),
    );
    if (known === undefined)
      throw new StepRefused({ error: 'not_found', message: 'no such item; see `hardshell inbox list`' });
  }
  const session = await desk.planners.instruct({
    text: request.text,
    named,
    item: request.item ?? null,
    standing: request.standing ?? false,
  });
  return { type: 'instruct', session };
}

/** Where an instruction stands; waits for something to say. */
export async function instructStatus(
  desk: ControlDesk,
  request: Request<'instruct_status'>,
  signal: AbortSignal,
): Promise<ControlAnswers['instruct_status']> {
  const deadline = performance.now() + (request.wait_ms ?? 0);
  for (;;) {
    const status = readInstruction(desk.station.ledger.reader, request.session);
    const more =
      status.state === 'working' &&
      (await desk.notifier.wait(`answer:${request.session}`, deadline - performance.now(), signal));
    if (!more) return readInstruction(desk.station.ledger.reader, request.session);
  }
}

export function listContacts(desk: ControlDesk): ControlAnswers['contacts_list'] {
  return { type: 'contacts_list', contacts: [...currentContacts(desk)], confirmed: desk.confirmed.stands('contacts') };
}

export async function putContact(
  desk: ControlDesk,
  request: Request<'contacts_put'>,
): Promise<ControlAnswers['contacts_put']> {
  const { contact } = request;
  const address = parseMailAddress(contact.address);
  if (address === null) throw invalid('a contact needs a plain ASCII mail address such as `ann@example.org`');
  const others = currentContacts(desk).filter((old) => parseMailAddress(old.address)?.key !== address.key);
  const changed = await changeContacts(desk, [...others, { address: address.text, name: contact.name }], request);
  return { type: 'contacts_put', ...changed };
}

export async function removeContact(
  desk: ControlDesk,
  request: Request<'contacts_remove'>,
): Promise<ControlAnswers['contacts_remove']> {
  const key = parseMailAddress(request.address)?.key;
  const left = currentContacts(desk).filter((old) => parseMailAddress(old.address)?.key !== key);
  if (key === undefined || left.length === currentContacts(desk).length)
    throw new StepRefused({ error: 'not_found', message: 'no such contact' });
  return { type: 'contacts_remove', ...(await changeContacts(desk, left, request)) };
}

/** Writes the file and confirms what was written, both for the same proof of presence. */
async function changeContacts(
  desk: ControlDesk,
  contacts: readonly Contact[],
  request: Request<'contacts_put' | 'contacts_remove'>,
): Promise<{ contacts: Contact[]; confirmed: boolean }> {
  if (!desk.confirmed.stands('contacts')) {
    throw new StepRefused({
      error: 'policy_denied',
      message: '`contacts.json` was edited and is not confirmed; run `hardshell contacts confirm` first',
    });
  }
  const text = formatContacts(contacts);
  const method = orTakeBack(desk.presence.check(request));
  const parsed = parseContacts(text);
  if (!parsed.ok) throw new StepRefused(parsed.refusal);
  desk.writeContacts(text);
  await desk.station.ledger.commit((tx) =>
    orTakeBack(
      desk.confirmed.confirm(tx, 'contacts', desk.station.sha256Hex(text), method, desk.station.clock.wallMs()),
    ),
  );
  return { contacts: [...parsed.value], confirmed: true };
}

function currentContacts(desk: ControlDesk): readonly Contact[] {
  const row = desk.station.ledger.reader.get(sql.selectFrom('confirmed').select('body').where('name', '=', 'contacts'));
  const parsed = parseContacts(row?.body ?? '');
  if (!parsed.ok) throw new HardshellError('state_corrupt', 'the confirmed contacts cannot be read', { fate: 'stop' });
  return parsed.value;
}

export function showConfirm(desk: ControlDesk, request: Request<'confirm_show'>): ControlAnswers['confirm_show'] {
  const { digest, changed, words, problems } = desk.confirmed.compare(request.name);
  return { type: 'confirm_show', name: request.name, digest, changed, words: [...words], problems: [...problems] };
}

/** Puts a changed file in force. The first change of policy demands that presence is enrolled. */
export async function confirm(desk: ControlDesk, request: Request<'confirm'>): Promise<ControlAnswers['confirm']> {
  if (request.name === 'policy' && desk.presence.required() === 'terminal') {
    throw new StepRefused({
      error: 'policy_denied',
      message: 'a change of policy needs a passphrase; enrol one with `hardshell approvals enrol`',
    });
  }
  const method = orTakeBack(desk.presence.check(request));
  const digest = await desk.station.ledger.commit((tx) =>
    orTakeBack(desk.confirmed.confirm(tx, request.name, request.digest, method, desk.station.clock.wallMs())),
  );
  return { type: 'confirm', name: request.name, digest };
}

/** Undoes what happened to a file. Nothing that is in force changes, so a terminal is enough for the policy too. */
export async function restoreConfirmed(
  desk: ControlDesk,
  request: Request<'confirm_restore'>,
): Promise<ControlAnswers['confirm_restore']> {
  const method = orTakeBack(desk.presence.check(request));
  const { name } = request;
  const digest = desk.confirmed.restore(name);
  await desk.station.ledger.commit((tx) =>
    tx.record({ event: 'confirmed_restored', zone: 'control', details: { name, method } }),
  );
  return { type: 'confirm_restore', name, digest };
}

function invalid(message: string): StepRefused {
  return new StepRefused({ error: 'invalid_params', message });
}
