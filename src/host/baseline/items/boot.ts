import { cannotTell, fail, pass, type Evidence, type Judgement } from '../evidence.ts';
import { sawFile, sawRun } from '../item.ts';
import type { Machine, Reading } from '../machine.ts';

const VARIABLES = '/sys/firmware/efi/efivars';
const SECURE_BOOT = `${VARIABLES}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c`;
const SETUP_MODE = `${VARIABLES}/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c`;
const SHIM_STATE = `${VARIABLES}/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23`;
const REMEDY = 'switch secure boot on in the firmware, with the keys of the vendor enrolled';

/** Whether the firmware starts only what is signed. */
export function lookAtSecureBoot(machine: Machine): Promise<Judgement> {
  return machine.system === 'darwin' ? lookAtMacBoot(machine) : lookAtUefi(machine);
}

async function lookAtUefi(machine: Machine): Promise<Judgement> {
  const [boot, setup, shim] = await Promise.all([SECURE_BOOT, SETUP_MODE, SHIM_STATE].map(machine.readFile));
  const state = flagOf(boot);
  const evidence = [sawFlag(SECURE_BOOT, boot)];
  if (state === 0) return fail({ found: 'secure boot is off', evidence, remedy: REMEDY });
  if (state !== 1) return askMokutil(machine, evidence);
  evidence.push(sawFlag(SETUP_MODE, setup), sawFlag(SHIM_STATE, shim));
  if (flagOf(setup) === 1)
    return fail({ found: 'the firmware is in setup mode: anybody may enrol keys', evidence, remedy: REMEDY });
  if (flagOf(shim) === 1)
    return fail({
      found: 'secure boot is on, but the boot loader was told not to check',
      evidence,
      remedy: 'run `mokutil --enable-validation` and restart',
    });
  return pass('secure boot is on', evidence);
}

async function askMokutil(machine: Machine, evidence: Evidence[]): Promise<Judgement> {
  const ran = await machine.run('mokutil', ['--sb-state']);
  evidence.push(sawRun('mokutil', ['--sb-state'], ran));
  const said = ran.kind === 'ran' ? ran.out : '';
  if (/SecureBoot disabled|validation is disabled/.test(said))
    return fail({ found: 'secure boot is off', evidence, remedy: REMEDY });
  if (/^SecureBoot enabled/m.test(said)) return pass('secure boot is on', evidence);
  return cannotTell({
    found: 'the firmware does not say (a start without UEFI, or a virtual machine)',
    evidence,
    remedy: 'look in the firmware, or ask whoever runs the machine below this one',
  });
}

/** A variable is four bytes of attributes and its value. */
function flagOf(reading: Reading | undefined): number | null {
  if (reading?.kind !== 'text' || reading.text.length !== 5) return null;
  const value = reading.text.charCodeAt(4);
  return value === 0 || value === 1 ? value : null;
}

function sawFlag(path: string, reading: Reading | undefined): Evidence {
  const flag = flagOf(reading);
  if (reading === undefined || flag === null)
    return sawFile(
      path,
      reading?.kind === 'text' ? { kind: 'unreadable', why: 'not a flag' } : (reading ?? { kind: 'absent' }),
    );
  return sawFile(path, { kind: 'text', text: String(flag) });
}

async function lookAtMacBoot(machine: Machine): Promise<Judgement> {
  const evidence: Evidence[] = [];
  for (const [command, ...args] of [
    ['bputil', '-d'],
    ['system_profiler', 'SPiBridgeDataType'],
  ] as const) {
    const ran = await machine.run(command, args);
    const said = ran.kind === 'ran' ? `${ran.out}\n${ran.err}` : '';
    const line = /^.*(?:Security Mode|Secure Boot):.*$/im.exec(said)?.[0] ?? '';
    evidence.push(
      sawRun(command, args, ran.kind === 'ran' ? { ...ran, out: line, err: line === '' ? ran.err : '' } : ran),
    );
    if (/full/i.test(line)) return pass('full security', evidence);
    if (/reduced|medium|permissive|no security|\bnone\b/i.test(line)) {
      return fail({
        found: 'the machine starts with less than full security',
        evidence,
        remedy: 'start in recovery and choose Full Security in the Startup Security Utility',
      });
    }
  }
  return cannotTell({ found: 'the start-up policy cannot be read', evidence, remedy: 'run `sudo bputil -d`' });
}

const LOCKDOWN = '/sys/kernel/security/lockdown';

/** Whether root itself may change the running kernel; on macOS system integrity protection. */
export function lookAtKernelIntegrity(machine: Machine): Promise<Judgement> {
  return machine.system === 'darwin' ? lookAtSip(machine) : lookAtLockdown(machine);
}

async function lookAtLockdown(machine: Machine): Promise<Judgement> {
  const reading = await machine.readFile(LOCKDOWN);
  const evidence = [sawFile(LOCKDOWN, reading)];
  const mode = reading.kind === 'text' ? /\[(\w+)\]/.exec(reading.text)?.[1] : undefined;
  if (mode === 'integrity' || mode === 'confidentiality') return pass(`lockdown is in mode ${mode}`, evidence);
  const remedy = 'switch secure boot on, or add `lockdown=integrity` to the command line of the kernel';
  if (mode === 'none') return fail({ found: 'the kernel is not locked down', evidence, remedy });
  return cannotTell({ found: 'the kernel does not say whether it is locked down', evidence, remedy });
}

async function lookAtSip(machine: Machine): Promise<Judgement> {
  const ran = await machine.run('csrutil', ['status']);
  const evidence = [sawRun('csrutil', ['status'], ran)];
  const said = ran.kind === 'ran' ? ran.out : '';
  const remedy = 'start in recovery and run `csrutil enable`';
  // "Custom configuration" lists what is off below a line that says neither.
  if (/status: enabled\b/i.test(said) && !/custom configuration/i.test(said) && !/: disabled/i.test(said))
    return pass('system integrity protection is on', evidence);
  if (/status: (?:disabled|unknown|enabled)/i.test(said))
    return fail({ found: 'system integrity protection is off, wholly or in part', evidence, remedy });
  return cannotTell({ found: 'system integrity protection does not answer', evidence, remedy: 'run `csrutil status`' });
}
