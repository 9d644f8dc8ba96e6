import { constants } from 'node:os';

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
names.set(11, 'EAGAIN').set(95, 'EOPNOTSUPP').set(93, 'EPROTONOSUPPORT').set(94, 'ESOCKTNOSUPPORT');
names.set(97, 'EAFNOSUPPORT').set(126, 'ENOKEY').set(15, 'ENOTBLK').set(117, 'EUCLEAN').set(16, 'EBUSY');

/** `EPERM` for 1; `errno 999` for what has no name. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}

/** Errors that mean "there is no such thing here", in contrast to "you may not". */
const ABSENT = new Set([
  'ENOENT',
  'ENXIO',
  'ENODEV',
  'ESRCH',
  'ECONNREFUSED',
  'ENETUNREACH',
  'ENOTDIR',
  'EADDRNOTAVAIL',
]);

export function meansAbsent(raw: string): boolean {
  return ABSENT.has(raw);
}
