import * as z from 'zod';
import { AUDIT_MODES } from './audit-event.ts';
import { CHANNELS } from './channels.ts';

const count = z.number().int().min(0);
const text = z.string();
const presence = z.enum(['terminal', 'passphrase', 'passkey']);

/** The whole instance in one answer. */
export const statusSchema = z.strictObject({
  type: z.literal('status'),
  /** Everything that has to run runs, and nothing stops outbound acts. */
  ready: z.boolean(),
  version: text,
  deployment: z.enum(['checkout', 'installed']),
  mode: z.enum(AUDIT_MODES),
  minimum_mode: z.enum(AUDIT_MODES),
  presence,
  killed: z.boolean(),
  epoch: count,
  started_ms: z.number(),
  mail: z.strictObject({ provider: text, address: text, inbox: text, outbox: text }),
  /** `inboxes`: folders of the home that it takes from. */
  connectors: z.array(
    z.strictObject({ name: text, channels: z.array(z.enum(CHANNELS)), inboxes: z.array(text), running: z.boolean() }),
  ),
  planner: z.enum(['rules', 'model']),
  inbox: z.strictObject({ items: count, unhandled: count, warned: count }),
  approvals: z.strictObject({ pending: count, waiting: count, asked_today: count, per_day: count }),
  zones: z.strictObject({ running: count, wanted: count }),
  /** The escape list at this start: attempts that the mode claims to hold, in all kinds of zones. Null where nobody can tell. */
  proof: z.strictObject({ attempts: count, held: count, zones: count }).nullable(),
  audit: z.strictObject({ entries: count, outside_checkpoint: z.boolean() }),
  /** Which confirmed files match what is on the disk. A changed one denies outbound acts. */
  confirmed: z.strictObject({ policy: z.boolean(), contacts: z.boolean(), config: z.boolean() }),
  /** Sentences: what this mode cannot hold or nobody has proven here. */
  unproven: z.array(text),
  /** Sentences: what wants the owner. */
  warnings: z.array(text),
});
