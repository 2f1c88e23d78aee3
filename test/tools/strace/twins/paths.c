#include "twin.h"

/* Under -yy: what descriptors refer to. */
int main(void) {
  BEGIN();
  struct sockaddr_in in = {AF_INET, htons(48123), {htonl(INADDR_LOOPBACK)}};
  struct sockaddr_un un = {AF_UNIX, "\0twin-paths"};
  int p[2], one = 1;
  S(pipe2, p, O_CLOEXEC);
  S(eventfd2, 0, 0);
  S(epoll_create1, 0);
  S(inotify_init1, 0);
  S(timerfd_create, CLOCK_MONOTONIC, 0);
  unsigned long set = 0;
  S(signalfd4, -1, &set, 8, 0);
  S(close, p[0]);
  int s = S(socket, AF_INET, SOCK_STREAM, 0);
  S(setsockopt, s, SOL_SOCKET, SO_REUSEADDR, &one, 4);
  S(bind, s, &in, 16);
  S(listen, s, 3);
  S(close, s);
  int v6 = S(socket, AF_INET6, SOCK_DGRAM, 0);
  S(close, v6);
  int u = S(socket, AF_UNIX, SOCK_SEQPACKET, 0);
  S(bind, u, &un, 13);
  S(listen, u, 3);
  S(close, u);
  S(socketpair, AF_UNIX, SOCK_DGRAM, 0, p);
  S(dup, p[0]);
  S(fcntl, p[0], F_DUPFD, 70);
  struct pollfd pf[2] = {{p[0], POLLIN | POLLOUT, 0}, {p[1], POLLIN, 0}};
  S(poll, pf, 2, 0);
  int fd = S(open, "/tmp/twin\"<a>\n", O_RDWR | O_CREAT, 0600);
  S(unlink, "/tmp/twin\"<a>\n");
  S(close, fd);
  fd = S(memfd_create, "mm", 0);
  S(close, fd);
  S(close, 99);
  fd = S(open, "/dev/null", O_RDONLY);
  S(close, fd);
  END(0);
}
