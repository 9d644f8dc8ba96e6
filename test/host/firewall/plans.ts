import type { FirewallPlan } from '../../../src/host/firewall/index.ts';

export const PLAN: FirewallPlan = {
  zoneUids: [
    { from: 61_002, to: 61_008 },
    { from: 61_020, to: 61_020 },
  ],
  egressUid: 61_009,
  resolvers: ['9.9.9.9', '192.168.1.1', '2620:fe::fe'],
  relay: { uid: 61_010, address: '127.0.0.1', port: 11_434 },
};
