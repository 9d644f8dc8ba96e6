import { isIP } from 'node:net';
import * as z from 'zod';
import {
  EGRESS_CLIENTS,
  EGRESS_PORTS,
  HardshellError,
  type EgressLists,
  type EgressReason,
} from '../contracts/index.ts';
import { isCanonicalName, type Target } from './target.ts';

/** Exact pairs of name and port. Empty: nothing is reached. */
export type AllowList = readonly Target[];

const TEXT_CHARS_MAX = 262_144;
const target = z.strictObject({
  name: z.string().refine((name) => name.includes('.') && isCanonicalName(name)),
  port: z.literal(EGRESS_PORTS),
});
const listsSchema = z.strictObject({
  v: z.literal(1),
  resolvers: z.array(z.string().refine((address) => isIP(address) !== 0 && !address.includes('%'))).max(3),
  clients: z
    .array(z.strictObject({ client: z.enum(EGRESS_CLIENTS), allow: z.array(target).max(256) }))
    .max(EGRESS_CLIENTS.length),
});

/** The file that the supervisor wrote. Throws `config_invalid`; nothing of a file that is not whole is used. */
export function parseEgressLists(text: string): EgressLists {
  if (text.length > TEXT_CHARS_MAX) throw invalid('it is too large');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('it is not JSON');
  }
  const parsed = listsSchema.safeParse(value);
  if (!parsed.success) {
    throw invalid(`\`${parsed.error.issues[0]?.path.join('.') ?? ''}\` is not what it should be`);
  }
  const names = parsed.data.clients.map(({ client }) => client);
  if (new Set(names).size !== names.length) throw invalid('a client stands in it twice');
  return parsed.data;
}

/** Undefined when the target may be reached. */
export function judgeTarget(wanted: Target, allow: AllowList): EgressReason | undefined {
  if (allow.some(({ name, port }) => name === wanted.name && port === wanted.port)) return undefined;
  return isListed(wanted.name, allow) ? 'port_not_listed' : 'name_not_listed';
}

/** Whether the name stands on the list with any port: only such a name is ever written down. */
export function isListed(wanted: string, allow: AllowList): boolean {
  return allow.some(({ name }) => name === wanted);
}

function invalid(what: string): HardshellError {
  return new HardshellError('config_invalid', `the allow-lists cannot be used: ${what}; start Hardshell again`, {
    fate: 'stop',
  });
}
