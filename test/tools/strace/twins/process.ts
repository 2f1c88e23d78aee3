import type { Libc } from '../../../../index.js';
import * as u from '../../../../kernel-mock/include/uapi/index.js';
import { type Syscall, ints, longs, raw, str, twin, zeros } from './twin.js';

const NAP = longs(0, 30000000);

/** A child that sleeps first, so that the parent waits already. */
const child =
  (body: (S: Syscall) => Promise<unknown>) =>
  async (libc: Libc): Promise<number> => {
    const S = raw(libc);
    await S('nanosleep', NAP, null);
    await body(S);
    return 0;
  };

export default twin(async (S, libc) => {
  const at = (bytes: Uint8Array): number => libc.cpu.memory.map(bytes);
  const vector = (...words: readonly string[]): Uint8Array => longs(...words.map((word) => at(str(word))), 0);
  const ws = zeros(4);
  const si = zeros(128);
  const ru = zeros(144);
  let pid = await libc.fork(
    child(async (S) => {
      await S('close', 99);
      await S('exit_group', 7);
    }),
  );
  await S('wait4', pid, ws, 0, null);
  await S('wait4', -1, ws, u.WNOHANG | u.WUNTRACED, ru);
  pid = await libc.fork(child(async (S) => S('kill', await S('getpid'), u.SIGKILL)));
  await S('waitid', u.P_PID, pid, si, u.WEXITED | u.WNOWAIT, null);
  await S('wait4', -1, ws, 0, ru);
  await S('waitid', u.P_ALL, 0, si, u.WNOHANG | u.WEXITED, null);
  pid = await libc.fork(child((S) => S('pause')));
  await S('nanosleep', longs(0, 60000000), null);
  await S('kill', pid, u.SIGTERM);
  await S('wait4', pid, ws, 0, null);
  await S('execve', str('/nonexist'), vector('a', 'b c'), vector('X=1', 'Y=2'));
  await S('execve', str('/nonexist'), vector('a'), vector('X=1'));
  await S('execveat', u.AT_FDCWD, str('/nonexist'), vector('a'), null, 0);
  await S('execve', null, null, null);
  for (const name of ['getpid', 'gettid', 'getuid', 'geteuid', 'getgid', 'getegid'] as const) await S(name);
  await S('setpgid', 0, -1);
  await S('getpgid', -1);
  await S('getsid', -1);
  await S('kill', 0, 0);
  await S('kill', 1, 77);
  await S('setuid', -1);
  await S('setresuid', -1, 0, -1);
  await S('setreuid', -1, 0);
  await S('setgid', 0);
  await S('setgroups', 2, ints(1, 2));
  await S('getgroups', 4, ints(0, 0, 0, 0));
  await S('getgroups', 0, null);
  await S('setgroups', 1, 16);
  await S('getresuid', ints(0), ints(0), ints(0));
  await S('getresgid', ints(0), ints(0), 16);
  await S('prctl', u.PR_SET_NAME, str('abc'));
  await S('prctl', u.PR_GET_NAME, zeros(16));
  await S('prctl', u.PR_SET_PDEATHSIG, u.SIGTERM);
  await S('prctl', u.PR_GET_PDEATHSIG, ints(0));
  await S('prctl', u.PR_SET_CHILD_SUBREAPER, 1);
  await S('prctl', u.PR_GET_CHILD_SUBREAPER, ints(0));
  await S('prlimit64', 0, u.RLIMIT_NOFILE, longs(3 * 1024, 20000), null);
  await S('prlimit64', 0, u.RLIMIT_NOFILE, null, longs(0, 0));
  await S('getrlimit', u.RLIMIT_NOFILE, longs(0, 0));
  await S('getrlimit', 99, longs(0, 0));
  await S('setrlimit', u.RLIMIT_STACK, longs(1024, 8192 * 1024));
  await S('getrlimit', u.RLIMIT_STACK, longs(0, 0));
  await S('getrusage', u.RUSAGE_SELF, ru);
  await S('getrusage', 7, ru);
  await S('unshare', u.CLONE_FILES);
  await S('unshare', u.CLONE_VM);
  await S('pidfd_getfd', 3, 4, 0);
  await S('pidfd_send_signal', 3, 0, null, 0);
  await S('set_tid_address', at(ints(0)));
  await S('alarm', 5);
  await S('alarm', 0);
  await S('setitimer', u.ITIMER_REAL, longs(0, 0, 100, 0), null);
  await S('setitimer', u.ITIMER_REAL, longs(0, 0, 0, 0), null);
  await S('getitimer', u.ITIMER_REAL, zeros(32));
  await S('getitimer', 9, zeros(32));
  await libc.syscall(501, 1, 2, 0, 0, 0, 0);
  return 300;
});
