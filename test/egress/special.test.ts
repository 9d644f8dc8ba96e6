import { BlockList } from 'node:net';
import { describe, expect, test } from 'vitest';
import { GLOBAL_V6, SPECIAL_V4, SPECIAL_V6 } from '../../src/contracts/index.ts';
import { isSpecialAddress } from '../../src/egress/index.ts';

describe('special addresses', () => {
  test.each([...SPECIAL_V4, ...SPECIAL_V6].map(({ block, why }) => [block, why] as const))(
    '%s (%s) is special from its first to its last address',
    (block) => {
      const [first, last] = ends(block);
      expect([first, isSpecialAddress(first)]).toEqual([first, true]);
      expect([last, isSpecialAddress(last)]).toEqual([last, true]);
    },
  );

  test.each([
    ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
    ...['128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.0.1.0', '192.0.3.0'],
    ...['192.88.98.255', '192.88.100.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0'],
    ...['198.51.99.255', '198.51.101.0', '203.0.112.255', '203.0.114.0', '223.255.255.255'],
    ...['2001:200::', '2001:4860:4860::8888', '2001:db7:ffff:ffff::', '2001:db9::', '2003::', '2606:4700::1111'],
    ...['2620:4f:7fff::', '2620:4f:8001::', '2a00:1450:4001::200e', '3ffe:ffff::', '3fff:1000::'],
  ])('its neighbour %s is not', (address) => {
    expect(isSpecialAddress(address)).toBe(false);
  });

  test.each([
    ...['', 'localhost', '1.2.3', '1.2.3.4.5', '01.2.3.4', '0x7f.0.0.1', '2130706433', 'fe80::1%eth0', '1.1.1.1%lo'],
    ...['::ffff:8.8.8.8', '::8.8.8.8', '64:ff9b::808:808', '4000::1', '8000::1', '1::1', ' 8.8.8.8', '8.8.8.8\n'],
  ])('what is no plain public address counts as special: %j', (address) => {
    expect(isSpecialAddress(address)).toBe(true);
  });

  test('no two blocks of a family overlap, so that every packet filter takes them', () => {
    for (const [blocks, family] of [
      [SPECIAL_V4, 'ipv4'],
      [SPECIAL_V6, 'ipv6'],
    ] as const) {
      for (const { block } of blocks) {
        const others = new BlockList();
        for (const other of blocks) if (other.block !== block) addTo(others, other.block, family);
        const [first, last] = ends(block);
        expect([block, others.check(first, family), others.check(last, family)]).toEqual([block, false, false]);
      }
    }
  });

  test('every block begins at its own network address', () => {
    for (const { block } of [...SPECIAL_V4, ...SPECIAL_V6, { block: GLOBAL_V6 }]) {
      const [network = ''] = block.split('/');
      expect([block, toNumber(ends(block)[0])]).toEqual([block, toNumber(network)]);
    }
  });
});

function addTo(list: BlockList, block: string, family: 'ipv4' | 'ipv6'): void {
  const [network = '', bits] = block.split('/');
  list.addSubnet(network, Number(bits), family);
}

/** First and last address of a block, by arithmetic of its own. */
function ends(block: string): [string, string] {
  const [network = '', bits = ''] = block.split('/');
  const size = network.includes(':') ? 128n : 32n;
  const free = (1n << (size - BigInt(bits))) - 1n;
  const first = toNumber(network) & ~free;
  return [toText(first, size), toText(first | free, size)];
}

function toNumber(address: string): bigint {
  if (!address.includes(':')) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [left = '', right] = address.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const tail = right === undefined ? [] : words(right);
  const middle = Array.from({ length: 8 - words(left).length - tail.length }, () => '0');
  return [...words(left), ...middle, ...tail].reduce((sum, word) => sum * 65_536n + BigInt(`0x${word}`), 0n);
}

function toText(value: bigint, size: bigint): string {
  const part = (shift: bigint, mask: bigint): bigint => (value >> shift) & mask;
  if (size === 32n) return [24n, 16n, 8n, 0n].map((shift) => part(shift, 255n)).join('.');
  return [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => part(shift, 65_535n).toString(16)).join(':');
}
