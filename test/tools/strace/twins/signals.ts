import { address_of } from '../../../../libc/internal/handlers.js';
import * as u from '../../../../kernel-mock/include/uapi/index.js';
import { int_at, longs, mem, struct, twin, zeros } from './twin.js';

/** Where glibc's code for the end of a handler would be. */
const RESTORER = 0x7f0000001000;

export default twin(async (S, libc) => {
  const p = zeros(8);
  const nothing = (): void => {};
  const feed = async (): Promise<void> => {
    await S('write', int_at(p, 4), mem('y'), 1);
  };
  const on_alarm = async (handler: () => void | Promise<void>, flags: number): Promise<void> => {
    const [address, int] = [address_of(libc.process, handler), 1 << (u.SIGINT - 1)];
    await S('rt_sigaction', u.SIGALRM, longs(address, flags | u.SA_RESTORER, RESTORER, int), null, 8);
  };
  const soon = async (): Promise<void> => {
    await S('setitimer', u.ITIMER_REAL, longs(0, 0, 0, 60000), null);
  };
  const set = struct([4, 1 << (u.SIGUSR1 - 1)], [4, 1 << 4]);
  const old = zeros(8);
  const buf = zeros(8);
  await on_alarm(nothing, u.SA_RESTART);
  await S('rt_sigaction', u.SIGALRM, null, null, 8);
  await S('rt_sigaction', u.SIGKILL, null, null, 4);
  await soon();
  await S('pause');
  await S('pipe', p);
  const r = int_at(p);
  await soon();
  await S('poll', null, 0, 1000);
  await soon();
  await S('select', 0, null, null, null, null);
  const ep = await S('epoll_create1', 0);
  await soon();
  await S('epoll_wait', ep, zeros(12), 1, -1);
  await soon();
  await S('nanosleep', longs(1, 0), null);
  await on_alarm(feed, u.SA_RESTART);
  await soon();
  await S('read', r, buf, 1);
  await on_alarm(feed, 0);
  await soon();
  await S('read', r, buf, 1);
  await S('read', r, buf, 1);
  await S('rt_sigprocmask', u.SIG_BLOCK, set, null, 8);
  await S('rt_sigprocmask', u.SIG_SETMASK, null, old, 8);
  await S('rt_sigprocmask', 9, set, null, 8);
  await S('rt_sigprocmask', u.SIG_SETMASK, null, 16, 8);
  const pid = await S('getpid');
  await S('kill', pid, u.SIGUSR1);
  await S('rt_sigpending', old, 8);
  await S('rt_sigtimedwait', set, zeros(128), null, 8);
  await S('rt_sigtimedwait', set, zeros(128), longs(0, 1000), 8);
  await S('rt_sigtimedwait', set, null, longs(0, 1000), 8);
  await S('kill', pid, u.SIGCHLD);
  await S('kill', pid, u.SIGURG);
  await S('tgkill', pid, pid, u.SIGCONT);
  const ignore = longs(u.SIG_IGN, u.SA_RESTORER | u.SA_RESTART, RESTORER, 1 << (u.SIGPIPE - 1));
  await S('rt_sigaction', u.SIGPIPE, ignore, zeros(32), 8);
  await S('tkill', pid, u.SIGPIPE);
  const info = struct([4, u.SIGCHLD], [4, 0], [4, u.SI_QUEUE], [4, 0], [4, pid], [4, 0], [8, 5]);
  await S('rt_sigqueueinfo', pid, u.SIGCHLD, Uint8Array.from([...info, ...zeros(96)]));
  await on_alarm(nothing, u.SA_SIGINFO | u.SA_NODEFER);
  await soon();
  await S('rt_sigsuspend', struct([4, ~(1 << (u.SIGALRM - 1))], [4, -1]), 8);
  await S('kill', pid, u.SIGTERM);
  return 0;
});
