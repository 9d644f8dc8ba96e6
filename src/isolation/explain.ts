/** Bubblewrap's words, turned into what stands in the way and what removes it. */
const KNOWN: readonly { readonly words: RegExp; readonly reason: string; readonly remedy: string }[] = [
  {
    words: /setting up uid map: Permission denied/i,
    reason: 'this system restricts unprivileged user namespaces (AppArmor)',
    remedy: 'ask an administrator to run: sysctl kernel.apparmor_restrict_unprivileged_userns=0',
  },
  {
    words: /max_(?:user|[a-z]+)_namespaces|ENOSPC|No space left on device.*namespace/i,
    reason: 'this system allows no further user namespaces',
    remedy: 'ask an administrator to run: sysctl user.max_user_namespaces=15000',
  },
  {
    words: /No permissions to create.* namespace|Creating new namespace failed|Operation not permitted.*namespace/i,
    reason: 'this system or container forbids user namespaces',
    remedy:
      'run Hardshell on a machine or in a container that allows them (`sysctl kernel.unprivileged_userns_clone=1` on older Debian)',
  },
  {
    words: /Can't mount proc/i,
    reason: 'the container masks /proc, so that no new one can be mounted',
    remedy: 'start the container with an unmasked /proc, or run Hardshell outside it',
  },
  {
    words: /Unknown option/i,
    reason: 'the installed bubblewrap is older than 0.8',
    remedy: 'ask an administrator to install bubblewrap 0.8 or newer',
  },
];

export function explainBubblewrapError(stderr: string): { readonly reason: string; readonly remedy: string } {
  const known = KNOWN.find(({ words }) => words.test(stderr));
  if (known !== undefined) return { reason: known.reason, remedy: known.remedy };
  const said = stderr
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200);
  return {
    reason: `bubblewrap said: ${said || 'nothing'}`,
    remedy: 'try `bwrap --unshare-all --ro-bind / / true` by hand',
  };
}
