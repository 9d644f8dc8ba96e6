import { ACTIONS, UNBUILT_ACTIONS, type ActionDeclaration, type Effect } from '../contracts/index.ts';

/** What policy knows of one action. */
export interface CatalogueEntry {
  readonly effect: Effect;
  /** Parameters that name a destination; null for an action whose part is not built, so that none are declared. */
  readonly roles: readonly string[] | null;
}

/** Every action that a policy may speak of. A name that is not in it is denied by the floor. */
export type Catalogue = ReadonlyMap<string, CatalogueEntry>;

/** The catalogue of the declarations in `contracts/actions`: the built ones and those that are only known. */
export function catalogueOf(
  actions: ReadonlyMap<string, Pick<ActionDeclaration, 'effect' | 'authority'>>,
  unbuilt: ReadonlyMap<string, Effect>,
): Catalogue {
  const entries = new Map<string, CatalogueEntry>();
  for (const [name, action] of actions) {
    entries.set(name, { effect: action.effect, roles: Object.keys(action.authority).sort() });
  }
  for (const [name, effect] of unbuilt) entries.set(name, { effect, roles: null });
  return entries;
}

/** The catalogue of this build. */
export const CATALOGUE: Catalogue = catalogueOf(ACTIONS, UNBUILT_ACTIONS);
