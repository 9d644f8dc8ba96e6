import type { BaselineItem } from './item.ts';
import { lookAtAccessControl } from './items/access-control.ts';
import { lookAtKernelIntegrity, lookAtSecureBoot } from './items/boot.ts';
import { lookAtCloudSync } from './items/cloud-sync.ts';
import { lookAtCoreDumps } from './items/core-dumps.ts';
import { lookAtDisk, lookAtSwap, lookAtTemporary } from './items/disk.ts';
import { lookAtFirewall } from './items/firewall.ts';
import { lookAtHomeFolder } from './items/home-folder.ts';
import { lookAtKernelMessages, lookAtPtrace, lookAtUserNamespaces } from './items/kernel-settings.ts';
import { lookAtProcessor } from './items/processor.ts';
import { lookAtClock, lookAtScreenLock, lookAtUpdates } from './items/upkeep.ts';
import { lookAtUserRights } from './items/user-rights.ts';
import { lookAtKernel, lookAtRuntime } from './items/versions.ts';

const BOTH = ['linux', 'darwin'] as const;
const LINUX = ['linux'] as const;

/** Everything that the baseline looks at, in the order of the document. A further item is one line. */
export const BASELINE_ITEMS: readonly BaselineItem[] = [
  { id: 'disk-encryption', title: 'Disk encryption', systems: BOTH, look: lookAtDisk },
  { id: 'swap-encryption', title: 'Swap', systems: BOTH, look: lookAtSwap },
  { id: 'temporary-files', title: 'Temporary files', systems: LINUX, look: lookAtTemporary },
  { id: 'secure-boot', title: 'Secure boot', systems: BOTH, look: lookAtSecureBoot },
  { id: 'kernel-integrity', title: 'Kernel lockdown or SIP', systems: BOTH, look: lookAtKernelIntegrity },
  { id: 'access-control', title: 'Mandatory access control', systems: BOTH, look: lookAtAccessControl },
  { id: 'firewall', title: 'Firewall', systems: BOTH, look: lookAtFirewall },
  { id: 'user-rights', title: 'User rights', systems: BOTH, look: lookAtUserRights },
  { id: 'home-folder', title: 'Home folder', systems: BOTH, look: lookAtHomeFolder },
  { id: 'cloud-sync', title: 'Cloud sync', systems: BOTH, look: lookAtCloudSync },
  { id: 'kernel', title: 'Kernel version', systems: BOTH, look: lookAtKernel },
  { id: 'runtime', title: 'Runtime versions', systems: BOTH, look: lookAtRuntime },
  { id: 'processor', title: 'Flaws of the processor', systems: LINUX, look: lookAtProcessor },
  { id: 'core-dumps', title: 'Core dumps', systems: BOTH, look: lookAtCoreDumps },
  { id: 'ptrace', title: 'Looking into other programs', systems: LINUX, look: lookAtPtrace },
  { id: 'user-namespaces', title: 'Namespaces for zones', systems: LINUX, look: lookAtUserNamespaces },
  { id: 'kernel-messages', title: 'Kernel messages and addresses', systems: LINUX, look: lookAtKernelMessages },
  { id: 'updates', title: 'Automatic updates', systems: BOTH, look: lookAtUpdates },
  { id: 'clock', title: 'Clock', systems: BOTH, look: lookAtClock },
  { id: 'screen-lock', title: 'Screen lock', systems: BOTH, look: lookAtScreenLock },
];
