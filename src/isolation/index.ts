export { bwrapArguments, ZONE_NODE, type Mount, type ZoneView } from './bwrap-args.ts';
export { createBubblewrapDriver, findBubblewrap, zoneMarker, type BubblewrapOptions } from './bubblewrap.ts';
export { cgroupMembers, killCgroups, removeCgroups, type ZoneLimits } from './cgroup.ts';
export { openDockerDriver, type DockerOptions } from './docker/docker.ts';
export { ENGINE_SOCKET } from './docker/engine.ts';
export { seccompProfile, type SeccompProfile } from './docker/seccomp-profile.ts';
export { checkSetupCommand, type SetupVerdict } from './docker/setup-command.ts';
export { closeInheritedDescriptors, inheritableDescriptors } from './descriptors.ts';
export type {
  ExecOptions,
  Executed,
  ProbeResult,
  Zone,
  ZoneDriver,
  ZoneExit,
  ZoneProgram,
  ZoneSpec,
} from './driver.ts';
export { explainBubblewrapError } from './explain.ts';
export {
  executableOf,
  findByEnvironment,
  findByGroup,
  identifyProcess,
  isRunning,
  killProcess,
  readProcessStatus,
  sharedNamespaces,
  type ProcessId,
  type ProcessStatus,
} from './inspect.ts';
export { routeZones } from './route.ts';
export { findRuntime, parseLoaderTrace, type Runtime } from './runtime.ts';
export { buildSeccompFilter, VERDICT, type FilterOptions } from './seccomp.ts';
export { EXIT_PROBE_FAILED, probeWall, type SelfProbeOptions } from './self-probe.ts';
export {
  ALLOWED_SYSCALLS,
  NEWEST_KNOWN,
  SERVE_SYSCALLS,
  syscallNumbers,
  TRIPWIRE_SYSCALLS,
  WATCH_SYSCALLS,
  type SyscallArch,
} from './syscalls.ts';
export { openLibrary, type Library } from './library.ts';
export { openOrbstackDriver, removeMachines, type OrbstackOptions } from './orbstack/orbstack.ts';
export { collectGuestFiles, type GuestContent } from './orbstack/files.ts';
export { MACHINES } from './orbstack/machines.ts';
export { planMachines, planRemoval, printPlan, type GuestFile, type PlanStep } from './orbstack/plan.ts';
export { killGuest, probeGuest, serveGuest } from './orbstack/guest.ts';
