import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ESCAPE_LIST, openStage, type Stage } from '../../../src/isolation/index.ts';
import { runProgram } from './run.ts';

// An independent reader of what the generated programs do: strace has its own tables of calls and their arguments.

let stage: Stage;
let traced: string[];
const native = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const tried = ESCAPE_LIST.filter(({ alone, arch }) => alone === undefined && (arch === undefined || arch === native));

beforeAll(async () => {
  stage = await openStage({ parent: '/var/tmp' });
  const sections = tried.map((attempt) => ({ id: attempt.id, steps: attempt.steps(stage.outside) }));
  const log = join(stage.directory, 'trace');
  const { status } = runProgram(native, sections, ['strace', '-f', '-s', '64', '-o', log]);
  expect(status).toBe(0);
  traced = readFileSync(log, 'utf8').split('\n');
}, 120_000);
afterAll(() => stage.close());

/** What the first call of each attempt looks like to strace. A bare number is what it has no name for. */
const nameOf = (what: string | number): string => {
  if (typeof what === 'string') return what;
  return what === 5_000 ? 'syscall_0x1388' : '(?:getpid|syscall_0x40000027)';
};
it('makes, in the order of the list, the calls that the list says', () => {
  let at = 0;
  for (const attempt of tried) {
    const first = attempt.steps(stage.outside).find(({ kind }) => kind === 'call' || kind === 'i386');
    if (first === undefined) throw new Error(`\`${attempt.id}\` makes no call`);
    const name = first.kind === 'call' ? nameOf(first.call) : 'getpid';
    const found = traced.findIndex((line, i) => i >= at && new RegExp(`^\\d+ +${name}\\(`).test(line));
    expect(found, `${attempt.id}: ${name}`).toBeGreaterThanOrEqual(0);
    at = found + 1;
  }
});

it.each([
  [
    'net-tcp4',
    /connect\(\d+, \{sa_family=AF_INET, sin_port=htons\(\d+\), sin_addr=inet_addr\("127\.0\.0\.1"\)\}, 16\) = 0/,
  ],
  ['net-tcp6', /connect\(\d+, \{sa_family=AF_INET6, .*inet_pton\(AF_INET6, "::1", .*\}, 28\) = 0/],
  ['net-vsock', /socket\(AF_VSOCK, /],
  ['net-alg', /socket\(AF_ALG, /],
  ['net-netlink', /socket\(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE\)/],
  ['net-abstract', /connect\(\d+, \{sa_family=AF_UNIX, sun_path=@"hardshell-escape-[0-9a-f]+"\}, \d+\) = 0/],
  ['sock-symlink', /symlinkat\("\/etc\/passwd", AT_FDCWD, ".*\/own\/link"\) = 0/],
  ['files-shadow', /openat\(AT_FDCWD, "\/etc\/shadow", O_RDONLY\|O_CLOEXEC\)/],
  ['files-handle', /open_by_handle_at\((?:AT_FDCWD|-100), \{handle_bytes=8, handle_type=1, .*O_RDONLY\)/],
  ['door-core-pattern', /openat\(AT_FDCWD, "\/proc\/sys\/kernel\/core_pattern", O_WRONLY\|O_CLOEXEC\)/],
  ['proc-ptrace', /ptrace\(PTRACE_SEIZE, \d+/],
  [
    'proc-vm-read',
    /process_vm_readv\(\d+, \[\{iov_base=.*iov_len=1\}\], 1, \[\{iov_base=0x400000, iov_len=1\}\], 1, 0\)/,
  ],
  ['mount-tmpfs', /mount\("none", "\/nowhere\/hardshell", "tmpfs", 0, NULL\)/],
  ['mount-remount', /mount\(NULL, "\/nowhere\/hardshell", NULL, MS_REMOUNT\|MS_BIND, NULL\)/],
  ['ns-unshare-user', /unshare\(CLONE_NEWNS\|CLONE_NEWUSER/],
  ['ns-clone-user', /clone\(child_stack=NULL, flags=CLONE_NEWUSER\|SIGCHLD/],
  ['ns-clone3', /clone3\(\{flags=CLONE_NEWUSER, exit_signal=SIGCHLD/],
  ['kernel-keyring-join', /keyctl\(KEYCTL_JOIN_SESSION_KEYRING, NULL\)/],
  ['kernel-key-add', /add_key\("user", "attempt", "x", 1, KEY_SPEC_THREAD_KEYRING\)/],
  ['kernel-kexec', /kexec_load\(NULL, 65535, NULL, .*\)/],
  ['kernel-execveat', /execveat\(-1, "", \[\], .*AT_EMPTY_PATH\) = -1 E(?:BADF|NOENT)/],
  ['kernel-clock', /clock_settime\(CLOCK_REALTIME, NULL\)/],
  ['priv-terminal', /ioctl\(\d+, TIOCSTI, /],
  ['priv-groups', /setgroups\(1, \[0\]\)/],
  ['dev-make', /mknodat\(AT_FDCWD, ".*\/disk", S_IFBLK\|0600, makedev\(0xfd, 0\)\)/],
])('%s is what its name says, read by strace', (_id, line) => {
  expect(traced.filter((one) => line.test(one)).length).toBeGreaterThan(0);
});

it.runIf(native === 'x86_64')('comes through the door of 32-bit programs', () => {
  // Number 20 is getpid in that table alone; in the 64-bit one it is writev.
  const { length } = traced.filter((line) => /^\d+ +getpid\(\) += [1-9]/.test(line));
  expect(length).toBeGreaterThan(0);
  expect(traced.filter((line) => / writev\(/.test(line))).toEqual([]);
});
