/** Limits of the way out, each with its reason. Times in milliseconds. */
export interface EgressLimits {
  readonly headBytesMax: number;
  readonly headMs: number;
  /** Open tunnels of one client. */
  readonly tunnelsPerClientMax: number;
  /** Open tunnels of all clients together. */
  readonly tunnelsMax: number;
  readonly resolveMs: number;
  readonly addressesMax: number;
  /** One address. */
  readonly dialMs: number;
  readonly addressesTriedMax: number;
  readonly helloBytesMax: number;
  readonly helloMs: number;
  readonly serverHelloMs: number;
  readonly idleMs: number;
  /** Idle time once one side has ended. */
  readonly halfClosedIdleMs: number;
  /** Bytes in both directions together; null: no bound. */
  readonly tunnelBytesMax: number | null;
  readonly refusalsBurst: number;
  readonly refusalsPerSecond: number;
}

export const EGRESS_LIMITS: EgressLimits = {
  // A CONNECT and its `host` need some 600 bytes at the longest name.
  headBytesMax: 4_096,
  headMs: 5_000,
  // Above what a mail client with many folders opens; beyond it somebody collects connections.
  tunnelsPerClientMax: 32,
  tunnelsMax: 128,
  resolveMs: 5_000,
  // Large services answer with up to 16 of each family.
  addressesMax: 32,
  dialMs: 4_000,
  addressesTriedMax: 4,
  // The largest honest hello (post-quantum keys, long session tickets) stays below 8 KiB.
  helloBytesMax: 65_536,
  helloMs: 5_000,
  serverHelloMs: 10_000,
  // IMAP IDLE is silent for up to 29 minutes (RFC 2177).
  idleMs: 1_860_000,
  // TLS clients do not end their side before they have their answer.
  halfClosedIdleMs: 10_000,
  tunnelBytesMax: null,
  // A client that is refused a thousand times says nothing new after the thirtieth.
  refusalsBurst: 30,
  refusalsPerSecond: 0.5,
};
