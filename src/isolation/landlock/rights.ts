/** Rights of Landlock on files, by bit, as `LANDLOCK_ACCESS_FS_*`. */
const RIGHT = {
  execute: 1n << 0n,
  writeFile: 1n << 1n,
  readFile: 1n << 2n,
  readDirectory: 1n << 3n,
  removeDirectory: 1n << 4n,
  removeFile: 1n << 5n,
  makeDirectory: 1n << 7n,
  makeFile: 1n << 8n,
  makeSocket: 1n << 9n,
  makeLink: 1n << 12n,
  refer: 1n << 13n,
  truncate: 1n << 14n,
} as const;
const FIRST_WITH = { devices: 5, network: 4, scopes: 6 } as const;
const ALL_OF_ABI_3 = (1n << 15n) - 1n;
const DEVICE_IOCTL = 1n << 15n;
/** Binding and connecting of TCP. No rule allows any of it. */
const TCP = 0b11n;
/** Abstract sockets of others, and signals to others. */
const SCOPES = 0b11n;

/** Before it the kernel lets a zone cut any file short that its uid may write (Linux 6.2 is the first). */
export const ABI_MIN = 3;

export type Grant = 'read' | 'write' | 'run' | 'device';

/** `struct landlock_ruleset_attr`: all that the kernel can be asked to refuse is refused, but for the rules. */
export function rulesetAttributes(abi: number, network: 'none' | 'host'): Buffer {
  const files = abi >= FIRST_WITH.devices ? ALL_OF_ABI_3 | DEVICE_IOCTL : ALL_OF_ABI_3;
  const words = [files];
  if (abi >= FIRST_WITH.network) words.push(network === 'none' ? TCP : 0n);
  if (abi >= FIRST_WITH.scopes) words.push(SCOPES);
  const out = Buffer.alloc(words.length * 8);
  words.forEach((word, i) => out.writeBigUInt64LE(word, i * 8));
  return out;
}

/** What a rule lets a zone do with a file, or with a directory and all below it. A file has no rights of a directory. */
export function rightsOf(grant: Grant, kind: 'file' | 'directory', mayServe: boolean): bigint {
  switch (grant) {
    case 'read':
      return kind === 'file' ? RIGHT.readFile : RIGHT.readFile | RIGHT.readDirectory;
    case 'run':
      return RIGHT.readFile | RIGHT.execute;
    case 'device':
      return RIGHT.readFile | RIGHT.writeFile;
    case 'write': {
      const file = RIGHT.readFile | RIGHT.writeFile | RIGHT.truncate;
      if (kind === 'file') return file;
      const { readDirectory, removeDirectory, removeFile, makeDirectory, makeFile, makeLink, refer } = RIGHT;
      const directory = readDirectory | removeDirectory | removeFile | makeDirectory | makeFile | makeLink | refer;
      return file | directory | (mayServe ? RIGHT.makeSocket : 0n);
    }
    default:
      return grant satisfies never;
  }
}

/** What an older Landlock does not hold, in sentences. */
export function lacksOf(abi: number): string[] {
  return [
    ...(abi < FIRST_WITH.network
      ? ['this kernel’s Landlock knows no network: only the filter keeps zones from it']
      : []),
    ...(hasScopes(abi)
      ? []
      : [
          'this kernel’s Landlock has no scopes: a zone can signal other processes of its uid, and one that may open sockets reaches abstract ones',
        ]),
  ];
}

export function hasScopes(abi: number): boolean {
  return abi >= FIRST_WITH.scopes;
}
