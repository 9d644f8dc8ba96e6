import { cannotTell, fail, pass, saw, type Evidence, type Judgement } from '../evidence.ts';
import { sawRun } from '../item.ts';
import type { Machine, Subject } from '../machine.ts';

const REMEDY_UPDATES =
  'let security updates install themselves (`apt-get install unattended-upgrades`, `dnf-automatic`)';

/** Whether known holes of the system are closed without anybody thinking of it. */
export function lookAtUpdates(machine: Machine): Promise<Judgement> {
  return machine.system === 'darwin' ? lookAtMacUpdates(machine) : lookAtLinuxUpdates(machine);
}

async function lookAtLinuxUpdates(machine: Machine): Promise<Judgement> {
  const evidence: Evidence[] = [];
  for (const timer of ['dnf-automatic.timer', 'dnf5-automatic.timer', 'dnf-automatic-install.timer']) {
    const ran = await machine.run('systemctl', ['is-enabled', timer]);
    if (ran.kind !== 'ran' || ran.out.trim() !== 'enabled') continue;
    return pass('updates install themselves', [sawRun('systemctl', ['is-enabled', timer], ran)]);
  }
  const config = await machine.run('apt-config', ['dump', 'APT::Periodic']);
  evidence.push(sawRun('apt-config', ['dump', 'APT::Periodic'], config));
  const dumped = config.kind === 'ran' && config.code === 0 ? config.out.trim() : null;
  if (dumped === null || (dumped !== '' && !dumped.startsWith('APT::')))
    return cannotTell({ found: 'how this system updates itself is not known here', evidence, remedy: REMEDY_UPDATES });
  const program = await machine.run('unattended-upgrade', ['--help']);
  if (program.kind === 'absent') {
    evidence.push(sawRun('unattended-upgrade', ['--help'], program));
    return fail({ found: 'nothing installs updates by itself', evidence, remedy: REMEDY_UPDATES });
  }
  const value = /APT::Periodic::Unattended-Upgrade "([^"]*)"/.exec(dumped)?.[1] ?? '0';
  if (value === '0') return fail({ found: 'updates do not install themselves', evidence, remedy: REMEDY_UPDATES });
  const timer = await machine.run('systemctl', ['is-enabled', 'apt-daily-upgrade.timer']);
  evidence.push(sawRun('systemctl', ['is-enabled', 'apt-daily-upgrade.timer'], timer));
  if (timer.kind === 'ran' && timer.out.trim() === 'enabled') return pass('updates install themselves', evidence);
  if (timer.kind === 'ran' && /^(?:disabled|masked)/.test(timer.out))
    return fail({
      found: 'the timer that installs updates is off',
      evidence,
      remedy: 'run `systemctl enable --now apt-daily-upgrade.timer`',
    });
  return cannotTell({ found: 'whether updates are ever started cannot be told', evidence, remedy: REMEDY_UPDATES });
}

async function lookAtMacUpdates(machine: Machine): Promise<Judgement> {
  const evidence: Evidence[] = [];
  const values: string[] = [];
  for (const key of ['CriticalUpdateInstall', 'AutomaticallyInstallMacOSUpdates']) {
    const args = ['read', '/Library/Preferences/com.apple.SoftwareUpdate', key];
    const ran = await machine.run('defaults', args);
    evidence.push(sawRun('defaults', args, ran));
    if (ran.kind === 'ran' && ran.code === 0) values.push(ran.out.trim());
  }
  const remedy = 'switch automatic updates on in System Settings, General, Software Update';
  if (values.includes('0')) return fail({ found: 'updates do not install themselves', evidence, remedy });
  if (values.length === 2 && values.every((value) => value === '1'))
    return pass('updates install themselves', evidence);
  return cannotTell({ found: 'the settings of updates cannot be read', evidence, remedy });
}

const REMEDY_CLOCK = 'run a time service (`systemd-timesyncd` or `chrony`)';

/** Expiry shown to a person and the times of the record are those of the wall clock. */
export function lookAtClock(machine: Machine): Promise<Judgement> {
  return machine.system === 'darwin' ? lookAtMacClock(machine) : lookAtLinuxClock(machine);
}

