import { BlockList, isIP } from 'node:net';
import { GLOBAL_V6, SPECIAL_V4, SPECIAL_V6, type SpecialBlock } from '../contracts/index.ts';

// One list a family: a single list would compare IPv4 addresses with `::ffff:0:0/96` and find every one in it.
const special4 = makeList(SPECIAL_V4, 'ipv4');
const special6 = makeList(SPECIAL_V6, 'ipv6');
const global6 = makeList([{ block: GLOBAL_V6, why: '' }], 'ipv6');

/** Whether no server of a provider can have this address. Anything that is no plain address counts as special. */
export function isSpecialAddress(address: string): boolean {
  switch (address.includes('%') ? 0 : isIP(address)) {
    case 4:
      return special4.check(address, 'ipv4');
    case 6:
      return special6.check(address, 'ipv6') || !global6.check(address, 'ipv6');
    default:
      return true;
  }
}

function makeList(blocks: readonly SpecialBlock[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const { block } of blocks) {
    const [network = '', bits = ''] = block.split('/');
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}
