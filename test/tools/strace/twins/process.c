#include "twin.h"

int main(void) {
  BEGIN();
  int ws = 0;
  siginfo_t si = {0};
  struct rusage ru = {0};
  int pid = S(clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    S(nanosleep, &(struct timespec){0, 30000000}, NULL);
    S(close, 99);
    END(7);
  }
  S(wait4, pid, &ws, 0, NULL);
  S(wait4, -1, &ws, WNOHANG | WUNTRACED, &ru);
  pid = S(clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    S(nanosleep, &(struct timespec){0, 30000000}, NULL);
    int self = S(getpid);
    S(kill, self, SIGKILL);
  }
  S(waitid, P_PID, pid, &si, WEXITED | WNOWAIT, NULL);
  S(wait4, -1, &ws, 0, &ru);
  S(waitid, P_ALL, 0, &si, WNOHANG | WEXITED, NULL);
  pid = S(clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    S(nanosleep, &(struct timespec){0, 30000000}, NULL);
    S(pause);
  }
  S(nanosleep, &(struct timespec){0, 60000000}, NULL);
  S(kill, pid, SIGTERM);
  S(wait4, pid, &ws, 0, NULL);
  S(execve, "/nonexist", ((char *[]){"a", "b c", 0}), ((char *[]){"X=1", "Y=2", 0}));
  S(execve, "/nonexist", ((char *[]){"a", 0}), ((char *[]){"X=1", 0}));
  S(execveat, AT_FDCWD, "/nonexist", ((char *[]){"a", 0}), NULL, 0);
  S(execve, NULL, NULL, NULL);
  S(getpid);
  S(gettid);
  S(getuid);
  S(geteuid);
  S(getgid);
  S(getegid);
  S(setpgid, 0, -1);
  S(getpgid, -1);
  S(getsid, -1);
  S(kill, 0, 0);
  S(kill, 1, 77);
  S(setuid, -1);
  S(setresuid, -1, 0, -1);
  S(setreuid, -1, 0);
  S(setgid, 0);
  S(setgroups, 2, ((int[]){1, 2}));
  int list[4] = {0};
  S(getgroups, 4, list);
  S(getgroups, 0, NULL);
  S(setgroups, 1, 16);
  int a, b, c;
  S(getresuid, &a, &b, &c);
  S(getresgid, &a, &b, 16);
  char name[16] = {0};
  S(prctl, PR_SET_NAME, "abc");
  S(prctl, PR_GET_NAME, name);
  S(prctl, PR_SET_PDEATHSIG, SIGTERM);
  S(prctl, PR_GET_PDEATHSIG, &a);
  S(prctl, PR_SET_CHILD_SUBREAPER, 1);
  S(prctl, PR_GET_CHILD_SUBREAPER, &a);
  struct rlimit rl = {3 * 1024, 20000};
  S(prlimit64, 0, RLIMIT_NOFILE, &rl, NULL);
  S(prlimit64, 0, RLIMIT_NOFILE, NULL, &rl);
  S(getrlimit, RLIMIT_NOFILE, &rl);
  S(getrlimit, 99, &rl);
  rl.rlim_cur = 1024;
  rl.rlim_max = 8192 * 1024;
  S(setrlimit, RLIMIT_STACK, &rl);
  S(getrlimit, RLIMIT_STACK, &rl);
  S(getrusage, RUSAGE_SELF, &ru);
  S(getrusage, 7, &ru);
  S(unshare, CLONE_FILES);
  S(unshare, CLONE_VM);
  S(pidfd_getfd, 3, 4, 0);
  S(pidfd_send_signal, 3, 0, NULL, 0);
  S(set_tid_address, &a);
  S(alarm, 5);
  S(alarm, 0);
  struct itimerval iv = {{0, 0}, {100, 0}};
  S(setitimer, ITIMER_REAL, &iv, NULL);
  iv.it_value.tv_sec = 0;
  S(setitimer, ITIMER_REAL, &iv, NULL);
  S(getitimer, ITIMER_REAL, &iv);
  S(getitimer, 9, &iv);
  syscall(501, 1, 2, 0, 0, 0, 0);
  END(300);
}
