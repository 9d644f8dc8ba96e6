// What an agent's program may want, and what it may not: ./tool WHAT [ARGUMENT...]. Prints `open` or `errno N`.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int say(int answer) {
  if (answer < 0) printf("errno %d\n", errno);
  else puts("open");
  return 0;
}

static int ping(const char *path) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  strncpy(at.sun_path, path, sizeof at.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0) return say(-1);
  const char *word = "{\"type\":\"ping\"}\n";
  if (write(fd, word, strlen(word)) < 0) return say(-1);
  char answer[256];
  ssize_t length = read(fd, answer, sizeof answer);
  return fwrite(answer, 1, length > 0 ? length : 0, stdout) ? 0 : 1;
}

static int tcp(int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  return say(fd < 0 ? fd : connect(fd, (struct sockaddr *)&at, sizeof at));
}

// Two programs of its own meet on its own loopback.
static int loopback(void) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  int server = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr *)&at, sizeof at) < 0 || listen(server, 1) < 0) return say(-1);
  getsockname(server, (struct sockaddr *)&at, &length);
  if (fork() == 0) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 && write(fd, "hello", 5) == 5) _exit(0);
    _exit(1);
  }
  char word[6] = {0};
  int fd = accept(server, NULL, NULL);
  if (read(fd, word, 5) < 0) return say(-1);
  puts(word);
  return 0;
}

static int eat(int mebibytes) {
  for (int i = 0; i < mebibytes; i++) memset(malloc(1 << 20), i + 1, 1 << 20);
  puts("eaten");
  return 0;
}

static int bomb(void) {
  for (int number = 1; number < 32; number++) signal(number, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);
  puts("up");
  fflush(stdout);
  for (;;)
    if (fork() < 0) usleep(10000);
}

// How many children can live at a time; each holds its end of a pipe until it is counted.
static int children(int wanted) {
  int made = 0, hold[2];
  if (pipe(hold) < 0) return say(-1);
  while (made < wanted) {
    int pid = fork();
    if (pid < 0) break;
    if (pid == 0) { close(hold[1]); char c; _exit(read(hold[0], &c, 1) < 0); }
    made++;
  }
  printf("%d\n", made);
  return 0;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  const char *one = argc > 2 ? argv[2] : "0";
  if (!strcmp(what, "ping")) return ping(one);
  if (!strcmp(what, "tcp")) return tcp(atoi(one));
  if (!strcmp(what, "loopback")) return loopback();
  if (!strcmp(what, "socket")) return say(socket(atoi(one), atoi(argv[3]), 0));
  if (!strcmp(what, "eat")) return eat(atoi(one));
  if (!strcmp(what, "bomb")) return bomb();
  if (!strcmp(what, "children")) return children(atoi(one));
  if (!strcmp(what, "uid")) return printf("%d %d\n", getuid(), geteuid()) < 0;
  if (!strcmp(what, "become-root")) return say(setuid(0));
  if (!strcmp(what, "type-into-terminal")) return say(ioctl(0, TIOCSTI, "x"));
  if (!strcmp(what, "create")) {
    for (int i = 2; i < argc; i++) {
      int fd = open(argv[i], O_WRONLY | O_CREAT, 0600);
      printf("%s %s\n", argv[i], fd < 0 ? "refused" : "made");
    }
    return 0;
  }
  if (!strcmp(what, "sleep")) { puts("up"); fflush(stdout); for (;;) pause(); }
  return 2;
}
