import { describe, expect, it } from 'vitest';
import { DEBIAN_LUKS } from '../machines/debian-luks.ts';
import { MACOS_KEPT } from '../machines/macos.ts';
import { CLOSED, merge, SUBJECT, without, type MachineData } from '../support.ts';
import { judge, type Case } from './judge.ts';

const EFI = '/sys/firmware/efi/efivars';
const SECURE = `${EFI}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c`;
const SHIM = `${EFI}/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23`;
const SETUP = `${EFI}/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c`;
const ON = '\u0006\0\0\0\u0001';
const file = (path: string, text: string | typeof CLOSED): MachineData =>
  merge(DEBIAN_LUKS, { files: { [path]: text } });
const command = (
  line: string,
  said: string | { code?: number; out?: string; err?: string } | typeof CLOSED,
  base = DEBIAN_LUKS,
): MachineData => merge(base, { commands: { [line]: said } });
const mac = (line: string, said: string | { code?: number; err?: string }): MachineData =>
  command(line, said, MACOS_KEPT);
const noEfi = without(DEBIAN_LUKS, EFI);
const noNft = without(DEBIAN_LUKS, 'nft -j');
const rules = (...parts: readonly object[]): MachineData =>
  command('nft -j list ruleset', JSON.stringify({ nftables: parts }));
