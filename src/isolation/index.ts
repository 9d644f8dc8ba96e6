export { bwrapArguments, ZONE_NODE, type Mount, type ZoneView } from './bwrap-args.ts';
export { createBubblewrapDriver, findBubblewrap, type BubblewrapOptions } from './bubblewrap.ts';
export { cgroupMembers, killCgroups, removeCgroups, type ZoneLimits } from './cgroup.ts';
export { resolveImage } from './docker/chosen-image.ts';
export { openDockerDriver, type DockerOptions } from './docker/docker.ts';
export { ENGINE_SOCKET } from './docker/engine.ts';
export { seccompProfile, type SeccompProfile } from './docker/seccomp-profile.ts';
export { checkSetupCommand, type SetupVerdict } from './docker/setup-command.ts';
export { closeInheritedDescriptors, inheritableDescriptors } from './descriptors.ts';
export type {
  ExecOptions,
  Executed,
  HostView,
  ProbeResult,
  Zone,
  ZoneDriver,
  ZoneExit,
  ZoneProgram,
  ZoneSpec,
} from './driver.ts';
export { findWall, type FoundWall, type LandlockWall, type StepDown, type Wall } from './find-wall.ts';
export { AGENTS_NEED_NAMESPACES, createLandlockDriver, type LandlockOptions } from './landlock/driver.ts';
export { findLandlock, type FoundLandlock } from './landlock/trial.ts';
export { mayUnshare } from './may-unshare.ts';
export { openDriver, type DriverOptions } from './open-driver.ts';
export { explainBubblewrapError } from './explain.ts';
export {
  executableOf,
  findByEnvironment,
  findByGroup,
  findByZone,
  identifyProcess,
  isRunning,
  killProcess,
  readProcessStatus,
  sharedNamespaces,
  type ProcessId,
  type ProcessStatus,
} from './inspect.ts';
export { findRuntime, listLibraries, parseLoaderTrace, permissionFlags, type Runtime } from './runtime.ts';
export { routeZones } from './route.ts';
export { buildSeccompFilter, VERDICT, type FilterOptions } from './seccomp.ts';
export { EXIT_PROBE_FAILED, probeWall, type SelfProbeOptions } from './self-probe.ts';
export {
  AGENT_SYSCALLS,
  ALLOWED_SYSCALLS,
  CHANGE_UID_SYSCALLS,
  INTERNET_SYSCALLS,
  NEWEST_KNOWN,
  SERVE_SYSCALLS,
  syscallNumbers,
  TRIPWIRE_SYSCALLS,
  WATCH_SYSCALLS,
  type SyscallArch,
} from './syscalls.ts';
export { endStrays, nameMarker, zoneMarker } from './strays.ts';
export { requireMode } from './minimum-mode.ts';
export { openLibrary, type Library } from './library.ts';
export {
  expectedIn,
  THEMES,
  type Attempt,
  type Defence,
  type Expected,
  type Reading,
  type Theme,
  type WallFacts,
} from './escape/attempt.ts';
export { judgeWall, type WallVerdict } from './escape/judge.ts';
export { ESCAPE_LIST } from './escape/list.ts';
export { claimsMarkdown, executedMarkdown, type ExecutedColumn } from './escape/markdown.ts';
export { claimOf, claimTable, DEFENCES_LOST, type Claim, type ClaimRow } from './escape/modes.ts';
export { proveWall, proveWalls, type AttemptProof, type ProveOptions, type WallProof } from './escape/run-list.ts';
export { openStage, type Stage } from './escape/stage.ts';
export type { Twin } from './escape/twins.ts';
export { openOrbstackDriver, removeMachines, type OrbstackOptions } from './orbstack/orbstack.ts';
export { collectGuestFiles, type GuestContent } from './orbstack/files.ts';
export { MACHINES } from './orbstack/machines.ts';
export { planMachines, planRemoval, printPlan, type GuestFile, type PlanStep } from './orbstack/plan.ts';
export { killGuest, probeGuest, serveGuest } from './orbstack/guest.ts';
