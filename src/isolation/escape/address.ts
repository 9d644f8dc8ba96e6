import { bytes, type Arg } from './steps.ts';

/** `struct sockaddr_in`, 16 bytes. */
export function ipv4(address: string, port: number): Arg {
  const out = Buffer.alloc(16);
  out.writeUInt16LE(2, 0);
  out.writeUInt16BE(port, 2);
  address.split('.').forEach((part, i) => out.writeUInt8(Number(part), 4 + i));
  return bytes(out);
}

/** `struct sockaddr_in6`, 28 bytes; the address as eight groups. */
export function ipv6(groups: readonly number[], port: number): Arg {
  const out = Buffer.alloc(28);
  out.writeUInt16LE(10, 0);
  out.writeUInt16BE(port, 2);
  groups.forEach((group, i) => out.writeUInt16BE(group, 8 + 2 * i));
  return bytes(out);
}

/** `struct sockaddr_un` with its length. A name that begins with a zero byte is abstract. */
export function unix(name: string): { readonly address: Arg; readonly length: number } {
  const path = Buffer.from(name, 'utf8');
  const abstract = name.startsWith('\0');
  const out = Buffer.alloc(2 + path.length + (abstract ? 0 : 1));
  out.writeUInt16LE(1, 0);
  out.set(path, 2);
  return { address: bytes(out), length: out.length };
}
