import type { VerifyPoint } from './point.ts';
import { testDisk, testFirewall, testSecrets } from './points/machine.ts';
import { testMute } from './points/mute.ts';
import { testAuditChain, testKillSwitch } from './points/record.ts';
import { testExecutor, testZones } from './points/running.ts';
import { testUser } from './points/user.ts';

/** The final check, in the order of the plan. A further point is one line. */
export const VERIFY_POINTS: readonly VerifyPoint[] = [
  { id: 'service-user', title: 'Service user restricted', test: testUser },
  { id: 'disk-encryption', title: 'Disk encryption', test: testDisk },
  { id: 'firewall', title: 'Firewall in force', test: testFirewall },
  { id: 'zone3-mute', title: 'Zone 3 mute', test: (bench) => testMute(bench, 'zone3') },
  { id: 'zone2-mute', title: 'Zone 2 mute', test: (bench) => testMute(bench, 'zone2') },
  { id: 'secrets', title: 'Secrets encrypted', test: testSecrets },
  { id: 'executor', title: 'Executor running', test: testExecutor },
  { id: 'kill-switch', title: 'Kill switch armed', test: testKillSwitch },
  { id: 'audit-chain', title: 'Audit chain valid', test: testAuditChain },
  { id: 'zones', title: 'All zones running', test: testZones },
];
