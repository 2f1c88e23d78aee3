/** Timers of timer_create. The answers were seen on Linux 6.18. */
import test from 'ava';
import {
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  SIGALRM,
  SIGEV_NONE,
  SIGEV_SIGNAL,
  SIGEV_THREAD_ID,
  SIGWINCH,
  SIG_BLOCK,
  SI_TIMER,
  TIMER_ABSTIME,
} from 'sys-indirect/uapi';
import type { Itimerspec, Libc, SigInfoT, ThrowingLibc } from '../../index.js';
import { type Fact, answers, outcome, thread } from '../facts.js';
import { boot_for } from '../helpers.js';

const ms = (n: number): { tv_sec: number; tv_nsec: number } => ({
  tv_sec: Math.floor(n / 1e3),
  tv_nsec: (n % 1e3) * 1e6,
});
const spec = (value: number, interval = 0): Itimerspec => ({ it_value: ms(value), it_interval: ms(interval) });
const RT = { sigev_notify: SIGEV_SIGNAL, sigev_signo: 34, sigev_value: 5 };

async function create(
  ok: ThrowingLibc,
  clock = CLOCK_MONOTONIC,
  sev: Parameters<Libc['timer_create']>[1] = RT,
): Promise<number> {
  const id: { value?: number } = {};
  await ok.timer_create(clock, sev, id);
  return id.value!;
}

/** The signal that waits, without sleeping; -1: none. */
async function poll_signal(libc: Libc, info: Partial<SigInfoT> = {}, sigs: readonly number[] = [34]): Promise<number> {
  return libc.sigtimedwait(sigs, info, ms(0));
}

test(
  'timer_create: what it refuses',
  answers,
  async (libc) => {
    const of = async (clock: number, sev: Parameters<Libc['timer_create']>[1]): Promise<unknown> =>
      outcome(libc, await libc.timer_create(clock, sev, {}));
    return [
      await of(55, null),
      await of(CLOCK_MONOTONIC, { ...RT, sigev_notify: 9 }),
      await of(CLOCK_MONOTONIC, { ...RT, sigev_signo: 65 }),
      await of(CLOCK_MONOTONIC, { ...RT, sigev_notify: SIGEV_THREAD_ID, sigev_notify_thread_id: 1 }),
      outcome(libc, await libc.syscall(222, CLOCK_MONOTONIC, 0, 0)),
      outcome(libc, await libc.syscall(222, 55, 8, 0)),
    ];
  },
  ['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EFAULT', 'EFAULT'],
);
test(
  'clocks that cannot be waited for have no timers',
  answers,
  async (libc) => {
    const got = [];
    for (const clock of [4, 5, 6]) got.push(outcome(libc, await libc.timer_create(clock, null, {})));
    return got;
  },
  (release) => (release.name === '6.18' ? ['EOPNOTSUPP', 'EOPNOTSUPP', 'EOPNOTSUPP'] : undefined),
);

const refuses =
  (call: (l: Libc, id: number) => Promise<number>): Fact =>
  async (libc, ok) =>
    call(libc, await create(ok));
test(
  'timer_settime of nothing',
  answers,
  refuses((l, id) => l.timer_settime(id, 0, null)),
  'EINVAL',
);
test(
  'timer_settime: no such timer',
  answers,
  refuses((l) => l.timer_settime(77, 0, spec(1))),
  'EINVAL',
);
test(
  'timer_settime: no time',
  answers,
  refuses((l, id) => l.timer_settime(id, 0, { ...spec(1), it_value: { tv_sec: 0, tv_nsec: 1e9 } })),
  'EINVAL',
);
test(
  'timer_gettime into nothing',
  answers,
  refuses((l, id) => l.timer_gettime(id, null)),
  'EFAULT',
);
test(
  'timer_gettime: no such timer',
  answers,
  refuses((l) => l.timer_gettime(77, {})),
  'EINVAL',
);
test(
  'timer_getoverrun: no such timer',
  answers,
  refuses((l) => l.timer_getoverrun(77)),
  'EINVAL',
);
test(
  'timer_delete: no such timer',
  answers,
  refuses((l) => l.timer_delete(77)),
  'EINVAL',
);

