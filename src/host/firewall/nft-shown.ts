import { isIPv6, SocketAddress } from 'node:net';
import { NFT_TABLE, type NftTable } from './nft-table.ts';

/** A table reduced to lines that are equal when the tables do the same, whichever version of `nft` shows them. */
export type TableLines = ReadonlyMap<string, string>;

/** What the kernel has, from `nft -j list table`. Undefined when it cannot be read; an unknown object is a line too. */
export function readShownTable(text: string): TableLines | undefined {
  const objects = objectsIn(text);
  if (objects === undefined) return undefined;
  const lines = new Map<string, string>();
  const positions = new Map<string, number>();
  for (const object of objects) {
    const [kind = '', value] = Object.entries(object)[0] ?? [];
    if (kind === 'metainfo') continue;
    if (!isRecord(value)) return undefined;
    if (kind === 'rule') {
      const chain = String(value['chain']);
      const position = positions.get(chain) ?? 0;
      positions.set(chain, position + 1);
      lines.set(ruleKey(chain, position), canonical(value['expr']));
    } else lines.set(`${kind} ${String(value['name'])}`, describe(kind, value));
  }
  return lines;
}

/** The same lines for the table that we would load. */
export function expectedTable(table: NftTable): TableLines {
  const lines = new Map<string, string>([[`table ${NFT_TABLE}`, describe('table', {})]]);
  for (const { name, type, elements } of table.sets) {
    lines.set(`set ${name}`, describe('set', { type, flags: ['interval'], elem: elements }));
  }
  for (const name of table.counters) lines.set(`counter ${name}`, describe('counter', {}));
  for (const { name, hooked, rules } of table.chains) {
    const hook = hooked ? { type: 'filter', hook: 'output', prio: 0, policy: 'accept' } : {};
    lines.set(`chain ${name}`, describe('chain', hook));
    rules.forEach((parts, i) => lines.set(ruleKey(name, i), canonical(parts.map(({ shown }) => shown))));
  }
  return lines;
}

/** Names of what differs; empty when nothing does. */
export function differences(expected: TableLines, shown: TableLines): string[] {
  return [...new Set([...expected.keys(), ...shown.keys()])].filter((key) => expected.get(key) !== shown.get(key));
}

const ruleKey = (chain: string, position: number): string => `rule ${position + 1} of ${chain}`;

/** What counts of an object; its handle, its packets and its place do not. */
function describe(kind: string, value: Readonly<Record<string, unknown>>): string {
  const dropped = new Set(['family', 'name', 'table', 'handle', 'packets', 'bytes', 'elem']);
  const kept = Object.fromEntries(Object.entries(value).filter(([key]) => !dropped.has(key)));
  if (kind !== 'set') return canonical(kept);
  const elements = Array.isArray(value['elem']) ? value['elem'].map(elementText).toSorted() : [];
  return canonical({ ...kept, elements });
}

function elementText(element: unknown): string {
  if (isRecord(element) && isRecord(element['prefix'])) {
    return `${address(String(element['prefix']['addr']))}/${String(element['prefix']['len'])}`;
  }
  if (isRecord(element) && Array.isArray(element['range'])) return element['range'].map(String).join('-');
  const text = typeof element === 'string' ? element : JSON.stringify(element);
  const [network = '', bits] = text.split('/');
  const whole = isIPv6(network) ? '128' : '32';
  return bits === undefined || bits === whole ? address(network) : `${address(network)}/${bits}`;
}

/** One spelling an address. */
function address(text: string): string {
  return isIPv6(text) ? new SocketAddress({ address: text, family: 'ipv6' }).address : text;
}

/** JSON with sorted keys, lists of states and ports in one form, and addresses in one spelling. */
function canonical(value: unknown): string {
  return JSON.stringify(simplify(value));
}

function simplify(value: unknown): unknown {
  if (typeof value === 'string') return address(value);
  if (Array.isArray(value)) return value.map(simplify);
  if (!isRecord(value)) return value;
  if (isRecord(value['match'])) {
    const { op, left, right } = value['match'];
    // Versions differ in how they write a comparison with a bit mask of one state.
    const isState = JSON.stringify(left).includes('"ct"');
    return { match: [isState ? 'state' : op, simplify(left), simplify(listOf(right))] };
  }
  if (isRecord(value['log'])) {
    const { prefix, flags, ...rest } = value['log'];
    return { log: [prefix, listOf(flags), simplify(rest)] };
  }
  const keys = Object.keys(value).toSorted();
  return keys.map((key) => [key, simplify(value[key])]);
}

/** `x`, `[x]` and `{"set":[x]}` say the same. */
function listOf(value: unknown): unknown {
  const list = isRecord(value) && Array.isArray(value['set']) ? value['set'] : value;
  return Array.isArray(list) ? list.map(String).toSorted() : isRecord(list) ? list : [String(list)];
}

function objectsIn(text: string): Record<string, unknown>[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const list = isRecord(parsed) ? parsed['nftables'] : undefined;
    return Array.isArray(list) && list.every(isRecord) ? list : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
