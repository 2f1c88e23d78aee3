import test from 'ava';
import {
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  EINTR,
  EINVAL,
  SIGALRM,
  TIMER_ABSTIME,
} from 'sys-indirect/uapi';
import { type Libc, MisuseError } from '../../index.js';
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
