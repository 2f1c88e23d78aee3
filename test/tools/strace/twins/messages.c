#include "twin.h"

int main(void) {
  BEGIN();
  int sv[2];
  S(socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sv);
  union {
    char room[64];
    struct cmsghdr align;
  } out = {0}, in = {0};
  char buf[10] = {0};
  struct iovec v = {"k", 1}, to = {buf, 10};
  struct sockaddr_un un = {0};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = out.room, .msg_controllen = CMSG_SPACE(8)};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(8);
  ((int *)CMSG_DATA(c))[0] = 0;
  ((int *)CMSG_DATA(c))[1] = 1;
  S(sendmsg, sv[0], &m, MSG_NOSIGNAL);
  struct msghdr r = {&un, sizeof un, &to, 1, in.room, CMSG_SPACE(8), 0};
  S(recvmsg, sv[1], &r, MSG_CMSG_CLOEXEC);
  S(recvmsg, sv[1], &r, MSG_DONTWAIT);
  m.msg_control = NULL;
  m.msg_controllen = 0;
  S(sendmsg, sv[0], &m, 0);
  S(sendmsg, 99, &m, 0);
  S(sendmsg, sv[0], NULL, 0);
  struct msghdr small = {NULL, 0, &to, 1, in.room, 0, 0};
  S(recvmsg, sv[1], &small, 0);
  struct mmsghdr mm[2] = {{m}, {m}};
  S(sendmmsg, sv[0], mm, 2, 0);
  struct mmsghdr rr[2] = {{small}, {small}};
  S(recvmmsg, sv[1], rr, 2, 0, NULL);
  S(recvmmsg, sv[1], rr, 2, MSG_DONTWAIT, NULL);
  S(sendto, sv[0], "long string that does not fit into it", 37, 0, NULL, 0);
  S(recvmsg, sv[1], &small, MSG_TRUNC);
  S(writev, sv[0], &v, 1);
  S(readv, sv[1], &to, 1);
  END(0);
}
