import type { AuthorityValue, Json, Label, Outcome, ShownMail, SourceFacts } from '../../contracts/index.ts';
import type { Tables, Tx } from '../../state/index.ts';
import type { RateUnits } from '../rates.ts';
import type { Station } from '../ports.ts';
import type { Session } from '../sessions.ts';

/** An ask with everything frozen that hashes, policy, rendering and act will use. */
export interface Prepared {
  /** Resolved parameters; their canonical form is hashed into `ph`. */
  readonly resolved: Json;
  readonly values: readonly AuthorityValue[];
  readonly payloadLabel: Label;
  readonly sources: readonly SourceFacts[];
  readonly warnedSources: number;
  readonly references: number;
  /** The exact bytes of an outbound act and how they are shown; null for acts that stay in Zone 1. */
  readonly payload: { readonly bytes: Uint8Array; readonly wh: string; readonly shown: ShownMail } | null;
  /** What it counts for against the rates. */
  readonly units: RateUnits;
}

/** The three verbs of an action. `reconcile` of outbound acts is the connector's, by `jti`. */
export interface Doer {
  readonly prepare: (
    station: Station,
    tx: Tx,
    session: Session,
    requested: Readonly<Record<string, unknown>>,
  ) => Outcome<Prepared>;
  /**
   * Acts that stay in Zone 1 happen inside the step that redeems their grant; null for acts that leave through a
   * connector.
   */
  readonly performHere:
    ((station: Station, tx: Tx, session: Session, request: Tables['requests']) => Outcome<Json>) | null;
}
