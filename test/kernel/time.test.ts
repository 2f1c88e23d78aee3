import test from 'ava';
import {
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  EINTR,
  EINVAL,
  ITIMER_PROF,
  ITIMER_VIRTUAL,
  RLIMIT_CPU,
  RUSAGE_SELF,
  SIGALRM,
  SIGKILL,
  SIGPROF,
  SIGVTALRM,
  SIGXCPU,
  TIMER_ABSTIME,
} from 'sys-indirect/uapi';
import { type Itimerval, type Libc, MisuseError, type Rusage, type Tms } from '../../index.js';
import { nothing_left, run, boot_for } from '../helpers.js';

async function now(libc: Libc, clock = CLOCK_MONOTONIC): Promise<number> {
  const ts: { tv_sec?: number; tv_nsec?: number } = {};
  await libc.clock_gettime(clock, ts);
  return ts.tv_sec! + ts.tv_nsec! / 1e9;
}

test('a day of sleeping costs nothing', async (t) => {
  await run(t, {}, async (libc) => {
    t.is(await libc.sleep(86_400), 0);
    t.is(Math.floor(await now(libc)), 86_400);
  });
});

test('CLOCK_REALTIME begins at the epoch that was asked for, and can be set', async (t) => {
  await run(t, { epoch: 1_000_000 }, async (libc) => {
    t.is(await libc.time(), 1_000_000);
    t.is(await libc.clock_settime(CLOCK_REALTIME, { tv_sec: 5, tv_nsec: 999_999_999 }), 0);
    await libc.sleep(1);
    t.is(await libc.time(), 6 + 1);
    t.is(await libc.clock_settime(CLOCK_MONOTONIC, { tv_sec: 5, tv_nsec: 0 }), -1);
    t.is(libc.errno, EINVAL);
  });
});

test('clocks of later releases are EINVAL', async (t) => {
  await run(t, { release: '2.6.23' }, async (libc) => {
    t.is(await libc.clock_gettime(CLOCK_MONOTONIC_COARSE, {}), -1);
    t.is(libc.errno, EINVAL);
  });
});

test('an interrupted sleep tells what is left; one to a moment does not', async (t) => {
  await run(t, {}, async (libc) => {
    await libc.signal(SIGALRM, () => {});
    await libc.alarm(2);
    const rem = { tv_sec: 0, tv_nsec: 0 };
    t.is(await libc.nanosleep({ tv_sec: 10, tv_nsec: 0 }, rem), -1);
    t.is(Math.round(rem.tv_sec + rem.tv_nsec / 1e9), 8);
    await libc.alarm(1);
    const until = { tv_sec: 100, tv_nsec: 0 };
    t.is(await libc.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, until, rem), EINTR);
    t.is(await libc.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, until), 0);
    t.is(Math.floor(await now(libc)), 100);
    t.is(await libc.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, until), 0, 'a moment that is over');
  });
});

test('an interval timer goes on; alarm and setitimer are one', async (t) => {
  await run(t, {}, async (libc) => {
    let ticks = 0;
    await libc.signal(SIGALRM, () => ticks++);
    const value = { it_value: { tv_sec: 1, tv_usec: 0 }, it_interval: { tv_sec: 0, tv_usec: 500_000 } };
    await libc.setitimer(0, value);
    while (ticks < 4) await libc.pause();
    t.is(Math.round((await now(libc)) * 10), 25);
    t.is(await libc.alarm(0), 1);
    await libc.sleep(5);
    t.is(ticks, 4);
  });
});

test('processor time is that of the calls, not of the sleep', async (t) => {
  await run(t, {}, async (libc) => {
    await libc.sleep(10);
    const cpu = await now(libc, CLOCK_PROCESS_CPUTIME_ID);
    t.true(cpu > 0 && cpu < 0.1, String(cpu));
  });
});

test("the host's clock, through a hook", async (t) => {
  let host = 5e9;
  const waits: number[] = [];
  const clock = {
    now: () => host,
    wait(ns: number, func: () => void) {
      waits.push(Math.round(ns / 1e9));
      const timer = setImmediate(() => {
        host += ns;
        func();
      });
      return () => {
        clearImmediate(timer);
      };
    },
  };
  const kernel = boot_for(t, { clock });
  const status = await kernel.run(async (libc) => {
    const before = await now(libc);
    await libc.sleep(3);
    t.is(Math.round((await now(libc)) - before), 3);
  });
  t.is(status, 0);
  t.deepEqual(waits, [3]);
  nothing_left(t, kernel);
});

