import { cannotTell, fail, pass, type Judgement } from '../evidence.ts';
import { sawFile, sawRun } from '../item.ts';
import type { Machine } from '../machine.ts';

const LSM = '/sys/kernel/security/lsm';
const APPARMOR = '/sys/module/apparmor/parameters/enabled';
const SELINUX = '/sys/fs/selinux/enforce';
const REMEDY = 'start the kernel with AppArmor or SELinux in force, as the distribution ships it';

/** Whether the system restricts programs beyond the rights of their user. */
export function lookAtAccessControl(machine: Machine): Promise<Judgement> {
  return machine.system === 'darwin' ? lookAtGatekeeper(machine) : lookAtModules(machine);
}

async function lookAtModules(machine: Machine): Promise<Judgement> {
  const lsm = await machine.readFile(LSM);
  const evidence = [sawFile(LSM, lsm)];
  const modules = lsm.kind === 'text' ? lsm.text.trim().split(',') : [];
  // Every kernel lists this one: without it, it is no list.
  if (!modules.includes('capability'))
    return cannotTell({ found: 'the kernel does not list its security modules', evidence, remedy: REMEDY });
  if (modules.includes('selinux')) {
    const enforce = await machine.readFile(SELINUX);
    evidence.push(sawFile(SELINUX, enforce));
    if (enforce.kind === 'text' && enforce.text.trim() === '1') return pass('SELinux is in force', evidence);
    if (enforce.kind === 'text')
      return fail({
        found: 'SELinux only watches (permissive)',
        evidence,
        remedy: 'run `setenforce 1` and set it in /etc/selinux/config',
      });
    return cannotTell({ found: 'whether SELinux is in force cannot be read', evidence, remedy: 'run `getenforce`' });
  }
  if (modules.includes('apparmor')) {
    const enabled = await machine.readFile(APPARMOR);
    evidence.push(sawFile(APPARMOR, enabled));
    if (enabled.kind === 'text' && enabled.text.trim() === 'Y') return pass('AppArmor is in force', evidence);
    return cannotTell({ found: 'whether AppArmor is in force cannot be read', evidence, remedy: 'run `aa-status`' });
  }
  const other = modules.find((name) => name === 'smack' || name === 'tomoyo');
  if (other !== undefined)
    return cannotTell({
      found: `${other} is there, and whether it is in force is not known here`,
      evidence,
      remedy: REMEDY,
    });
  return fail({ found: 'no module restricts programs beyond the rights of their user', evidence, remedy: REMEDY });
}

async function lookAtGatekeeper(machine: Machine): Promise<Judgement> {
  const ran = await machine.run('spctl', ['--status']);
  const evidence = [sawRun('spctl', ['--status'], ran)];
  const said = ran.kind === 'ran' ? `${ran.out} ${ran.err}` : '';
  const remedy = 'run `sudo spctl --global-enable`';
  if (said.includes('assessments enabled')) return pass('Gatekeeper is on', evidence);
  if (said.includes('assessments disabled')) return fail({ found: 'Gatekeeper is off', evidence, remedy });
  return cannotTell({ found: 'Gatekeeper does not answer', evidence, remedy });
}
