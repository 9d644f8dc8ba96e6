import * as z from 'zod';
import type { AuditEvent, AuditZone } from './audit-event.ts';
import { EGRESS_CLIENTS, EGRESS_REASONS, type EgressClient, type EgressReason } from './egress-reasons.ts';
import type { SubjectHash } from './ports.ts';

/** TLS from the first byte. Nothing else leaves. */
export const EGRESS_PORTS = [443, 465, 993] as const;

/** Ports on which a conversation begins in the clear, and the listed port that serves the same purpose. */
export const STARTTLS_PORTS: Readonly<Record<number, number>> = { 25: 465, 110: 993, 143: 993, 587: 465 };

/** The servers that each process may reach, and the name servers to ask. A client that is not in it has no way out. */
export interface EgressLists {
  /** Addresses of name servers; empty: those of the system. */
  readonly resolvers: readonly string[];
  readonly clients: readonly {
    readonly client: EgressClient;
    /** Exact pairs of name and port. Empty: nothing is reached. */
    readonly allow: readonly { readonly name: string; readonly port: number }[];
  }[];
}

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const port = z.number().int().min(0).max(65_535);
const client = z.enum(EGRESS_CLIENTS);
const listedName = z.string().min(1).max(253);
const reason = z.enum(Object.keys(EGRESS_REASONS) as [EgressReason, ...EgressReason[]]);

const egressEventSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('opened'), seq: count, client, name: listedName, port }),
  z.strictObject({
    kind: z.literal('refused'),
    seq: count,
    client,
    /** Null when it is not on the client's list: what is asked for may carry stolen bytes. */
    name: listedName.nullable(),
    port,
    /** Characters of what was asked for, at most 999. */
    name_chars: z.number().int().min(0).max(999),
    reason,
    /** Refusals before this one that were left out because there were too many. */
    left_out: count,
  }),
  z.strictObject({
    kind: z.literal('closed'),
    seq: count,
    client,
    name: listedName,
    port,
    bytes_out: count,
    bytes_in: count,
    ended_by: z.enum(['peers', 'idle', 'bytes', 'stop', 'failure']),
  }),
]);
/** What the egress process says about one connection: never a byte of it, never a name that is not listed. */
export type EgressEvent = z.infer<typeof egressEventSchema>;
/** An event that has no number yet. */
export type NewEgressEvent = EgressEvent extends infer E ? (E extends EgressEvent ? Omit<E, 'seq'> : never) : never;

/** The socket on which the executor asks the egress process what happened. */
export const EGRESS_REQUESTS = {
  /** Events with a number above `after`; waits for the first one when there is none yet. */
  egress_watch: z.strictObject({
    type: z.literal('egress_watch'),
    after: count,
    wait_ms: z.number().int().min(0).max(60_000).optional(),
  }),
} as const;

export const EGRESS_ANSWERS = {
  /** `missed`: older events were dropped. `run` changes with every start, and numbers begin again with it. */
  egress_events: z.strictObject({
    type: z.literal('egress_events'),
    run: z.string().regex(/^[0-9a-f]{16}$/),
    events: z.array(egressEventSchema).max(1_024),
    next: count,
    missed: z.boolean(),
  }),
} as const;

/** The line of the log for an event. `hash` is the instance's keyed hash. */
export function egressAuditEvent(event: EgressEvent, hash: SubjectHash): AuditEvent {
  const zone = auditZoneOf(event.client);
  const { client, port } = event;
  const subject = event.name === null ? undefined : hash(`${event.name}:${port}`);
  const about = { zone, ...(subject === undefined ? {} : { subject }) };
  switch (event.kind) {
    case 'opened':
      return { ...about, event: 'egress_opened', details: { client, port } };
    case 'refused':
      return {
        ...about,
        event: 'egress_refused',
        details: {
          client,
          port,
          reason: event.reason,
          listed: event.name !== null,
          name_chars: event.name_chars,
          left_out: event.left_out,
        },
      };
    case 'closed':
      return {
        ...about,
        event: 'egress_closed',
        details: { client, port, bytes_out: event.bytes_out, bytes_in: event.bytes_in, ended_by: event.ended_by },
      };
    default:
      return event satisfies never;
  }
}

function auditZoneOf(client: EgressClient): AuditZone {
  return client === 'model' || client === 'stop' ? client : 'connector';
}

/** Servers that a resolver configuration names, at most three, as the system itself uses; interfaces are not followed. */
export function resolversIn(text: string): string[] {
  return text
    .slice(0, 65_536)
    .split('\n')
    .map((line) => /^nameserver[ \t]+([0-9a-fA-F.:]{2,45})[ \t]*$/.exec(line)?.[1])
    .filter((address) => address !== undefined)
    .slice(0, 3);
}
