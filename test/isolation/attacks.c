// One attack a run: ./attacks NAME [ARGUMENT]. Prints `open` when it worked, `errno N` when the kernel refused it.
// A call that the filter answers by ending the process prints nothing. Run outside a zone, even as root, each one is
// harmless: what could hurt a machine is asked with arguments that the kernel refuses after the filter has let it pass.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <time.h>
#include <unistd.h>

static const char *argument;
#define TRY(expression) return (expression) >= 0 ? 0 : errno

static int do_open(const char *path, int flags) { int fd = open(path, flags); if (fd < 0) return errno; close(fd); return 0; }
static int do_mount(void) { TRY(mount("none", "/nowhere", "tmpfs", 0, NULL)); }
static int do_umount(void) { TRY(umount2("/nowhere", 0)); }
static int do_userns(void) { TRY(unshare(CLONE_NEWUSER | CLONE_NEWNS)); }
static int do_ptrace(void) { TRY(ptrace(PTRACE_ATTACH, argument ? atoi(argument) : 1, 0, 0)); }
static int do_vm_read(void) { char b[1]; struct iovec l = {b, 1}, r = {(void *)0x400000, 1}; TRY(process_vm_readv(argument ? atoi(argument) : 1, &l, 1, &r, 1, 0)); }
static int do_proc_root(void) { return do_open("/proc/1/root/etc/shadow", O_RDONLY); }
static int do_shadow(void) { return do_open("/etc/shadow", O_RDONLY); }
static int do_passwd(void) { return do_open("/etc/passwd", O_RDONLY); }
static int do_sysrq(void) { return do_open("/proc/sysrq-trigger", O_WRONLY); }
static int do_core_pattern(void) { return do_open("/proc/sys/kernel/core_pattern", O_WRONLY); }
static int do_sysctl(void) { return do_open("/proc/sys/kernel/hostname", O_WRONLY); }
static int do_kmsg(void) { return do_open("/dev/kmsg", O_RDONLY); }
static int do_disk(void) { return do_open("/dev/vda", O_RDONLY); }
static int do_mknod(void) { if (mknod(argument, S_IFBLK | 0600, makedev(253, 0)) < 0) return errno; unlink(argument); return 0; }
static int do_keyring(void) { TRY(syscall(SYS_add_key, "user", "attack", "x", 1, -4)); }
static int do_join_keyring(void) { TRY(syscall(SYS_keyctl, 1, NULL)); }
static int do_tiocsti(void) { char c = 'x'; TRY(ioctl(0, TIOCSTI, &c)); }
static int do_io_uring(void) { char p[256]; memset(p, 0, sizeof p); TRY(syscall(SYS_io_uring_setup, 4, p)); }
static int do_memfd(void) { TRY(syscall(SYS_memfd_create, "x", 0)); }
static int do_execveat(void) { char *none[] = {NULL}; syscall(SYS_execveat, -1, "", none, none, AT_EMPTY_PATH); return errno == EBADF || errno == ENOENT ? 0 : errno; }
static int do_vsock(void) { TRY(socket(40, SOCK_STREAM, 0)); }
static int do_alg(void) { TRY(socket(38, SOCK_SEQPACKET, 0)); }
static int do_packet(void) { TRY(socket(17, SOCK_RAW, 0)); }
static int do_netlink(void) { TRY(socket(16, SOCK_RAW, 0)); }
static int do_raw(void) { TRY(socket(AF_INET, SOCK_RAW, 1)); }
static int do_udp(void) { TRY(socket(AF_INET, SOCK_DGRAM, 0)); }
static int do_tcp(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return errno;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argument))};
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  TRY(connect(fd, (struct sockaddr *)&to, sizeof to));
}
static int do_unix(const char *path, int abstract) {
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return errno;
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  strncpy(to.sun_path + abstract, path, sizeof to.sun_path - 2);
  TRY(connect(fd, (struct sockaddr *)&to, offsetof(struct sockaddr_un, sun_path) + abstract + strlen(path)));
}
static int do_abstract(void) { return do_unix(argument, 1); }
static int do_bridge(void) { return do_unix(argument, 0); }
static int do_listen(void) {
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/tmp/attack.sock"};
  unlink(at.sun_path);
  TRY(bind(fd, (struct sockaddr *)&at, sizeof at));
}
static int do_unix_datagram(void) { TRY(socket(AF_UNIX, SOCK_DGRAM, 0)); }
static int do_socketpair(void) { int p[2]; TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, p)); }
static int do_unlink(void) { TRY(unlink(argument)); }
static int do_rename(void) { char to[256]; snprintf(to, sizeof to, "%s.moved", argument); TRY(rename(argument, to)); }
static int do_symlink(void) { char to[256]; snprintf(to, sizeof to, "%s.link", argument); TRY(symlink("/etc/passwd", to)); }
static int do_setns(void) { TRY(setns(open("/proc/1/ns/mnt", O_RDONLY), 0)); }
static int do_handle(void) { char h[64] = {8, 0, 0, 0, 1, 0, 0, 0}; TRY(syscall(SYS_open_by_handle_at, AT_FDCWD, h, O_RDONLY)); }
static int do_bpf(void) { TRY(syscall(SYS_bpf, 0, NULL, 0)); }
static int do_perf(void) { TRY(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)); }
static int do_userfaultfd(void) { TRY(syscall(SYS_userfaultfd, 1)); }
static int do_init_module(void) { TRY(syscall(SYS_init_module, NULL, 0, NULL)); }
static int do_finit_module(void) { TRY(syscall(SYS_finit_module, -1, "", 0)); }
static int do_kexec(void) { TRY(syscall(SYS_kexec_load, 0, 0xffff, NULL, ~0UL)); }
static int do_chroot(void) { TRY(chroot("/nowhere")); }
static int do_pivot(void) { TRY(syscall(SYS_pivot_root, "/nowhere", "/nowhere")); }
static int do_kill(void) { TRY(kill(atoi(argument), 0)); }
static int do_shm(void) { TRY(shmget(atoi(argument), 0, 0)); }
static int do_shm_make(void) { TRY(shmget(atoi(argument), 64, IPC_CREAT | 0666)); }
static int do_shm_remove(void) { TRY(shmctl(shmget(atoi(argument), 0, 0), IPC_RMID, NULL)); }
static int do_directory_fd(void) { for (int fd = 3; fd < 64; fd++) { struct stat s; if (fstat(fd, &s) == 0 && S_ISDIR(s.st_mode)) return 0; } return ENOENT; }
static int do_self_exe(void) { return do_open("/proc/self/exe", O_WRONLY); }
static int do_init_exe(void) { return do_open("/proc/1/exe", O_WRONLY); }
static int do_remount(void) { TRY(mount(NULL, "/nowhere", NULL, MS_REMOUNT | MS_BIND, NULL)); }
static int do_clock(void) { TRY(syscall(SYS_clock_settime, CLOCK_REALTIME, NULL)); }
static int do_hostname(void) { TRY(syscall(SYS_sethostname, "x", -1)); }
static int do_reboot(void) { TRY(syscall(SYS_reboot, 0, 0, 0, NULL)); }
static int do_clone_userns(void) { long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); if (pid == 0) _exit(0); TRY(pid); }
static int do_clone3(void) { unsigned long a[11] = {0x10000000UL, 0, 0, 0, SIGCHLD}; long pid = syscall(SYS_clone3, a, 64); if (pid == 0) _exit(0); TRY(pid); }
static int do_fork(void) { long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); if (pid == 0) _exit(0); TRY(pid); }
static int do_open_tree(void) { TRY(syscall(428, AT_FDCWD, "/nowhere", 0)); }
static int do_mount_setattr(void) { TRY(syscall(442, -1, "", 0, NULL, 0)); }
static int do_pidfd_getfd(void) { TRY(syscall(438, -1, 0, 0)); }
static int do_priority(void) { TRY(setpriority(PRIO_PROCESS, 0, -10)); }
static int do_setuid(void) { TRY(setuid(getuid())); }
static int do_write(void) { return do_open(argument, O_WRONLY | O_CREAT); }
static int do_shell(void) { return do_open("/bin/sh", O_RDONLY); }
static int do_dev_write(void) { int refused = do_open("/dev/shm/attack", O_WRONLY | O_CREAT); unlink("/dev/shm/attack"); return refused; }
static int do_inotify(void) { TRY(syscall(SYS_inotify_init1, 0)); }
static int do_unknown(void) { TRY(syscall(5000)); }
#if defined(__x86_64__)
static int do_i386(void) { long r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory"); return r > 0 ? 0 : (int)-r; }
static int do_x32(void) { TRY(syscall(0x40000000 + 39)); }
#endif

static const struct { const char *name; int (*run)(void); } ATTACKS[] = {
#define A(name) {#name, do_##name},
  A(mount) A(umount) A(userns) A(ptrace) A(vm_read) A(proc_root) A(shadow) A(passwd) A(sysrq) A(core_pattern) A(sysctl)
  A(kmsg) A(disk) A(mknod) A(keyring) A(join_keyring) A(tiocsti) A(io_uring) A(memfd) A(execveat) A(vsock) A(alg)
  A(packet) A(netlink) A(raw) A(udp) A(tcp) A(abstract) A(bridge) A(listen) A(unix_datagram) A(socketpair) A(unlink)
  A(rename) A(symlink) A(setns) A(handle) A(bpf) A(perf) A(userfaultfd) A(init_module) A(finit_module) A(kexec)
  A(chroot) A(pivot) A(kill) A(shm) A(shm_make) A(shm_remove) A(directory_fd) A(self_exe) A(init_exe) A(remount) A(clock) A(hostname) A(reboot)
  A(clone_userns) A(clone3) A(fork) A(open_tree) A(mount_setattr) A(pidfd_getfd) A(priority) A(setuid)
  A(write) A(shell) A(dev_write) A(inotify) A(unknown)
#if defined(__x86_64__)
  A(i386) A(x32)
#endif
};

int main(int argc, char **argv) {
  argument = argc > 2 ? argv[2] : NULL;
  // The supervisor looks at the program from outside before it counts as started.
  usleep(60000);
  for (size_t i = 0; i < sizeof ATTACKS / sizeof *ATTACKS; i++) {
    if (argc < 2 || strcmp(ATTACKS[i].name, argv[1]) != 0) continue;
    int refused = ATTACKS[i].run();
    if (refused == 0) printf("open\n"); else printf("errno %d\n", refused);
    fflush(stdout);
    return 0;
  }
  return 2;
}
