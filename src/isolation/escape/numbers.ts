import { syscallNumbers, type SyscallArch } from '../syscalls.ts';

// Calls that only attempts make, each entry `name:x86_64:aarch64`; all others are in the filter's own table.
const ATTEMPTED = `
shmget:29:194 shmat:30:196 shmdt:67:197 shmctl:31:195 msgget:68:186 msgctl:71:187 semget:64:190 semctl:66:191
setsid:112:157 memfd_create:319:279 execveat:322:281 mknodat:259:33 setuid:105:146 setgid:106:144 setresuid:117:147
setgroups:116:159 capset:126:91 personality:135:92 syslog:103:116 name_to_handle_at:303:264 setpriority:141:140
sched_setscheduler:144:119 socketpair:53:199 bind:49:200 listen:50:201 inotify_init1:294:26 fanotify_init:300:262
pidfd_open:434:434 pidfd_send_signal:424:424 process_madvise:440:440 migrate_pages:256:238 move_pages:279:239
kcmp:312:272 statmount:457:457 listmount:458:458 setrlimit:160:164 vhangup:153:58 mq_open:240:180 fchownat:260:54
lookup_dcookie:212:18 memfd_secret:447:447 setdomainname:171:162 adjtimex:159:171 getsockopt:55:209 exit:60:93`;

const attempted = new Map(
  ATTEMPTED.trim()
    .split(/\s+/)
    .map((entry): [string, readonly string[]] => {
      const [name = '', ...numbers] = entry.split(':');
      return [name, numbers];
    }),
);

const known = { x86_64: syscallNumbers('x86_64'), aarch64: syscallNumbers('aarch64') } as const;

/** The number of a call. Throws for one that the architecture lacks: a mistake in the list. */
export function callNumber(arch: SyscallArch, name: string): number {
  const number = known[arch].number(name) ?? Number(attempted.get(name)?.[arch === 'x86_64' ? 0 : 1]);
  if (!Number.isInteger(number)) throw new Error(`no number for the call \`${name}\` on ${arch}`);
  return number;
}
