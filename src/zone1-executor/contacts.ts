import * as z from 'zod';
import { parseMailAddress, type Outcome, accepted, refused } from '../contracts/index.ts';
import type { ContactBook } from './ports.ts';

const contactsSchema = z.strictObject({
  v: z.literal(1),
  contacts: z.array(z.strictObject({ address: z.string().max(254), name: z.string().max(100) })).max(10_000),
});
export type Contact = z.infer<typeof contactsSchema>['contacts'][number];

export const EMPTY_CONTACTS = `${JSON.stringify({ v: 1, contacts: [] }, null, 2)}\n`;

/** The contacts in a file's text, or why it cannot be used. Addresses follow the strict grammar. */
export function parseContacts(text: string): Outcome<readonly Contact[]> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused('malformed', '`contacts.json` is not JSON');
  }
  const parsed = contactsSchema.safeParse(value);
  if (!parsed.success) return refused('malformed', '`contacts.json` must hold `v: 1` and a list of address and name');
  const bad = parsed.data.contacts.findIndex((contact) => parseMailAddress(contact.address) === null);
  if (bad >= 0) return refused('malformed', `entry ${bad + 1} of \`contacts.json\` has no plain mail address`);
  return accepted(parsed.data.contacts);
}

/** The text of a contact file, sorted, one entry an address. */
export function formatContacts(contacts: readonly Contact[]): string {
  const byKey = new Map(
    contacts.map((contact) => [parseMailAddress(contact.address)?.key ?? contact.address, contact]),
  );
  const sorted = [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, contact]) => contact);
  return `${JSON.stringify({ v: 1, contacts: sorted }, null, 2)}\n`;
}

export function contactBook(contacts: readonly Contact[], self: { address: string; name: string }): ContactBook {
  const names = new Map(contacts.map((contact) => [parseMailAddress(contact.address)?.key ?? '', contact.name]));
  return {
    nameOf: (key) => names.get(key) ?? null,
    self: parseMailAddress(self.address)?.key ?? self.address,
    selfName: self.name,
  };
}
