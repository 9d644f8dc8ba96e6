import type { Channel, ConnectorName } from './channels.ts';

/** Every process of the supervisor's table. */
export const ZONE_PROFILES = [
  'executor',
  'egress',
  'connector-maildir',
  'connector-chats',
  'reader-email',
  'reader-telegram',
  'reader-slack',
  'planner',
  'model',
] as const;
export type ZoneProfile = (typeof ZONE_PROFILES)[number];

/** What may be started over the supervisor's socket; everything else it starts by itself, from its own table. */
export const SPAWN_PROFILES = ['reader-email', 'reader-telegram', 'reader-slack', 'planner'] as const;
export type SpawnProfile = (typeof SPAWN_PROFILES)[number];

/** What a profile is: processes of one kind run the same packed program with the same limits. */
export type ProfileKind =
  | { readonly kind: 'executor' }
  | { readonly kind: 'egress' }
  | { readonly kind: 'planner' }
  | { readonly kind: 'model' }
  | { readonly kind: 'connector'; readonly connector: ConnectorName }
  | { readonly kind: 'reader'; readonly channel: Channel };

export const PROFILE_KINDS: Readonly<Record<ZoneProfile, ProfileKind>> = {
  executor: { kind: 'executor' },
  egress: { kind: 'egress' },
  'connector-maildir': { kind: 'connector', connector: 'maildir' },
  'connector-chats': { kind: 'connector', connector: 'chats' },
  'reader-email': { kind: 'reader', channel: 'email' },
  'reader-telegram': { kind: 'reader', channel: 'telegram' },
  'reader-slack': { kind: 'reader', channel: 'slack' },
  planner: { kind: 'planner' },
  model: { kind: 'model' },
};

/** True for what is started on request and known to its executor alone: it ends with it. */
export function isSpawned(profile: ZoneProfile): profile is SpawnProfile {
  return SPAWN_PROFILES.some((one) => one === profile);
}
