import { BlockList, isIPv4 } from 'node:net';

/** A packet that leaves this machine. `user`: whose socket; pf knows it for TCP and UDP only. */
export interface Packet {
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'icmp6';
  readonly to: string;
  /** Port, or type for ICMP. */
  readonly port: number;
  readonly user: number;
  readonly link: 'lo0' | 'en0';
}

type Test = (packet: Packet) => boolean;

export interface PfRule {
  readonly pass: boolean;
  readonly quick: boolean;
  readonly tests: readonly Test[];
  readonly text: string;
}

/** Reads the part of pf's language that stands in pf.conf(5) for filter rules. Throws for any word it does not know. */
export function readPf(text: string): PfRule[] {
  const tables = new Map<string, BlockList>();
  const rules: PfRule[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/#.*$/, '').trim();
    if (line === '') continue;
    const table = /^table <(\w+)> const \{(.*)\}$/.exec(line);
    if (table === null) rules.push(readRule(line, tables));
    else tables.set(table[1] ?? '', blocksOf(splitList(table[2] ?? '')));
  }
  return rules;
}

/** The first quick rule that fits decides; without one the last that fits; without any the packet passes. */
export function judge(rules: readonly PfRule[], packet: Packet): 'pass' | 'block' {
  let last = true;
  for (const rule of rules) {
    if (!rule.tests.every((test) => test(packet))) continue;
    if (rule.quick) return rule.pass ? 'pass' : 'block';
    last = rule.pass;
  }
  return last ? 'pass' : 'block';
}

function readRule(line: string, tables: ReadonlyMap<string, BlockList>): PfRule {
  const words = line
    .replaceAll(/([{},])/g, ' $1 ')
    .split(/\s+/)
    .filter((word) => word !== '' && word !== ',');
  const next = (): string => words.shift() ?? '';
  const list = (): string[] => {
    const first = next();
    if (first !== '{') return [first];
    const items: string[] = [];
    for (let word = next(); word !== '}'; word = next()) {
      if (word === '') throw new Error(`open list in: ${line}`);
      items.push(word);
    }
    return items;
  };
  const action = next();
  if (action !== 'pass' && action !== 'block') throw new Error(`unknown: ${line}`);
  const tests: Test[] = [];
  let quick = false;
  while (words.length > 0) {
    const word = next();
    if (word === 'quick') quick = true;
    else if (['out', 'return', 'drop', 'log', 'all'].includes(word)) continue;
    else if (word === 'on') tests.push(fits(next(), (packet) => packet.link));
    else if (word === 'inet' || word === 'inet6') tests.push((packet) => isIPv4(packet.to) === (word === 'inet'));
    else if (word === 'proto') tests.push(oneOf(list(), (packet) => packet.protocol));
    else if (word === 'from') expectWord(next(), 'any');
    else if (word === 'to') tests.push(address(next(), next, tables, words));
    else if (word === 'port')
      tests.push(
        withProtocol(
          ['tcp', 'udp'],
          oneOf(list(), (packet) => String(packet.port)),
        ),
      );
    else if (word === 'icmp-type')
      tests.push(
        withProtocol(
          ['icmp'],
          oneOf(list(), (packet) => String(packet.port)),
        ),
      );
    else if (word === 'icmp6-type')
      tests.push(
        withProtocol(
          ['icmp6'],
          oneOf(list(), (packet) => String(packet.port)),
        ),
      );
    else if (word === 'user') tests.push(withProtocol(['tcp', 'udp'], userTest(users(list, words))));
    else if (word === 'keep') expectWord(next(), 'state');
    else throw new Error(`unknown word ${word} in: ${line}`);
  }
  return { pass: action === 'pass', quick, tests, text: line };
}

/** `{ … }`, `uid`, or `uid >< uid`. */
function users(list: () => string[], words: string[]): string[] {
  const items = list();
  if (items.length === 1 && words[0] === '><') items.push(...words.splice(0, 2));
  return items;
}

function address(first: string, next: () => string, tables: ReadonlyMap<string, BlockList>, words: string[]): Test {
  const negated = first === '!';
  const word = negated ? next() : first;
  void words;
  if (word === 'any') return () => true;
  const name = /^<(\w+)>$/.exec(word)?.[1];
  const blocks = name === undefined ? blocksOf([word]) : tables.get(name);
  if (blocks === undefined) throw new Error(`unknown table ${word}`);
  return ({ to }) => inBlocks(blocks, to) !== negated;
}

function blocksOf(items: readonly string[]): BlockList {
  const list = new BlockList();
  for (const item of items) {
    const [network = '', bits] = item.split('/');
    const family = isIPv4(network) ? 'ipv4' : 'ipv6';
    list.addSubnet(network, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  }
  return list;
}

/** Families are kept apart: `BlockList` by itself compares IPv4 addresses with IPv4-mapped blocks. */
function inBlocks(blocks: BlockList, to: string): boolean {
  const family = isIPv4(to) ? 'ipv4' : 'ipv6';
  const same = new BlockList();
  for (const rule of blocks.rules) {
    const [, kind, network = '', bits] = /^Subnet: (IPv[46]) ([^/]+)\/(\d+)$/.exec(rule) ?? [];
    if (kind?.toLowerCase() === family) same.addSubnet(network, Number(bits), family);
  }
  return same.check(to, family);
}

function userTest(items: string[]): Test {
  const tests: ((uid: number) => boolean)[] = [];
  while (items.length > 0) {
    const first = Number(items.shift());
    if (!Number.isInteger(first)) throw new Error('a uid is no number');
    if (items[0] !== '><') {
      tests.push((uid) => uid === first);
      continue;
    }
    items.shift();
    const last = Number(items.shift());
    tests.push((uid) => uid > first && uid < last);
  }
  return ({ user }) => tests.some((test) => test(user));
}

const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
const fits =
  (wanted: string, of: (packet: Packet) => string): Test =>
  (packet) =>
    of(packet) === wanted;
const oneOf =
  (wanted: readonly string[], of: (packet: Packet) => string): Test =>
  (packet) =>
    wanted.includes(of(packet));
const withProtocol =
  (protocols: readonly string[], test: Test): Test =>
  (packet) =>
    protocols.includes(packet.protocol) && test(packet);

function expectWord(word: string, wanted: string): void {
  if (word !== wanted) throw new Error(`expected ${wanted}, found ${word}`);
}
