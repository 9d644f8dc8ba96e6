/**
 * Runs `listen`, which binds at once, so that the socket it makes has that mode from its first moment. Not by `chmod`
 * afterwards: a name could be another file's by then, and the weakest wall (mode L) refuses modes by name.
 */
export function withSocketMode(mode: number, listen: () => void): void {
  const before = process.umask(0o777 & ~mode);
  try {
    listen();
  } finally {
    process.umask(before);
  }
}
