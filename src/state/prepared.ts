import type { CompiledQuery, RootOperationNode } from 'kysely';
import type { Query } from './database.ts';

/** Values that a column can hold. */
type Value = string | number | null | Uint8Array;

/**
 * A query that is built once and run with other values each time: building one costs more than running it.
 * `build` is called once and puts `hole('name')` where a value goes; every hole is used exactly once.
 */
export function prepare<Names extends string, Row>(
  build: (hole: <T extends Value>(name: Names) => T) => Query<Row>,
): (values: Readonly<Record<Names, Value>>) => Query<Row> {
  let made: { readonly sql: string; readonly query: RootOperationNode; readonly places: readonly Place[] } | undefined;
  return (values) => {
    made ??= make(build);
    const { sql, query, places } = made;
    const parameters = places.map((place) => (place.kind === 'hole' ? values[place.name as Names] : place.value));
    const compiled = { sql, query, parameters, queryId: { queryId: '' } } as unknown as CompiledQuery<Row>;
    return { compile: () => compiled };
  };
}

type Place = { readonly kind: 'hole'; readonly name: string } | { readonly kind: 'fixed'; readonly value: unknown };

const MARK = '\u0000hole:';

function make<Names extends string, Row>(
  build: (hole: <T extends Value>(name: Names) => T) => Query<Row>,
): { sql: string; query: RootOperationNode; places: Place[] } {
  const { sql, parameters, query } = build(
    <T extends Value>(name: Names) => `${MARK}${name}` as unknown as T,
  ).compile();
  const places = parameters.map((value): Place =>
    typeof value === 'string' && value.startsWith(MARK)
      ? { kind: 'hole', name: value.slice(MARK.length) }
      : { kind: 'fixed', value },
  );
  return { sql, query, places };
}
