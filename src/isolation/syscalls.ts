// Numbers from Linux 6.x `asm/unistd_64.h` and `asm-generic/unistd.h`, each entry `name:x86_64:aarch64` (`-`: the
// architecture lacks the call). What stands in no list here answers EPERM; what is newer than NEWEST_KNOWN, ENOSYS.

import { HardshellError } from '../contracts/index.ts';

export type SyscallArch = 'x86_64' | 'aarch64';

/** The architecture that we run on. Throws `isolation_failed` for one without a table. */
export function nativeArch(): SyscallArch {
  if (process.arch === 'x64') return 'x86_64';
  if (process.arch === 'arm64') return 'aarch64';
  throw new HardshellError('isolation_failed', `no system call table for \`${process.arch}\``, { fate: 'refuse' });
}

export interface SyscallNumbers {
  readonly auditArch: number;
  readonly number: (name: string) => number | undefined;
}

/** The newest call number this table was read against; newer ones answer ENOSYS so that libraries fall back. */
export const NEWEST_KNOWN = 462;

const FILES = `
read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 preadv:295:69 pwritev:296:70
preadv2:327:286 pwritev2:328:287 close:3:57 close_range:436:436 fstat:5:80 newfstatat:262:79 stat:4:- lstat:6:-
statx:332:291 lseek:8:62 access:21:- faccessat:269:48 faccessat2:439:439 open:2:- openat:257:56 openat2:437:437
creat:85:- readlink:89:- readlinkat:267:78 getcwd:79:17 chdir:80:49 fchdir:81:50 getdents64:217:61 getdents:78:-
mkdir:83:- mkdirat:258:34 rmdir:84:- rename:82:- renameat:264:38 renameat2:316:276 unlink:87:- unlinkat:263:35
link:86:- linkat:265:37 symlink:88:- symlinkat:266:36 chmod:90:- fchmod:91:52 fchmodat:268:53 utimensat:280:88
ftruncate:77:46 truncate:76:45 fallocate:285:47 fsync:74:82 fdatasync:75:83 sync_file_range:277:84
copy_file_range:326:285 sendfile:40:71 flock:73:32 fadvise64:221:223 statfs:137:43 fstatfs:138:44 umask:95:166`;
const MEMORY = `
mmap:9:222 mprotect:10:226 munmap:11:215 mremap:25:216 madvise:28:233 brk:12:214 msync:26:227 mincore:27:232
mlock:149:228 munlock:150:229 membarrier:324:283 pkey_alloc:330:289 pkey_free:331:290 pkey_mprotect:329:288`;
const THREADS = `
futex:202:98 futex_waitv:449:449 set_robust_list:273:99 get_robust_list:274:100 rseq:334:293 set_tid_address:218:96
arch_prctl:158:- gettid:186:178 getpid:39:172 getppid:110:173 getuid:102:174 geteuid:107:175 getgid:104:176
getegid:108:177 getgroups:115:158 getresuid:118:148 getresgid:120:150 getpgrp:111:- getpgid:121:155 getsid:124:156
capget:125:90`;
const SIGNALS = `
rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigpending:127:136 rt_sigtimedwait:128:137
rt_sigsuspend:130:133 sigaltstack:131:132 tgkill:234:131 kill:62:129 restart_syscall:219:128`;
const TIME = `
nanosleep:35:101 clock_nanosleep:230:115 clock_gettime:228:113 clock_getres:229:114 gettimeofday:96:169 time:201:-
times:100:153 timer_create:222:107 timer_settime:223:110 timer_delete:226:111 timerfd_create:283:85
timerfd_settime:286:86 timerfd_gettime:287:87 setitimer:38:103 alarm:37:- pause:34:-`;
const EVENTS = `
epoll_create1:291:20 epoll_create:213:- epoll_ctl:233:21 epoll_wait:232:- epoll_pwait:281:22 epoll_pwait2:441:441
poll:7:- ppoll:271:73 select:23:- pselect6:270:72 eventfd2:290:19 eventfd:284:- pipe:22:- pipe2:293:59 dup:32:23
dup2:33:- dup3:292:24 fcntl:72:25`;
const SOCKETS = `
connect:42:203 getsockopt:55:209 setsockopt:54:208 getsockname:51:204 getpeername:52:205 sendto:44:206 recvfrom:45:207
shutdown:48:210 recvmsg:47:212 sendmsg:46:211`;
const SYSTEM = `
getrandom:318:278 uname:63:160 sysinfo:99:179 getrlimit:97:163 prlimit64:302:261 getrusage:98:165 sched_yield:24:124
sched_getaffinity:204:123 sched_getparam:143:121 sched_getscheduler:145:120 sched_get_priority_max:146:125
sched_get_priority_min:147:126 getpriority:140:141 getcpu:309:168 execve:59:221 exit:60:93 exit_group:231:94
wait4:61:260 waitid:247:95`;
// Nothing honest in a zone calls these: the call ends the process and is the alarm.
const TRIPWIRES = `
ptrace:101:117 process_vm_readv:310:270 process_vm_writev:311:271 mount:165:40 umount2:166:39 pivot_root:155:41
chroot:161:51 unshare:272:97 setns:308:268 open_tree:428:428 move_mount:429:429 fsopen:430:430 fsconfig:431:431
fsmount:432:432 fspick:433:433 mount_setattr:442:442 keyctl:250:219 add_key:248:217 request_key:249:218 bpf:321:280
perf_event_open:298:241 userfaultfd:323:282 kexec_load:246:104 kexec_file_load:320:294 init_module:175:105
finit_module:313:273 delete_module:176:106 reboot:169:142 open_by_handle_at:304:265 pidfd_getfd:438:438 swapon:167:224
swapoff:168:225 acct:163:89 iopl:172:- ioperm:173:- modify_ldt:154:- quotactl:179:60 settimeofday:164:170
clock_settime:227:112 clock_adjtime:305:266 sethostname:170:161 setdomainname:171:162`;
const CHECKED = `
clone:56:220 clone3:435:435 fork:57:- vfork:58:- socket:41:198 prctl:157:167 ioctl:16:29 io_uring_setup:425:425
io_uring_enter:426:426 io_uring_register:427:427`;
const SERVE = `
bind:49:200 listen:50:201 accept:43:202 accept4:288:242`;
/** What programs that start programs need: an agent of the owner's, whose helpers come and go. */
const AGENT = `
setsid:112:157 setpgid:109:154 chown:92:- fchown:93:55 lchown:94:- fchownat:260:54 fchmodat2:452:452 socketpair:53:199
sendmmsg:307:269 recvmmsg:299:243 sched_setaffinity:203:122 sched_setscheduler:144:119 sched_setparam:142:118
sched_getattr:315:275 sched_setattr:314:274 sched_rr_get_interval:148:127 setpriority:141:140 ioprio_set:251:30
ioprio_get:252:31 splice:275:76 tee:276:77 signalfd:282:- signalfd4:289:74 pidfd_open:434:434
pidfd_send_signal:424:424 tkill:200:130 rt_sigqueueinfo:129:138 process_madvise:440:440 mlockall:151:230
munlockall:152:231 mlock2:325:284 utime:132:- utimes:235:- futimesat:261:- setxattr:188:5 lsetxattr:189:6 fsetxattr:190:7
getxattr:191:8 lgetxattr:192:9 fgetxattr:193:10 listxattr:194:11 llistxattr:195:12 flistxattr:196:13 removexattr:197:14
lremovexattr:198:15 fremovexattr:199:16 shmget:29:194 shmat:30:196 shmctl:31:195 shmdt:67:197 semget:64:190 semop:65:193
semctl:66:191 semtimedop:220:192 setrlimit:160:164 setuid:105:146 setgid:106:144 setreuid:113:145 setregid:114:143
setresuid:117:147 setresgid:119:149 sync:162:81 syncfs:306:267 readahead:187:213 timer_getoverrun:225:109
timer_gettime:224:108 getitimer:36:102`;
/** The resolver sends both questions of a name with one call. */
const INTERNET = `
sendmmsg:307:269 recvmmsg:299:243`;
/** Only for the step from root to a zone's uid where there are no user namespaces (mode R). */
const CHANGE_UID = `
setresuid:117:147 setresgid:119:149 setgroups:116:159 capset:126:91`;
const WATCH = `
inotify_init:253:- inotify_init1:294:26 inotify_add_watch:254:27 inotify_rm_watch:255:28`;
// Refused by the default rule; named so that tests can ask for them.
const REFUSED = `
memfd_create:319:279 execveat:322:281 socketpair:53:199 mknod:133:- mknodat:259:33
msgget:68:186 personality:135:92 syslog:103:116 vhangup:153:58 name_to_handle_at:303:264
landlock_create_ruleset:444:444 memfd_secret:447:- seccomp:317:277`;