test(
  'a signal stands for all expirations until it is taken',
  answers,
  async (libc, ok) => {
    await ok.sigprocmask(SIG_BLOCK, [34]);
    await create(ok);
    const id = await create(ok);
    await ok.timer_settime(id, 0, spec(10, 10));
    await ok.usleep(55_000);
    const info: Partial<SigInfoT> = {};
    const sig = await libc.sigwaitinfo([34], info);
    const got = [sig, info.si_code, info.si_pid === id, info.si_uid, info.si_value, await libc.timer_getoverrun(id)];
    const again = await poll_signal(libc);
    await ok.usleep(6_000);
    return [...got, again, await poll_signal(libc)];
  },
  [34, SI_TIMER, true, 4, 5, 4, -1, 34],
);
test(
  'who stops or deletes a timer hears no more of it, and the next one has a number of its own',
  answers,
  async (libc, ok) => {
    await ok.sigprocmask(SIG_BLOCK, [34]);
    const id = await create(ok);
    await ok.timer_settime(id, 0, spec(10, 10));
    await ok.usleep(15_000);
    const old: Partial<Itimerspec> = {};
    await ok.timer_settime(id, 0, spec(0), old);
    const got: unknown[] = [await poll_signal(libc), old.it_interval, old.it_value!.tv_nsec <= 1e7];
    await ok.timer_settime(id, 0, spec(10, 10));
    await ok.usleep(15_000);
    await ok.timer_delete(id);
    got.push(await poll_signal(libc), outcome(libc, await libc.timer_delete(id)), (await create(ok)) - id);
    return got;
  },
  [-1, ms(10), true, -1, 'EINVAL', 1],
);
test(
  'a moment that is over comes at once, and nothing is left then',
  answers,
  async (libc, ok) => {
    await ok.sigprocmask(SIG_BLOCK, [34]);
    const id = await create(ok, CLOCK_REALTIME);
    await ok.timer_settime(id, TIMER_ABSTIME, spec(1000));
    const left: Partial<Itimerspec> = {};
    const sig = await libc.sigtimedwait([34], null, ms(1000));
    await ok.timer_gettime(id, left);
    return [sig, left];
  },
  [34, spec(0)],
);
test(
  'a moment of the date moves with the date',
  answers,
  async (libc, ok) => {
    await ok.sigprocmask(SIG_BLOCK, [34]);
    const id = await create(ok, CLOCK_REALTIME);
    const date = await ok.time();
    await ok.timer_settime(id, TIMER_ABSTIME, spec((date + 1000) * 1000));
    await ok.clock_settime(CLOCK_REALTIME, { tv_sec: date + 990, tv_nsec: 0 });
    const left: Partial<Itimerspec> = {};
    await ok.timer_gettime(id, left);
    const sig = await libc.sigtimedwait([34], null, ms(20_000));
    return [left.it_value!.tv_sec, sig, (await ok.time()) - date];
  },
  [9, 34, 1000],
);
test(
  'SIGEV_NONE only counts down; by default SIGALRM carries the number of the timer',
  answers,
  async (libc, ok) => {
    await ok.sigprocmask(SIG_BLOCK, [SIGALRM]);
    const none = await create(ok, CLOCK_MONOTONIC, { sigev_notify: SIGEV_NONE });
    await ok.timer_settime(none, 0, spec(10_000));
    const alrm = await create(ok, CLOCK_MONOTONIC, null);
    await ok.timer_settime(alrm, 0, spec(1));
    const info: Partial<SigInfoT> = {};
    const sig = await libc.sigwaitinfo([SIGALRM], info);
    const left: Partial<Itimerspec> = {};
    await ok.timer_gettime(none, left);
    return [sig, info.si_value === alrm, left.it_value!.tv_sec];
  },
  [SIGALRM, true, 9],
);
test(
  'SIGEV_THREAD_ID: that thread, and no other',
  answers,
  async (libc, ok) => {
    await ok.sigprocmask(SIG_BLOCK, [34]);
    const join = await thread(libc, async (own, own_ok) => {
      const sev = { ...RT, sigev_notify: SIGEV_THREAD_ID, sigev_notify_thread_id: await own.gettid() };
      await own_ok.timer_settime(await create(own_ok, CLOCK_MONOTONIC, sev), 0, spec(10));
      await own_ok.usleep(20_000);
      return poll_signal(own);
    });
    await ok.usleep(15_000);
    return [await poll_signal(libc), await join()];
  },
  [-1, 34],
);
test(
  'a signal that is ignored is not sent, and the timer goes on',
  answers,
  async (libc, ok) => {
    const id = await create(ok, CLOCK_MONOTONIC, { ...RT, sigev_signo: SIGWINCH });
    await ok.timer_settime(id, 0, spec(10, 10));
    await ok.usleep(35_000);
    let caught = 0;
    await ok.signal(SIGWINCH, () => caught++);
    await libc.pause();
    return caught;
  },
  1,
);
test(
  'a child of fork has none',
  answers,
  async (libc, ok) => {
    const id = await create(ok);
    const pid = await ok.fork(async (child) => ((await child.timer_settime(id, 0, spec(1))) === -1 ? child.errno : 0));
    const st: { value?: number } = {};
    await ok.waitpid(pid, st);
    return [st.value! >> 8, await libc.timer_delete(id)];
  },
  [22, 0],
);
test('a new program has none, and nothing is left of them', async (t) => {
  const kernel = boot_for(t);
  kernel.install('/bin/next', async (libc) => {
    const got = outcome(libc, await libc.timer_gettime(0, {}));
    await libc.sleep(5);
    return got === 'EINVAL' ? 0 : 1;
  });
  const status = await kernel.run(async (libc, _argv, _env) => {
    const id: { value?: number } = {};
    await libc.timer_create(CLOCK_MONOTONIC, RT, id);
    await libc.timer_settime(id.value!, 0, spec(1000, 1000));
    await libc.execv('/bin/next', ['next']);
  });
  t.is(status, 0);
});
test('a timer that nobody hears is no reason to go on for ever', async (t) => {
  const kernel = boot_for(t);
  await t.throwsAsync(
    kernel.run(async (libc) => {
      await libc.sigprocmask(SIG_BLOCK, [34]);
      const id: { value?: number } = {};
      await libc.timer_create(CLOCK_MONOTONIC, RT, id);
      await libc.timer_settime(id.value!, 0, spec(1, 1));
      await libc.pause();
    }),
    { message: /dead lock/ },
  );
});