const chain = (family: string, policy: string): object => ({
  chain: { family, table: 't', name: 'in', handle: 1, type: 'filter', hook: 'input', prio: 0, policy },
});
const rule = (...expr: readonly object[]): object => ({
  rule: { family: 'inet', table: 't', chain: 'in', handle: 2, expr },
});

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'secure-boot': [
    ['a boot loader that was told not to check', file(SHIM, ON), 'fail', /told not to check/],
    ['setup mode', file(SETUP, ON), 'fail', /setup mode/],
    ['a variable that is no flag', file(SECURE, 'x'), 'cannot_tell', /does not say/],
    [
      'what mokutil says where the variables are not mounted',
      command('mokutil --sb-state', 'SecureBoot enabled\n', noEfi),
      'pass',
      /on/,
    ],
    [
      'validation that is off',
      command('mokutil --sb-state', 'SecureBoot enabled\nSecureBoot validation is disabled in shim\n', noEfi),
      'fail',
      /off/,
    ],
    ['a Mac with permissive security', mac('bputil -d', '  Security Mode:  Permissive\n'), 'fail', /less than full/],
    [
      'a Mac that root asks',
      mac('bputil -d', ' Security Mode:               Full    (smb0): absent\n'),
      'pass',
      /full/,
    ],
  ],
  'kernel-integrity': [
    [
      'confidentiality',
      file('/sys/kernel/security/lockdown', 'none integrity [confidentiality]\n'),
      'pass',
      /confidentiality/,
    ],
    [
      'a Mac with a custom configuration',
      mac('csrutil status', 'System Integrity Protection status: unknown (Custom Configuration).\n'),
      'fail',
      /off/,
    ],
    [
      'a Mac with one part disabled',
      mac('csrutil status', 'System Integrity Protection status: enabled.\nFilesystem Protections: disabled\n'),
      'fail',
      /in part/,
    ],
  ],
  'access-control': [
    [
      'SELinux in force',
      merge(file('/sys/kernel/security/lsm', 'capability,selinux\n'), { files: { '/sys/fs/selinux/enforce': '1' } }),
      'pass',
      /SELinux/,
    ],
    [
      'SELinux that only watches',
      merge(file('/sys/kernel/security/lsm', 'capability,selinux\n'), { files: { '/sys/fs/selinux/enforce': '0' } }),
      'fail',
      /watches/,
    ],
    [
      'AppArmor that cannot be read',
      file('/sys/module/apparmor/parameters/enabled', CLOSED),
      'cannot_tell',
      /AppArmor/,
    ],
  ],
  firewall: [
    ['a policy for IPv4 alone', rules(chain('ip', 'drop')), 'fail', /IPv6/],
    ['a policy for each family', rules(chain('ip', 'drop'), chain('ip6', 'drop')), 'pass', /refused by default/],
    [
      'a last rule without condition',
      rules(chain('inet', 'accept'), rule({ counter: null }, { reject: { type: 'icmpx' } })),
      'pass',
      /refused/,
    ],
    [
      'a last rule with a condition',
      rules(chain('inet', 'accept'), rule({ match: {} }, { drop: null })),
      'fail',
      /not refused/,
    ],
    ['a last rule that only counts', rules(chain('inet', 'accept'), rule({ counter: null })), 'fail', /not refused/],
    [
      'a policy behind a rule that lets everything in',
      rules(chain('inet', 'drop'), rule({ counter: null }, { accept: null })),
      'fail',
      /not refused/,
    ],
    [
      'a chain at another hook',
      rules({ chain: { family: 'inet', table: 't', name: 'f', hook: 'forward', policy: 'drop' } }),
      'fail',
      /not refused/,
    ],
    [
      'ufw where nftables may not be asked',
      command('ufw status verbose', 'Status: active\nLogging: on\nDefault: deny (incoming), allow (outgoing)\n', noNft),
      'pass',
      /refused/,
    ],
    [
      'ufw that lets in by default',
      command('ufw status verbose', 'Status: active\nDefault: allow (incoming)\n', noNft),
      'fail',
      /not refused/,
    ],
    [
      'ufw that only root may ask',
      command('ufw status verbose', { code: 1, err: 'ERROR: You need to be root' }, noNft),
      'cannot_tell',
      /no rules/,
    ],
    [
      'iptables for both families',
      command(
        'iptables -S INPUT',
        '-P INPUT DROP\n',
        command('ip6tables -S INPUT', '-P INPUT ACCEPT\n-A INPUT -j REJECT --reject-with x\n', noNft),
      ),
      'pass',
      /refused/,
    ],
    [
      'iptables for IPv4 alone',
      command('iptables -S INPUT', '-P INPUT DROP\n', command('ip6tables -S INPUT', '-P INPUT ACCEPT\n', noNft)),
      'fail',
      /IPv6/,
    ],
    ['a machine without any', noNft, 'cannot_tell', /no rules/],
  ],
  'user-rights': [
    ['a group that only the running process still has', command('id -Gn', 'ann docker\n'), 'fail', /docker/],
    ['doas that permits the user', file('/etc/doas.conf', 'permit persist ann as root\n'), 'fail', /doas/],
    ['doas that permits others', file('/etc/doas.conf', '# permit ann\npermit bob\n'), 'pass', /no group/],
    ['doas that permits groups', file('/etc/doas.conf', 'permit :staff\n'), 'cannot_tell', /groups/],
    ['doas that root alone may read about', file('/etc/doas.conf', CLOSED), 'cannot_tell', /doas/],
    ['docker, which is root by another name', command('id -Gn ann', 'ann docker\n'), 'fail', /docker/],
    ['the disk group', command('id -Gn ann', 'ann disk\n'), 'fail', /disk/],
    [
      'a right to one command',
      command('sudo -n -l', 'User ann may run the following commands on x:\n    (root) NOPASSWD: /bin/ls\n'),
      'fail',
      /may use sudo/,
    ],
    [
      'sudo that wants a password first',
      command('sudo -n -l', { code: 1, err: 'sudo: a password is required' }),
      'cannot_tell',
      /password/,
    ],
    ['a system without sudo', without(DEBIAN_LUKS, 'sudo'), 'pass', /no sudo/],
  ],
  'home-folder': [
    [
      'a folder that its group may read',
      command('stat -L -c %a %u -- /home/ann/.hardshell', '750 1000\n'),
      'fail',
      /mode 750/,
    ],
    ['a folder of somebody else', command('stat -L -c %a %u -- /home/ann/.hardshell', '700 0\n'), 'fail', /uid 0/],
  ],
  kernel: [
    [
      'an update that waits for a restart',
      file('/run/reboot-required', '*** System restart required ***'),
      'fail',
      /waits/,
    ],
    ['the oldest kernel that will do', file('/proc/sys/kernel/osrelease', '5.14.0-1'), 'pass', /5\.14/],
  ],
  runtime: [
    ['a bubblewrap that cannot forbid namespaces', command('bwrap --version', 'bubblewrap 0.7.0\n'), 'fail', /0\.7\.0/],
    ['no bubblewrap', without(DEBIAN_LUKS, 'bwrap'), 'cannot_tell', /bubblewrap/],
  ],
  processor: [
    [
      'one part that is open behind a mitigation',
      file('/sys/devices/system/cpu/vulnerabilities/spectre_v2', 'Mitigation: Retpolines; BHI: Vulnerable\n'),
      'fail',
      /spectre_v2/,
    ],
    [
      'a processor that the kernel does not know',
      file('/sys/devices/system/cpu/vulnerabilities/srbds', 'Unknown: Dependent on hypervisor status\n'),
      'cannot_tell',
      /srbds/,
    ],
    [
      'a file that cannot be read',
      file('/sys/devices/system/cpu/vulnerabilities/srbds', CLOSED),
      'cannot_tell',
      /srbds/,
    ],
  ],
  'core-dumps': [
    ['a pattern that throws them away', file('/proc/sys/kernel/core_pattern', '|/bin/false\n'), 'pass', /thrown away/],
    [
      'a limit that allows them',
      file('/proc/self/limits', 'Max core file size        unlimited            unlimited            bytes\n'),
      'fail',
      /to a file/,
    ],
    [
      'systemd that keeps them',
      file('/proc/sys/kernel/core_pattern', '|/usr/lib/systemd/systemd-coredump %P\n'),
      'fail',
      /keeps them/,
    ],
    [
      'systemd that keeps none, by the last file that says so',
      merge(file('/proc/sys/kernel/core_pattern', '|/usr/lib/systemd/systemd-coredump %P\n'), {
        files: {
          '/etc/systemd/coredump.conf': '[Coredump]\nStorage=external\n',
          '/etc/systemd/coredump.conf.d/50.conf': '[Coredump]\nStorage=none\n',
        },
      }),
      'pass',
      /keeps none/,
    ],
    [
      'a comment, which is no setting',
      merge(file('/proc/sys/kernel/core_pattern', '|/usr/lib/systemd/systemd-coredump\n'), {
        files: { '/etc/systemd/coredump.conf': '#Storage=none\n' },
      }),
      'fail',
      /keeps/,
    ],
    ['a Mac with dumps switched off', mac('sysctl -n kern.coredump', '0\n'), 'pass', /off/],
  ],
  updates: [
    [
      'dnf-automatic',
      command('systemctl is-enabled dnf-automatic.timer', 'enabled\n', without(DEBIAN_LUKS, 'apt-config')),
      'pass',
      /themselves/,
    ],
    [
      'a timer that is off',
      command('systemctl is-enabled apt-daily-upgrade.timer', { code: 1, out: 'disabled\n' }),
      'fail',
      /timer/,
    ],
    ['a program that is not installed', without(DEBIAN_LUKS, 'unattended-upgrade'), 'fail', /nothing installs/],
  ],
  clock: [
    [
      'chrony',
      command('chronyc -n tracking', 'Leap status     : Normal\n', without(DEBIAN_LUKS, 'timedatectl')),
      'pass',
      /chrony/,
    ],
    [
      'chrony that has lost its servers',
      command('chronyc -n tracking', 'Leap status     : Not synchronised\n', without(DEBIAN_LUKS, 'timedatectl')),
      'fail',
      /no time service/,
    ],
  ],
  'screen-lock': [
    [
      'settings without a desktop that heeds them',
      command('pgrep -u 1000 -x gnome-shell', { code: 1 }),
      'cannot_tell',
      /no desktop/,
    ],
    [
      'a lock that never comes',
      command('gsettings get org.gnome.desktop.session idle-delay', 'uint32 0\n'),
      'fail',
      /does not lock/,
    ],
  ],
  ptrace: [['a kernel without Yama', without(DEBIAN_LUKS, '/proc/sys/kernel/yama'), 'cannot_tell', /not to be read/]],
  'kernel-messages': [
    ['addresses that are shown', file('/proc/sys/kernel/kptr_restrict', '0\n'), 'fail', /addresses are shown/],
  ],
  'user-namespaces': [
    ['a machine without bubblewrap', without(DEBIAN_LUKS, 'bwrap'), 'cannot_tell', /could not be tried/],
  ],
};

