// Writes the seccomp filter that is in force in process PID, as the kernel holds it: ./read-filter PID
#include <stdio.h>
#include <stdlib.h>
#include <linux/filter.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif

int main(int argc, char **argv) {
  static struct sock_filter program[8192];
  int pid = argc > 1 ? atoi(argv[1]) : 0;
  if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0) { perror("attach"); return 1; }
  waitpid(pid, NULL, 0);
  long length = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, 0, program);
  ptrace(PTRACE_DETACH, pid, 0, 0);
  if (length < 0) { perror("read"); return 1; }
  fwrite(program, sizeof *program, length, stdout);
  return 0;
}
