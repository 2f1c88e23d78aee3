#include "twin.h"

static int p[2], tid, word;

static int thread(void *arg) {
  char buf[4];
  S(read, p[0], buf, 4);
  S(gettid);
  word = 1;
  S(futex, &word, FUTEX_WAKE_PRIVATE, 1);
  S(nanosleep, &(struct timespec){0, 30000000}, NULL);
  S(exit, 5);
  return 0;
}

int main(void) {
  BEGIN();
  S(pipe, p);
  static char stack[65536];
  clone(thread, stack + 65536,
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID |
            CLONE_CHILD_CLEARTID,
        NULL, &tid, NULL, &tid);
  S(nanosleep, &(struct timespec){0, 30000000}, NULL);
  S(write, p[1], "go", 2);
  S(futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL);
  S(nanosleep, &(struct timespec){0, 60000000}, NULL);
  S(futex, &tid, FUTEX_WAKE, 1);
  END(0);
}