async function lookAtLinuxClock(machine: Machine): Promise<Judgement> {
  const evidence: Evidence[] = [];
  const args = ['show', '-p', 'NTPSynchronized', '--value'];
  const timedate = await machine.run('timedatectl', args);
  evidence.push(sawRun('timedatectl', args, timedate));
  const said = timedate.kind === 'ran' && timedate.code === 0 ? timedate.out.trim() : '';
  if (said === 'yes') return pass('the clock is set by a time service', evidence);
  const chrony = await machine.run('chronyc', ['-n', 'tracking']);
  if (chrony.kind !== 'absent') evidence.push(sawRun('chronyc', ['-n', 'tracking'], chrony));
  const leap = chrony.kind === 'ran' ? /^Leap status\s*:\s*(.*)$/m.exec(chrony.out)?.[1]?.trim() : undefined;
  if (leap === 'Normal') return pass('the clock is set by chrony', evidence);
  if (said === 'no' || leap === 'Not synchronised')
    return fail({ found: 'no time service sets the clock', evidence, remedy: REMEDY_CLOCK });
  return cannotTell({ found: 'nobody here tells whether the clock is set', evidence, remedy: REMEDY_CLOCK });
}

async function lookAtMacClock(machine: Machine): Promise<Judgement> {
  const ran = await machine.run('systemsetup', ['-getusingnetworktime']);
  const evidence = [sawRun('systemsetup', ['-getusingnetworktime'], ran)];
  const said = ran.kind === 'ran' ? ran.out : '';
  const remedy = 'switch on setting the time by itself in System Settings, General, Date & Time';
  if (/Network Time: On/i.test(said)) return pass('the clock is set by a time service', evidence);
  if (/Network Time: Off/i.test(said)) return fail({ found: 'no time service sets the clock', evidence, remedy });
  return cannotTell({ found: 'the setting of the clock needs an administrator to be read', evidence, remedy });
}

const SCREENSAVER = 'org.gnome.desktop.screensaver';

/** Whoever sits down at an open session is the owner. */
export function lookAtScreenLock(machine: Machine, subject: Subject): Promise<Judgement> {
  return machine.system === 'darwin' ? lookAtMacLock(machine) : lookAtLinuxLock(machine, subject);
}

async function lookAtLinuxLock(machine: Machine, { user }: Subject): Promise<Judgement> {
  const remedy = 'let the session lock itself within ten minutes';
  if (!user.own)
    return cannotTell({
      found: 'the desktop of somebody else cannot be asked',
      evidence: [saw('asked by', 'another user')],
      remedy,
    });
  const running = ['-u', String(user.uid), '-x', 'gnome-shell'];
  const shell = await machine.run('pgrep', running);
  const evidence = [sawRun('pgrep', running, shell)];
  // The settings answer with their defaults where nobody is logged in.
  if (shell.kind !== 'ran' || shell.code !== 0)
    return cannotTell({
      found: 'no desktop of this user runs that can be asked (only GNOME answers)',
      evidence,
      remedy,
    });
  const lock = ['get', SCREENSAVER, 'lock-enabled'];
  const idle = ['get', 'org.gnome.desktop.session', 'idle-delay'];
  const locked = await machine.run('gsettings', lock);
  const delay = await machine.run('gsettings', idle);
  evidence.push(sawRun('gsettings', lock, locked), sawRun('gsettings', idle, delay));
  const on = locked.kind === 'ran' && locked.code === 0 ? locked.out.trim() : '';
  const seconds =
    delay.kind === 'ran' && delay.code === 0 ? Number(/^uint32 (\d+)/.exec(delay.out.trim())?.[1]) : Number.NaN;
  if (on === 'false' || seconds === 0) return fail({ found: 'the session does not lock itself', evidence, remedy });
  if (on === 'true' && seconds > 0) return pass(`the session locks itself after ${seconds} s`, evidence);
  return cannotTell({ found: 'the desktop does not say when it locks itself', evidence, remedy });
}

async function lookAtMacLock(machine: Machine): Promise<Judgement> {
  const ran = await machine.run('sysadminctl', ['-screenLock', 'status']);
  const evidence = [sawRun('sysadminctl', ['-screenLock', 'status'], ran)];
  const said = ran.kind === 'ran' ? `${ran.out} ${ran.err}` : '';
  const remedy = 'ask for the password at once in System Settings, Lock Screen';
  if (/screenLock is off/i.test(said)) return fail({ found: 'the screen does not lock itself', evidence, remedy });
  if (/screenLock delay is (?:immediate|\d+)/i.test(said)) return pass('the screen locks itself', evidence);
  return cannotTell({ found: 'the lock of the screen cannot be read', evidence, remedy });
}
