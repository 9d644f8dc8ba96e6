import type { Before, Entry } from '../journal.ts';
import type { Target } from '../paths.ts';

/** What stands where a step would make something. `identity` compares with what the journal says we made. */
export type Observed =
  | { readonly kind: 'absent' }
  | { readonly kind: 'match' }
  | { readonly kind: 'other'; readonly identity: string }
  /** Cannot be done here (no service manager runs, or an image is built): told, and left to the person. */
  | { readonly kind: 'left'; readonly hint: string };

/** How a step is taken back. */
export type Undone = 'removed' | 'restored' | 'stays' | 'kept';

/** What a handler of steps may use: the tree, the commands of the system, the journal's store of old files. */
export interface Site {
  readonly target: Target;
  /** Runs a program of the system with a fixed search path and no shell. */
  readonly run: (argv: readonly string[]) => { readonly ok: boolean; readonly said: string };
  /** A service manager runs in this tree. */
  readonly hasSystemd: boolean;
  /** Keeps a file of somebody else; gives its name in the store. */
  readonly backUp: (path: string) => string;
  readonly backupPath: (name: string) => string;
  /** Tells the person something that was found or kept. */
  readonly tell: (sentence: string) => void;
}

/** One kind of step: look, keep what was there, make, take back. Each can be repeated after a crash at any point. */
export interface Handler<S> {
  readonly identity: (step: S) => string;
  readonly subject: (step: S) => string;
  readonly observe: (step: S, site: Site, entry: Entry | undefined) => Observed;
  /** Only asked when something other stands there. */
  readonly before: (step: S, site: Site) => Before;
  readonly make: (step: S, site: Site) => void;
}
