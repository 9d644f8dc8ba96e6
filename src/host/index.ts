export {
  BASELINE_ITEMS,
  nameVerdict,
  openMachine,
  renderBaseline,
  takeBaseline,
  writeBaseline,
  type Baseline,
  type Listing,
  type BaselineEntry,
  type Machine,
  type Ran,
  type Reading,
  type Subject,
} from './baseline/index.ts';
export {
  inspectZone,
  VERIFY_POINTS,
  verifyInstance,
  type PointCheck,
  type PointResult,
  type PointVerdict,
  type VerifyPorts,
  type VerifyResult,
  type ZoneProcess,
  type ZoneProof,
} from './verify/index.ts';
export {
  attackFirewall,
  checkFirewall,
  judgeFirewall,
  type AttackResult,
  type FirewallCheck,
  type FirewallPlan,
  type FirewallVerdict,
} from './firewall/index.ts';
export { apply, type Applied, type ApplyOptions, type InstallEvent } from './install/apply.ts';
export { openJournal, USUAL_CHOICES, type Choices, type Entry, type Journal } from './install/journal.ts';
export { planLinux, type LinuxOptions } from './install/linux.ts';
export { targetAt, type Target } from './install/paths.ts';
export { describeStep, describeUndo, type Plan, type Step } from './install/plan.ts';
export { requireReady, requireRoot, requireStopped, runningVersion } from './install/preflight.ts';
export { describeEntry, planToJson, printPlan } from './install/print.ts';
export { THIS_MACHINE, type SitePorts } from './install/site.ts';
export { findSources, type Sources } from './install/sources.ts';
export { planUninstall, uninstall, type Uninstalled } from './install/undo.ts';
export { planMacos, type MacosOptions } from './macos/plan.ts';
export { planFirewall, type FirewallWishes } from './services/firewall.ts';
export { BREAKS_WALLS } from './services/sandbox.ts';
export { accountsOf, PROCESSES, unitName, type ProcessSpec } from './services/table.ts';
