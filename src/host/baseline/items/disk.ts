import { cannotTell, fail, joinJudgements, pass, type Evidence, type Judgement, named } from '../evidence.ts';
import { sawFile, sawRun } from '../item.ts';
import type { Machine, Subject } from '../machine.ts';
import type { Layer } from './block-device.ts';
import { isWithin, resolvePath, unescapeOctal } from './mounts.ts';
import { judgeDevicePath, judgeStorage } from './storage.ts';

const REMEDY_LINUX =
  'move it to a LUKS volume (a new installation with encryption, or `cryptsetup reencrypt --encrypt` after a backup); encryption by the drive or below a virtual machine is not seen from here: if you rely on it, write that down';
const REMEDY_MAC = 'switch FileVault on in System Settings, Privacy & Security, and wait until it is done';

/** Where the instance keeps everything. */
export function lookAtDisk(machine: Machine, subject: Subject): Promise<Judgement> {
  return machine.system === 'darwin' ? judgeFileVault(machine, subject) : judgePlace(machine, subject.home);
}

/** Temporary files: other programs put parts of mails and keys there. */
export async function lookAtTemporary(machine: Machine): Promise<Judgement> {
  return joinJudgements([await judgePlace(machine, '/tmp'), await judgePlace(machine, '/var/tmp')]);
}

async function judgePlace(machine: Machine, path: string): Promise<Judgement> {
  return judgeLayer(path, await judgeStorage(machine, path));
}

function judgeLayer(name: string, { kind, how, evidence }: Layer): Judgement {
  switch (kind) {
    case 'encrypted':
    case 'memory':
      return pass(`${named(name)}: ${how}`, evidence);
    case 'plain':
      return fail({ found: `${named(name)}: ${how}`, evidence, remedy: REMEDY_LINUX });
    case 'unknown':
      return cannotTell({
        found: `${named(name)}: ${how}`,
        evidence,
        remedy: 'find out by hand what holds it, and write it down',
      });
    default:
      return kind satisfies never;
  }
}

/** What memory is written to when there is too little of it. */
export async function lookAtSwap(machine: Machine): Promise<Judgement> {
  if (machine.system === 'darwin') return lookAtMacSwap(machine);
  const swaps = await machine.readFile('/proc/swaps');
  const evidence = [sawFile('/proc/swaps', swaps)];
  // Garbage is no list of nothing.
  if (swaps.kind !== 'text' || !swaps.text.startsWith('Filename'))
    return cannotTell({ found: 'what is swapped to cannot be read', evidence, remedy: 'look at `swapon --show`' });
  const places = swaps.text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([name]) => name !== undefined && name !== '');
  if (places.length === 0) return pass('there is no swap', evidence);
  const judged = await Promise.all(
    places.map(async ([name = '', type = '']) => judgeSwap(machine, unescapeOctal(name), type)),
  );
  return joinJudgements([pass('', evidence), ...judged]);
}

async function judgeSwap(machine: Machine, name: string, type: string): Promise<Judgement> {
  if (type === 'file') return judgeLayer(name, await judgeStorage(machine, name));
  return judgeLayer(name, await judgeDevicePath(machine, name));
}

async function lookAtMacSwap(machine: Machine): Promise<Judgement> {
  const ran = await machine.run('sysctl', ['vm.swapusage']);
  const evidence = [sawRun('sysctl', ['vm.swapusage'], ran)];
  if (ran.kind !== 'ran' || !ran.out.includes('vm.swapusage'))
    return cannotTell({ found: 'swap cannot be asked about', evidence, remedy: 'run `sysctl vm.swapusage`' });
  if (ran.out.includes('(encrypted)')) return pass('swap is encrypted', evidence);
  return fail({ found: 'swap is not encrypted', evidence, remedy: REMEDY_MAC });
}

async function judgeFileVault(machine: Machine, { home }: Subject): Promise<Judgement> {
  const resolved = await resolvePath(machine, home);
  if (resolved === null)
    return cannotTell({
      found: `where ${named(home)} leads cannot be told`,
      evidence: [],
      remedy: 'look at `diskutil info` of its volume',
    });
  // Another volume than that of the system has an answer of its own.
  if (isWithin(resolved, '/Volumes')) return judgeVolume(machine, resolved);
  const ran = await machine.run('fdesetup', ['status']);
  const evidence = [sawRun('fdesetup', ['status'], ran)];
  const said = ran.kind === 'ran' ? ran.out : '';
  if (/(?:Encryption|Decryption) in progress/.test(said))
    return fail({ found: 'FileVault is not done yet', evidence, remedy: REMEDY_MAC });
  return judgeSaid(said, evidence, { on: /^FileVault is On\./m, off: /^FileVault is Off\./m });
}

async function judgeVolume(machine: Machine, path: string): Promise<Judgement> {
  const volume = path.split('/').slice(0, 3).join('/');
  const ran = await machine.run('diskutil', ['info', volume]);
  const said = ran.kind === 'ran' ? ran.out : '';
  const line = /^ *(?:FileVault|Encrypted):.*$/m.exec(said)?.[0] ?? '';
  const evidence = [sawRun('diskutil', ['info', volume], ran.kind === 'ran' ? { ...ran, out: line } : ran)];
  return judgeSaid(said, evidence, {
    on: /^ *(?:FileVault|Encrypted): +Yes/m,
    off: /^ *(?:FileVault|Encrypted): +No/m,
  });
}

function judgeSaid(
  said: string,
  evidence: readonly Evidence[],
  words: { readonly on: RegExp; readonly off: RegExp },
): Judgement {
  if (words.on.test(said)) return pass('FileVault is on', evidence);
  if (words.off.test(said)) return fail({ found: 'FileVault is off', evidence, remedy: REMEDY_MAC });
  return cannotTell({ found: 'FileVault does not answer', evidence, remedy: 'run `fdesetup status`' });
}
