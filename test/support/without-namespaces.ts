import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { readlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Within {
  /** Who runs it: an ordinary user, or root without the right to make namespaces. */
  readonly uid: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Done by root of the new namespace first, with a mount namespace of its own. */
  readonly before?: string;
  readonly stdio?: StdioOptions;
}

/**
 * Runs a command where no namespaces can be made, as in a container with the usual system call filter: in a user
 * namespace of its own whose numbers are the host's, with the count of further ones at zero. Needs root.
 */
export async function withoutNamespaces(
  command: readonly string[],
  { uid, env = {}, before = '', stdio = ['pipe', 'pipe', 'pipe'] }: Within,
): Promise<ChildProcess> {
  const bounding = uid === 0 ? '-sys_admin,-sys_ptrace' : '-all';
  const ids = uid === 0 ? '' : `--reuid ${uid} --regid ${uid} --clear-groups`;
  const lowered = `echo 0 > /proc/sys/user/max_user_namespaces; ${before} exec setpriv ${ids} --bounding-set=${bounding} --inh-caps=-all -- "$@"`;
  // Root of the new namespace is root from the first program on that starts once its ids are mapped.
  const script =
    'read go; low=$1; shift; exec setpriv --reuid 0 --regid 0 --clear-groups -- /bin/sh -ec "$low" sh "$@"';
  const child = spawn('unshare', ['--user', '--mount', '--', '/bin/sh', '-c', script, 'sh', lowered, ...command], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    stdio,
  });
  const own = readlinkSync('/proc/self/ns/user');
  while (child.exitCode === null && readlinkSync(`/proc/${child.pid}/ns/user`) === own) await sleep(5);
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${map}`, '0 0 100000');
  child.stdin?.end('go\n');
  return child;
}
