import type { SyscallArch } from '../syscalls.ts';
import type { Attempt } from './attempt.ts';
import { DEVICES } from './attempts/devices.ts';
import { DOORS } from './attempts/doors.ts';
import { FILES } from './attempts/files.ts';
import { KERNEL } from './attempts/kernel.ts';
import { LEFT_OPEN } from './attempts/left-open.ts';
import { LIMITS } from './attempts/limits.ts';
import { MOUNTS } from './attempts/mounts.ts';
import { NAMESPACES } from './attempts/namespaces.ts';
import { NETWORK } from './attempts/network.ts';
import { PRIVILEGES } from './attempts/privileges.ts';
import { PROCESSES } from './attempts/processes.ts';
import { SHARED_MEMORY } from './attempts/shared-memory.ts';
import { SOCKETS } from './attempts/sockets.ts';
import { TABLES } from './attempts/tables.ts';

/** Every attempt to get out of a zone, the same for every driver. What was left open comes before anything is opened. */
export const ESCAPE_LIST: readonly Attempt[] = [
  ...LEFT_OPEN,
  ...NETWORK,
  ...SOCKETS,
  ...SHARED_MEMORY,
  ...FILES,
  ...PROCESSES,
  ...DOORS,
  ...MOUNTS,
  ...NAMESPACES,
  ...KERNEL,
  ...PRIVILEGES,
  ...DEVICES,
  ...TABLES,
  ...LIMITS,
];

/** Those that the machine can make at all. */
export function attemptsFor(arch: SyscallArch): readonly Attempt[] {
  return ESCAPE_LIST.filter((attempt) => attempt.arch === undefined || attempt.arch === arch);
}