const names = (table: string): readonly string[] =>
  table
    .trim()
    .split(/\s+/)
    .map((entry) => entry.split(':', 1)[0] ?? '');

export const ALLOWED_SYSCALLS: readonly string[] = names(
  [FILES, MEMORY, THREADS, SIGNALS, TIME, EVENTS, SOCKETS, SYSTEM].join(' '),
);
export const TRIPWIRE_SYSCALLS: readonly string[] = names(TRIPWIRES);
/** Only for a process of Zone 1 that serves sockets. `socket` allows no family but AF_UNIX, so these serve no other. */
export const SERVE_SYSCALLS: readonly string[] = names(SERVE);
export const AGENT_SYSCALLS: readonly string[] = names(AGENT);
export const INTERNET_SYSCALLS: readonly string[] = names(INTERNET);
export const CHANGE_UID_SYSCALLS: readonly string[] = names(CHANGE_UID);
/** Only for a process that watches a directory it was given. */
export const WATCH_SYSCALLS: readonly string[] = names(WATCH);

const AUDIT_ARCH = { x86_64: 0xc000003e, aarch64: 0xc00000b7 } as const;

/** The numbers of one architecture; a name it lacks has none. */
export function syscallNumbers(arch: SyscallArch): SyscallNumbers {
  const found = new Map<string, number>();
  const all = [
    FILES,
    MEMORY,
    THREADS,
    SIGNALS,
    TIME,
    EVENTS,
    SOCKETS,
    SYSTEM,
    TRIPWIRES,
    CHECKED,
    SERVE,
    WATCH,
    AGENT,
    CHANGE_UID,
    REFUSED,
  ];
  for (const entry of all.join(' ').trim().split(/\s+/)) {
    const [name, x64, arm64] = entry.split(':');
    const text = arch === 'x86_64' ? x64 : arm64;
    if (name !== undefined && text !== undefined && text !== '-') found.set(name, Number(text));
  }
  return { auditArch: AUDIT_ARCH[arch], number: (name) => found.get(name) };
}
