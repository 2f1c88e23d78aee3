#include "twin.h"

/* Tasks that wait for each other, and calls that a signal without a handler interrupts. */
static void nap(int ms) { S(nanosleep, &(struct timespec){0, ms * 1000000}, NULL); }

int main(void) {
  BEGIN();
  int p[2], q[2], ws = 0;
  char buf[8] = {0};
  S(pipe, p);
  S(pipe, q);
  int pid = S(clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    nap(30);
    S(write, p[1], "x", 1);
    S(read, q[0], buf, 8);
    nap(30);
    END(0);
  }
  S(read, p[0], buf, 8);
  nap(30);
  S(write, q[1], "abc", 3);
  S(poll, NULL, 0, 90);
  S(wait4, pid, &ws, 0, NULL);
  pid = S(clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    nap(30);
    S(pause);
  }
  nap(60);
  S(kill, pid, SIGKILL);
  S(wait4, pid, &ws, 0, NULL);
  pid = S(clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    nap(30);
    END(1);
  }
  S(ppoll, NULL, 0, &(struct timespec){0, 200000000}, NULL, 8);
  S(wait4, pid, &ws, 0, NULL);
  int s = S(socket, AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un un = {AF_UNIX, "\0twin-interleave"};
  S(bind, s, &un, 18);
  S(listen, s, 1);
  pid = S(clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    nap(30);
    int c = S(socket, AF_UNIX, SOCK_STREAM, 0);
    S(connect, c, &un, 18);
    nap(30);
    END(1);
  }
  socklen_t len = sizeof un;
  struct sockaddr_un from = {0};
  S(accept4, s, &from, &len, SOCK_CLOEXEC);
  S(wait4, pid, &ws, 0, NULL);
  END(0);
}