describe.each(Object.entries(CASES))('%s', (id, cases) => {
  it.each(cases)('tells of %s', async (_, data, verdict, found) => {
    const entry = await judge(id, data);
    expect(entry).toMatchObject({ verdict, found: expect.stringMatching(found) });
    expect(entry.evidence.length).toBeGreaterThan(0);
    expect(entry.remedy === '').toBe(verdict === 'pass');
  });
});

describe('user rights of root', () => {
  it('fails whoever runs it as uid 0, whatever the groups say', async () => {
    expect(
      await judge('user-rights', DEBIAN_LUKS, { ...SUBJECT, user: { name: 'root', uid: 0, own: true } }),
    ).toMatchObject({
      verdict: 'fail',
      found: expect.stringContaining('uid 0'),
    });
  });

  it('asks no command about a name that could be an option', async () => {
    const entry = await judge('user-rights', DEBIAN_LUKS, { ...SUBJECT, user: { name: '-G', uid: 1000, own: true } });
    expect(entry).toMatchObject({ verdict: 'cannot_tell', evidence: [] });
  });
});

describe('root who asks about somebody else', () => {
  const bob = { name: 'bob', uid: 1001, own: false };
  const data = merge(DEBIAN_LUKS, {
    commands: {
      'id -Gn bob': 'bob\n',
      'sudo -n -l': 'User root may run the following commands on x:\n (ALL) ALL\n',
      'sudo -n -l -U bob': 'User bob is not allowed to run sudo on x.\n',
    },
  });

  it('is told the rights of the other, not its own', async () => {
    expect(await judge('user-rights', data, { ...SUBJECT, user: bob })).toMatchObject({ verdict: 'pass' });
  });

  it('is told nothing of a screen that it does not see', async () => {
    expect(await judge('screen-lock', data, { ...SUBJECT, user: bob })).toMatchObject({ verdict: 'cannot_tell' });
  });
});
