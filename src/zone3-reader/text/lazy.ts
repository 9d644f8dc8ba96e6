/** A constant that is made at its first use: most mails never need it, and a reader should be ready at once. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
