import { merge, type MachineData } from '../support.ts';

/** A Mac as Apple ships it and its owner kept it. Nothing on it fails. Answers as the tools' manuals give them. */
export const MACOS_KEPT: MachineData = {
  system: 'darwin',
  folders: { '/Users/ann/.hardshell': ['armed'], '/Users': ['ann'], '/': ['Users'], '/Users/ann': ['Documents'] },
  commands: {
    'sw_vers -productVersion': '15.1\n',
    'uname -r': '24.1.0\n',
    'fdesetup status': 'FileVault is On.\n',
    'sysctl vm.swapusage': 'vm.swapusage: total = 2048.00M  used = 819.25M  free = 1228.75M  (encrypted)\n',
    'bputil -d': { code: 1, err: 'bputil must be run as root\n' },
    'system_profiler SPiBridgeDataType':
      'Controller:\n\n      Boot UUID: x\n      Boot Policy:\n        Secure Boot: Full Security\n',
    'csrutil status': 'System Integrity Protection status: enabled.\n',
    'spctl --status': 'assessments enabled\n',
    'socketfilterfw --getglobalstate': 'Firewall is enabled. (State = 1)\n',
    'id -Gn ann': 'staff everyone localaccounts\n',
    'id -Gn': 'staff everyone localaccounts\n',
    'sudo -n -l': { code: 1, err: 'Sorry, user ann may not run sudo on mac.\n' },
    'stat -L -f %Lp %u /Users/ann/.hardshell': '700 501\n',
    'ps -axo comm=': '/sbin/launchd\n/System/Library/CoreServices/Finder.app/Contents/MacOS/Finder\n',
    'sysctl -n kern.coredump': '1\n',
    'launchctl limit core': '\tcore        0              unlimited\n',
    'defaults read /Library/Preferences/com.apple.SoftwareUpdate CriticalUpdateInstall': '1\n',
    'defaults read /Library/Preferences/com.apple.SoftwareUpdate AutomaticallyInstallMacOSUpdates': '1\n',
    'systemsetup -getusingnetworktime': 'Network Time: On\n',
    'sysadminctl -screenLock status': { err: '2026-11-20 sysadminctl[1:2] screenLock delay is immediate\n' },
  },
};

/** FileVault, SIP, firewall and the rest switched off, an administrator's account, Documents in iCloud. */
export const MACOS_OPEN: MachineData = merge(MACOS_KEPT, {
  folders: {
    '/Users/ann/Documents/hardshell': ['armed'],
    '/Users/ann/Library/Mobile Documents/com~apple~CloudDocs': ['Desktop', 'Documents'],
  },
  commands: {
    'fdesetup status': 'FileVault is Off.\n',
    'sysctl vm.swapusage': 'vm.swapusage: total = 0.00M  used = 0.00M  free = 0.00M\n',
    'system_profiler SPiBridgeDataType': '        Secure Boot: Reduced Security\n',
    'csrutil status': 'System Integrity Protection status: disabled.\n',
    'spctl --status': 'assessments disabled\n',
    'socketfilterfw --getglobalstate': 'Firewall is disabled. (State = 0)\n',
    'id -Gn ann': 'staff everyone admin\n',
    'id -Gn': 'staff everyone admin\n',
    'stat -L -f %Lp %u /Users/ann/Documents/hardshell': '755 501\n',
    'launchctl limit core': '\tcore        unlimited              unlimited\n',
    'defaults read /Library/Preferences/com.apple.SoftwareUpdate CriticalUpdateInstall': '0\n',
    'systemsetup -getusingnetworktime': 'Network Time: Off\n',
    'sysadminctl -screenLock status': { err: 'sysadminctl[1:2] screenLock is off\n' },
  },
});

export const MAC_HOME = '/Users/ann/.hardshell';
export const MAC_OPEN_HOME = '/Users/ann/Documents/hardshell';
