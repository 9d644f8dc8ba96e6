import { HardshellError, PROFILE_KINDS, type Channel, type ZoneProfile } from '../contracts/index.ts';

/** Names of zones: those of the design, readers counted by channel. */
export class ZoneNames {
  readonly #readers = new Map<Channel, number>();

  /** Throws `invalid_params` for a planner of which nobody says whose it is. */
  next(of: {
    readonly profile: ZoneProfile;
    readonly session?: string | null | undefined;
    readonly standing?: boolean | undefined;
  }): string {
    const is = PROFILE_KINDS[of.profile];
    switch (is.kind) {
      case 'reader': {
        const nth = (this.#readers.get(is.channel) ?? 0) + 1;
        this.#readers.set(is.channel, nth);
        return `zone3-${is.channel}-reader.${nth}`;
      }
      case 'planner':
        if (of.standing === true) return 'zone2-planner';
        if (typeof of.session === 'string') return `zone2-planner.${of.session}`;
        throw new HardshellError('invalid_params', 'a planner needs `sid` or `standing`', { fate: 'refuse' });
      case 'executor':
        return 'zone1-executor';
      case 'egress':
      case 'connector':
      case 'model':
        return of.profile;
      default:
        return is satisfies never;
    }
  }
}

/** Name of a throw-away zone of that profile, by which drivers tell it as they tell the real ones. */
export function proofName(profile: ZoneProfile): string {
  const is = PROFILE_KINDS[profile];
  if (is.kind === 'reader') return `zone3-${is.channel}-reader.proof`;
  if (is.kind === 'planner') return 'zone2-planner.proof';
  return is.kind === 'executor' ? 'zone1-executor.proof' : `${profile}.proof`;
}
