#include "twin.h"

static int p[2];
static void nothing(int sig) {}
static void feed(int sig) { S(write, p[1], "y", 1); }

static void on_alarm(void (*handler)(int), int flags) {
  struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};
  sigaddset(&sa.sa_mask, SIGINT);
  sigaction(SIGALRM, &sa, NULL);
}

static void soon(void) {
  struct itimerval iv = {{0, 0}, {0, 60000}};
  S(setitimer, ITIMER_REAL, &iv, NULL);
}

int main(void) {
  BEGIN();
  unsigned long set = 1 << (SIGUSR1 - 1) | 1ul << (SIGRTMIN + 3 - 1), old = 0;
  char buf[8];
  on_alarm(nothing, SA_RESTART);
  S(rt_sigaction, SIGALRM, NULL, NULL, 8);
  S(rt_sigaction, SIGKILL, NULL, NULL, 4);
  soon();
  S(pause);
  S(pipe, p);
  soon();
  S(poll, NULL, 0, 1000);
  soon();
  S(select, 0, NULL, NULL, NULL, NULL);
  int ep = S(epoll_create1, 0);
  struct epoll_event ev;
  soon();
  S(epoll_wait, ep, &ev, 1, -1);
  soon();
  S(nanosleep, &(struct timespec){1, 0}, NULL);
  on_alarm(feed, SA_RESTART);
  soon();
  S(read, p[0], buf, 1);
  on_alarm(feed, 0);
  soon();
  S(read, p[0], buf, 1);
  S(read, p[0], buf, 1);
  S(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
  S(rt_sigprocmask, SIG_SETMASK, NULL, &old, 8);
  S(rt_sigprocmask, 9, &set, NULL, 8);
  S(rt_sigprocmask, SIG_SETMASK, NULL, 16, 8);
  int pid = S(getpid);
  S(kill, pid, SIGUSR1);
  S(rt_sigpending, &old, 8);
  siginfo_t si;
  S(rt_sigtimedwait, &set, &si, NULL, 8);
  S(rt_sigtimedwait, &set, &si, &(struct timespec){0, 1000}, 8);
  S(rt_sigtimedwait, &set, NULL, &(struct timespec){0, 1000}, 8);
  S(kill, pid, SIGCHLD);
  S(kill, pid, SIGURG);
  S(tgkill, pid, pid, SIGCONT);
  signal(SIGPIPE, SIG_IGN);
  S(tkill, pid, SIGPIPE);
  siginfo_t q = {0};
  q.si_signo = SIGCHLD;
  q.si_code = SI_QUEUE;
  q.si_pid = pid;
  q.si_value.sival_int = 5;
  S(rt_sigqueueinfo, pid, SIGCHLD, &q);
  on_alarm(nothing, SA_SIGINFO | SA_NODEFER);
  soon();
  old = ~0ul & ~(1ul << (SIGALRM - 1));
  S(rt_sigsuspend, &old, 8);
  S(kill, pid, SIGTERM);
  END(0);
}
