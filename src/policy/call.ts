import type { DecisionRequest, RedMark } from '../contracts/index.ts';
import { ATTRIBUTES, cedarValue, type Facts } from './attributes.ts';
import type { CatalogueEntry } from './catalogue.ts';
import type { EngineCall } from './engine.ts';
import { comparable } from './flow.ts';

/** One request as the attributes of `context` see it. */
export function factsOf(request: DecisionRequest, marks: readonly RedMark[], entry: CatalogueEntry): Facts {
  const byRole = new Map<string, string[]>((entry.roles ?? []).map((role) => [role, []]));
  for (const { role, value } of request.values) {
    const values = byRole.get(role) ?? [];
    byRole.set(role, values);
    const form = comparable(value);
    if (!values.includes(form)) values.push(form);
  }
  return { request, marks, byRole };
}

/** What the engine is asked: the request with the attributes of these names, and no others. */
export function callOf(facts: Facts, attributes: readonly string[]): EngineCall {
  const { request, byRole } = facts;
  const context: Record<string, unknown> = {};
  for (const name of attributes) {
    const attribute = ATTRIBUTES[name];
    context[name] = attribute === undefined ? byRole.get(name) : cedarValue(attribute.type, attribute.of(facts));
  }
  return {
    principal: { type: 'Zone', id: request.zone.replace(/\..*$/s, '') },
    action: { type: 'Action', id: request.action },
    resource: resourceOf(facts),
    context,
  };
}

/** An act that should reach somebody and names nobody gets a resource that its schema refuses. */
function resourceOf({ byRole }: Facts): EngineCall['resource'] {
  const count = new Set([...byRole.values()].flat()).size;
  if (count === 0) return { type: 'Nothing', id: 'nothing' };
  return { type: 'Destination', id: count === 1 ? 'one' : 'several' };
}