test('the watchdog finds a program that waits for something other than a call', async (t) => {
  const kernel = boot_for(t, {
    output: null,
    watchdog(check) {
      const timer = setInterval(check, 2);
      return () => {
        clearInterval(timer);
      };
    },
  });
  const error = await t.throwsAsync(
    kernel.run(async () => new Promise<number>(() => {})),
    { instanceOf: MisuseError },
  );
  t.regex(error.message, /task 2 .* makes no system call/);
  nothing_left(t, kernel);
  t.is(await kernel.run(async (libc) => libc.sleep(1)), 0);
});

test('an interval timer that wakes nobody is a dead lock', async (t) => {
  const kernel = boot_for(t);
  await t.throwsAsync(
    kernel.run(async (libc) => {
      await libc.sigprocmask(0, [SIGALRM]);
      const second = { tv_sec: 1, tv_usec: 0 };
      await libc.setitimer(0, { it_value: second, it_interval: second });
      await libc.pause();
    }),
    { message: /dead lock/ },
  );
  nothing_left(t, kernel);
});

/** Calls until `done` says so; how many milliseconds that took. */
async function busy(libc: Libc, done: () => boolean): Promise<number> {
  const before = await now(libc);
  while (!done()) await libc.getppid();
  return Math.round(((await now(libc)) - before) * 1e3);
}

for (const [which, signo, ms] of [
  [ITIMER_PROF, SIGPROF, 20],
  [ITIMER_VIRTUAL, SIGVTALRM, 40],
] as const)
  test(`interval timer ${which} counts processor time: a sleep is none of it`, async (t) => {
    await run(t, {}, async (libc) => {
      let fired = 0;
      await libc.signal(signo, () => fired++);
      const tenth = { tv_sec: 0, tv_usec: 10_000 };
      const left: Partial<Itimerval> = {};
      t.is(await libc.setitimer(which, { it_value: tenth, it_interval: tenth }), 0);
      await libc.sleep(100);
      t.is(fired, 0);
      t.is(await libc.getitimer(which, left), 0);
      t.deepEqual(left.it_interval, tenth);
      t.true(left.it_value!.tv_usec > 9_900);
      const took = await busy(libc, () => fired === 2);
      t.true(Math.abs(took - ms) <= 2, `${took} ms`);
      t.is(await libc.setitimer(which, { it_value: { tv_sec: 0, tv_usec: 0 }, it_interval: tenth }, left), 0);
      await busy(libc, () => true);
      t.is(fired, 2);
    });
  });

test('a timer on processor time wakes who sleeps when it is over, and a child of fork has none', async (t) => {
  await run(t, {}, async (libc) => {
    await libc.signal(SIGPROF, () => undefined);
    await libc.setitimer(ITIMER_PROF, { it_value: { tv_sec: 0, tv_usec: 5 }, it_interval: { tv_sec: 0, tv_usec: 0 } });
    await libc.fork(async (child) => {
      const left: Partial<Itimerval> = {};
      await child.getitimer(ITIMER_PROF, left);
      return left.it_value!.tv_usec;
    });
    for (let i = 0; i < 10; i++) await libc.getppid();
    t.is(await libc.pause(), -1);
    const st: { value?: number } = {};
    await libc.wait(st);
    t.is(st.value, 0);
  });
});

test('RLIMIT_CPU: SIGXCPU at the soft limit and after each second, SIGKILL at the hard one; a child inherits it', async (t) => {
  await run(t, {}, async (libc) => {
    let xcpu = 0;
    await libc.setrlimit(RLIMIT_CPU, { rlim_cur: 1, rlim_max: 3 });
    const pid = await libc.fork(async (child) => {
      await child.signal(SIGXCPU, () => xcpu++);
      await busy(child, () => false);
    });
    const st: { value?: number } = {};
    t.is(await libc.waitpid(pid, st), pid);
    t.is(st.value, SIGKILL);
    t.is(xcpu, 2);
  });
});

test("times and getrusage: half of the time of a call is the program's", async (t) => {
  await run(t, {}, async (libc) => {
    await libc.fork(async (child) => {
      for (let i = 0; i < 50_000; i++) await child.getppid();
      return 0;
    });
    await libc.wait();
    for (let i = 0; i < 100_100; i++) await libc.getppid();
    const tms: Partial<Tms> = {};
    await libc.times(tms);
    t.deepEqual(tms, { tms_utime: 5, tms_stime: 5, tms_cutime: 2, tms_cstime: 2 });
    const ru: Partial<Rusage> = {};
    await libc.getrusage(RUSAGE_SELF, ru);
    t.is(Math.round(ru.ru_utime!.tv_usec / 1e3), 50);
    t.is(Math.round(ru.ru_stime!.tv_usec / 1e3), 50);
  });
});
