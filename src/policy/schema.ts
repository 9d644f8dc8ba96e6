import { HardshellError } from '../contracts/index.ts';
import { ATTRIBUTES, elementOf, ENUMS, type AttributeType } from './attributes.ts';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';

/** Names of the groups that every action is in by its effect: `action in Action::"outbound"`. */
export const ACTION_GROUPS = ['read', 'draft', 'outbound'] as const;

/**
 * The Cedar schema (JSON form) of a catalogue. Everything is typed and required: a misspelt attribute, audience or
 * action refuses the file, and a request that lacks something is denied instead of judged by half the rules.
 */
export function schemaOf(catalogue: Catalogue): object {
  return schemaWith([...catalogue].map(([name, entry]) => [name, actionType(entry, attributesOf(entry))]));
}

/** The schema of one action with no other attributes than these: what its rules read, and no more to check each time. */
export function schemaOfSlice(action: string, entry: CatalogueEntry, attributes: readonly string[]): object {
  const kept = new Map([...attributesOf(entry)].filter(([name]) => attributes.includes(name)));
  return schemaWith([[action, actionType(entry, kept)]]);
}

/** Every attribute of an action's context: those of all actions, and a set for each parameter with destinations. */
export function attributesOf({ roles }: CatalogueEntry): ReadonlyMap<string, AttributeType> {
  const attributes = new Map(Object.entries(ATTRIBUTES).map(([name, { type }]) => [name, type]));
  for (const role of roles ?? []) {
    if (attributes.has(role)) {
      throw new HardshellError('invariant_broken', `parameter \`${role}\` has the name of an attribute`, {
        fate: 'stop',
      });
    }
    attributes.set(role, 'Set<String>');
  }
  return attributes;
}

function schemaWith(actions: readonly (readonly [name: string, type: object])[]): object {
  const groups = ACTION_GROUPS.map((group) => [group, {}] as const);
  const entityTypes = Object.fromEntries(Object.entries(ENUMS).map(([name, ids]) => [name, { enum: ids }]));
  return { '': { entityTypes, actions: Object.fromEntries([...groups, ...actions]) } };
}

function actionType(entry: CatalogueEntry, attributes: ReadonlyMap<string, AttributeType>): object {
  return {
    memberOf: [{ id: entry.effect }],
    appliesTo: {
      principalTypes: ['Zone'],
      resourceTypes: [reaches(entry) ? 'Destination' : 'Nothing'],
      context: {
        type: 'Record',
        attributes: Object.fromEntries([...attributes].map(([name, type]) => [name, cedarType(type)])),
      },
    },
  };
}

/** Whether an action has destinations at all: what is outbound or a draft, unless it declares that it has none. */
export function reaches({ effect, roles }: CatalogueEntry): boolean {
  return roles === null ? effect !== 'read' : roles.length > 0;
}

function cedarType(type: AttributeType): object {
  const element = elementOf(type);
  return element === null ? scalarType(type) : { type: 'Set', element: scalarType(element) };
}

function scalarType(type: string): object {
  if (type === 'Long' || type === 'String') return { type };
  return type === 'Bool' ? { type: 'Boolean' } : { type: 'Entity', name: type };
}
