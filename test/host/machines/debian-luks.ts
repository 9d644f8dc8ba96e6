import type { MachineData } from '../support.ts';

const EFIVARS = '/sys/firmware/efi/efivars';
const flag = (value: number): string => `\u0006\0\0\0${String.fromCharCode(value)}`;

/** A well-kept Debian laptop: LVM on LUKS, secure boot, AppArmor, nftables, an ordinary user. Nothing on it fails. */
export const DEBIAN_LUKS: MachineData = {
  files: {
    '/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n',
    '/proc/self/mountinfo': [
      '24 1 254:1 / / rw,relatime shared:1 - ext4 /dev/mapper/debian--vg-root rw',
      '25 24 0:23 / /proc rw shared:2 - proc proc rw',
      '26 24 254:3 / /home rw,relatime shared:3 - ext4 /dev/mapper/debian--vg-home rw',
      '27 24 0:30 / /tmp rw,nosuid shared:4 - tmpfs tmpfs rw',
      '28 24 8:1 / /boot/efi rw shared:5 - vfat /dev/sda1 rw',
      '',
    ].join('\n'),
    // The logical volumes lie on one LUKS device, and that on a partition.
    '/sys/dev/block/254:1/dm/uuid': 'LVM-abcdef\n',
    '/sys/dev/block/254:3/dm/uuid': 'LVM-ghijkl\n',
    '/sys/dev/block/254:1/slaves/dm-0/dm/uuid': 'CRYPT-LUKS2-0123456789abcdef-sda3_crypt\n',
    '/sys/dev/block/254:3/slaves/dm-0/dm/uuid': 'CRYPT-LUKS2-0123456789abcdef-sda3_crypt\n',
    '/proc/swaps': 'Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n/dev/dm-2 partition\t1000444\t0\t-2\n',
    '/sys/class/block/dm-2/dm/uuid': 'LVM-mnopqr\n',
    '/sys/class/block/dm-2/slaves/dm-0/dm/uuid': 'CRYPT-LUKS2-0123456789abcdef-sda3_crypt\n',
    [`${EFIVARS}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c`]: flag(1),
    [`${EFIVARS}/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c`]: flag(0),
    '/sys/kernel/security/lockdown': 'none [integrity] confidentiality\n',
    '/sys/kernel/security/lsm': 'lockdown,capability,landlock,yama,apparmor,bpf\n',
    '/sys/module/apparmor/parameters/enabled': 'Y\n',
    '/proc/sys/kernel/osrelease': '6.12.48+deb13-amd64\n',
    '/sys/devices/system/cpu/vulnerabilities/meltdown': 'Mitigation: PTI\n',
    '/sys/devices/system/cpu/vulnerabilities/mds': 'Not affected\n',
    '/sys/devices/system/cpu/vulnerabilities/itlb_multihit': 'KVM: Mitigation: Split huge pages\n',
    '/proc/cpuinfo': 'processor\t: 0\nmicrocode\t: 0xf0\n',
    '/proc/sys/kernel/core_pattern': 'core\n',
    '/proc/self/limits':
      'Limit  Soft Limit  Hard Limit  Units\nMax core file size        0                    unlimited            bytes\n',
    '/proc/sys/kernel/yama/ptrace_scope': '1\n',
    '/proc/sys/user/max_user_namespaces': '63000\n',
    '/proc/sys/kernel/dmesg_restrict': '1\n',
    '/proc/sys/kernel/kptr_restrict': '1\n',
    '/proc/1/comm': 'systemd\n',
    '/proc/812/comm': 'gnome-shell\n',
  },
  folders: { '/home/ann/.hardshell': ['armed', 'hardshell.json'], '/home': ['ann'], '/': ['home', 'usr'] },
  commands: {
    'lsattr -d -- /': '--------------e------- /\n',
    'dmsetup table -j 254 -m 0': { code: 1, err: 'Permission denied' },
    'nft -j list ruleset': JSON.stringify({
      nftables: [
        { metainfo: { version: '1.1.3' } },
        { table: { family: 'inet', name: 'filter', handle: 1 } },
        {
          chain: {
            family: 'inet',
            table: 'filter',
            name: 'input',
            handle: 1,
            type: 'filter',
            hook: 'input',
            prio: 0,
            policy: 'drop',
          },
        },
      ],
    }),
    'id -Gn ann': 'ann audio plugdev\n',
    'id -Gn': 'ann audio plugdev\n',
    'sudo -n -l': { code: 1, err: 'Sorry, user ann may not run sudo on laptop.\n' },
    'stat -L -c %a %u -- /home/ann/.hardshell': '700 1000\n',
    'bwrap --unshare-user --unshare-net --unshare-pid --ro-bind / / -- /bin/true': '',
    'bwrap --version': 'bubblewrap 0.11.0\n',
    'nft --version': 'nftables v1.1.3\n',
    'getconf GNU_LIBC_VERSION': 'glibc 2.41\n',
    'apt-config dump APT::Periodic': 'APT::Periodic "";\nAPT::Periodic::Unattended-Upgrade "1";\n',
    'unattended-upgrade --help': 'Usage',
    'systemctl is-enabled apt-daily-upgrade.timer': 'enabled\n',
    'timedatectl show -p NTPSynchronized --value': 'yes\n',
    'pgrep -u 1000 -x gnome-shell': '812\n',
    'gsettings get org.gnome.desktop.screensaver lock-enabled': 'true\n',
    'gsettings get org.gnome.desktop.session idle-delay': 'uint32 300\n',
  },
};
