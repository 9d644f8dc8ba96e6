import { merge, without, type MachineData } from '../support.ts';
import { DEBIAN_LUKS } from './debian-luks.ts';

/** An Ubuntu as many people run it: no disk encryption, the owner in sudo and docker, the home below Dropbox. */
export const UBUNTU_PLAIN: MachineData = merge(without(DEBIAN_LUKS, '/sys/dev/block/', '/sys/class/block/'), {
  files: {
    '/etc/os-release': 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\n',
    '/proc/self/mountinfo': '22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n',
    '/sys/dev/block/259:2/partition': '2\n',
    '/proc/swaps': 'Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n/swap.img  file\t4194300\t0\t-2\n',
    '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c': '\u0006\0\0\0\0',
    '/sys/kernel/security/lockdown': '[none] integrity confidentiality\n',
    '/sys/kernel/security/lsm': 'lockdown,capability,landlock,yama\n',
    '/proc/sys/kernel/osrelease': '5.4.0-200-generic\n',
    '/sys/devices/system/cpu/vulnerabilities/mds': 'Vulnerable: Clear CPU buffers attempted, no microcode\n',
    '/proc/sys/kernel/core_pattern': '|/usr/share/apport/apport -p%p -s%s\n',
    '/proc/sys/kernel/yama/ptrace_scope': '0\n',
    '/proc/sys/kernel/dmesg_restrict': '0\n',
    '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n',
    '/home/ann/.dropbox/info.json': '{"personal": {"path": "/home/ann/Dropbox", "host": 1}}',
    '/proc/900/comm': 'dropbox\n',
  },
  folders: { '/sys/dev/block/259:2/../slaves': [], '/home/ann/Dropbox/hardshell': ['armed'] },
  commands: {
    'lsattr -d -- /home/ann/Dropbox/hardshell': '--------------e------- /home/ann/Dropbox/hardshell\n',
    'nft -j list ruleset': { code: 1, err: 'Operation not permitted (you must be root)\n' },
    'ufw status verbose': 'Status: inactive\n',
    'id -Gn ann': 'ann adm cdrom sudo docker\n',
    'id -Gn': 'ann adm cdrom sudo docker\n',
    'sudo -n -l': { code: 1, err: 'sudo: a password is required\n' },
    'stat -L -c %a %u -- /home/ann/Dropbox/hardshell': '755 1000\n',
    'bwrap --unshare-user --unshare-net --unshare-pid --ro-bind / / -- /bin/true': {
      code: 1,
      err: 'bwrap: setting up uid map: Permission denied\n',
    },
    'bwrap --version': 'bubblewrap 0.6.1\n',
    'apt-config dump APT::Periodic': 'APT::Periodic::Unattended-Upgrade "0";\n',
    'timedatectl show -p NTPSynchronized --value': 'no\n',
    'gsettings get org.gnome.desktop.screensaver lock-enabled': 'false\n',
  },
});

export const UBUNTU_HOME = '/home/ann/Dropbox/hardshell';
