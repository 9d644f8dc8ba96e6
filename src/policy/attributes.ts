import type { DecisionRequest, RedMark } from '../contracts/index.ts';

/** Closed lists that a rule may compare with; Cedar refuses a name that is not in them. */
export const ENUMS = {
  Zone: ['zone2-planner'],
  Destination: ['one', 'several'],
  Nothing: ['nothing'],
  Origin: ['item', 'instruction', 'standing', 'task', 'agent'],
  Audience: ['self', 'contact', 'service', 'unknown', 'group', 'public'],
  Channel: ['email', 'telegram', 'slack', 'sms', 'voice', 'webhook', 'other'],
} as const satisfies Record<string, readonly string[]>;
export type EnumName = keyof typeof ENUMS;

/** Type of an attribute in Cedar's words. */
export type AttributeType = 'Long' | 'Bool' | 'String' | EnumName | `Set<${'String' | EnumName}>`;

/** One request as the attributes see it. */
export interface Facts {
  readonly request: DecisionRequest;
  readonly marks: readonly RedMark[];
  /** Destinations in their form for comparison, by role, without repeats. */
  readonly byRole: ReadonlyMap<string, readonly string[]>;
}

export interface Attribute {
  readonly type: AttributeType;
  /** What it means, for the documentation. */
  readonly says: string;
  readonly of: (facts: Facts) => boolean | number | string | readonly string[];
}

/** `context` of every action, besides one `Set<String>` for each parameter that names destinations. */
export const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  origin: {
    type: 'Origin',
    says: 'what opened the session that asks: an inbound item, your instruction, your standing talk, a scheduled task, a workspace of an agent that you run',
    of: ({ request }) => request.origin,
  },
  recipients: {
    type: 'Set<String>',
    says: 'every destination, addresses in lower case',
    of: ({ byRole }) => unique([...byRole.values()].flat()),
  },
  recipient_count: {
    type: 'Long',
    says: 'how many different destinations',
    of: ({ byRole }) => unique([...byRole.values()].flat()).length,
  },
  domains: {
    type: 'Set<String>',
    says: 'the part after `@` of every destination that is a mail address',
    of: ({ byRole }) =>
      unique(
        [...byRole.values()]
          .flat()
          .flatMap((value) => (value.includes('@') ? [value.slice(value.lastIndexOf('@') + 1)] : [])),
      ),
  },
  audience: {
    type: 'Audience',
    says: 'the widest audience among the destinations; `self` when nobody is reached',
    of: ({ request }) => widest(request),
  },
  all_named: {
    type: 'Bool',
    says: 'there is a destination, and each is one that you named: typed by you for this role',
    of: ({ request }) => request.values.length > 0 && request.values.every((value) => value.named),
  },
  untrusted_authority: {
    type: 'Bool',
    says: 'some destination was chosen by something from outside',
    of: ({ request }) => request.values.some((value) => value.label.integrity === 'untrusted'),
  },
  untrusted_payload: {
    type: 'Bool',
    says: 'something from outside flowed into what goes out',
    of: ({ request }) => request.payload.integrity === 'untrusted',
  },
  private_payload: {
    type: 'Bool',
    says: 'something private or secret flowed into what goes out',
    of: ({ request }) => request.payload.confidentiality !== 'public',
  },
  secret_payload: {
    type: 'Bool',
    says: 'something secret flowed in (outbound, the floor denies it anyway)',
    of: ({ request }) => request.payload.confidentiality === 'secret',
  },
  source_count: {
    type: 'Long',
    says: 'how many messages flowed in',
    of: ({ request }) => request.sources.length,
  },
  channels: {
    type: 'Set<Channel>',
    says: 'the channels of those messages',
    of: ({ request }) => unique(request.sources.map(({ channel }) => (isChannel(channel) ? channel : 'other'))),
  },
  warned_sources: {
    type: 'Long',
    says: 'how many of them the reader flagged as trying to give orders',
    of: ({ request }) => request.warnedSources,
  },
  red: {
    type: 'Bool',
    says: 'the act wants an act of attention; true only for outbound actions',
    of: ({ marks }) => marks.length > 0,
  },
  red_flow: {
    type: 'Bool',
    says: 'red because something private would reach somebody who has not seen it',
    of: ({ marks }) => marks.some(({ kind }) => kind === 'flow'),
  },
  red_destination: {
    type: 'Bool',
    says: 'red because something from outside chose a stranger as destination',
    of: ({ marks }) => marks.some(({ kind }) => kind === 'untrusted_destination'),
  },
};

/** A value as the engine takes it: names of closed lists are entities. */
export function cedarValue(type: AttributeType, value: boolean | number | string | readonly string[]): unknown {
  const name = elementOf(type) ?? type;
  if (typeof value === 'object') return value.map((item) => scalar(name, item));
  return typeof value === 'string' ? scalar(name, value) : value;
}

/** `Audience` for `Set<Audience>`; null for what is not a set. */
export function elementOf(type: AttributeType): string | null {
  return /^Set<(.+)>$/.exec(type)?.[1] ?? null;
}

function scalar(type: string, value: string): unknown {
  return type in ENUMS ? { type, id: value } : value;
}

/** The list is rising; a configured service stands just above a contact. One that is not in it is for the schema to refuse. */
function widest(request: DecisionRequest): string {
  const ranks: readonly string[] = ENUMS.Audience;
  const reached = new Set<string>(request.values.map(({ audience }) => audience));
  const odd = [...reached].find((audience) => !ranks.includes(audience));
  return odd ?? ranks.findLast((rank) => reached.has(rank)) ?? 'self';
}

function isChannel(channel: string): boolean {
  const known: readonly string[] = ENUMS.Channel;
  return known.includes(channel);
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}
