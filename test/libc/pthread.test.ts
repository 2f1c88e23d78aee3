/** pthread.h. */
import test from 'ava';
import { type Libc, type Policy, type PthreadT, boot } from '../../index.js';
import { EDEADLK, EINVAL, ESRCH, SOCK_STREAM, AF_UNIX } from '../../kernel-mock/include/uapi/index.js';
import { answers, msleep, receive } from '../facts.js';
import { nothing_left, run } from '../helpers.js';

/** A thread that returns `value`. */
async function returning(libc: Libc, value: unknown): Promise<PthreadT> {
  const pt: PthreadT = {};
  await libc.pthread_create(pt, null, async () => value, null);
  return pt;
}

test(
  'create, join: 0 and 0',
  answers,
  async (libc) => {
    const pt: PthreadT = {};
    return [await libc.pthread_create(pt, null, async () => {}, null), await libc.pthread_join(pt)];
  },
  [0, 0],
);

const value = { an: 'object' };
for (const given of [undefined, null, 0, -1, 'text', value, [1]])
  test(`join gives what the routine returned: ${typeof given} ${JSON.stringify(given) ?? ''}`, async (t) => {
    await run(t, {}, async (libc) => {
      const retval: { value?: unknown } = {};
      t.is(await libc.pthread_join(await returning(libc, given), retval), 0);
      t.is(retval.value, given);
    });
  });

test(
  'a routine that is not async',
  answers,
  async (libc) => {
    const pt: PthreadT = {};
    const retval: { value?: unknown } = {};
    await libc.pthread_create(pt, null, (_own: Libc, n: number) => n + 1, 4);
    await libc.pthread_join(pt, retval);
    return retval.value;
  },
  5,
);

test('the argument arrives as it is', async (t) => {
  await run(t, {}, async (libc) => {
    const pt: PthreadT = {};
    await libc.pthread_create(pt, null, async (_own, arg: object) => t.is(arg, value), value);
    await libc.pthread_join(pt);
  });
  t.plan(2);
});

test(
  'numbers: one process, a thread id for each',
  answers,
  async (libc) => {
    const ids = [await libc.gettid()];
    const pts: PthreadT[] = [];
    for (let i = 0; i < 2; i++) {
      const pt: PthreadT = {};
      await libc.pthread_create(pt, null, async (own) => ids.push(await own.gettid(), await own.getpid()), null);
      pts.push(pt);
    }
    for (const pt of pts) await libc.pthread_join(pt);
    return [ids, await libc.getpid()];
  },
  [[2, 3, 2, 4, 2], 2],
);

test(
  'threads share descriptors and memory',
  answers,
  async (libc, ok) => {
    const sv: number[] = [];
    const pt: PthreadT = {};
    const buf = new Uint8Array(2);
    const at = libc.map(buf);
    await ok.pthread_create(
      pt,
      null,
      async (own: Libc) => {
        await own.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
        await own.write(sv[0]!, 'hi');
        return own.syscall(0, sv[1]!, at, 2);
      },
      null,
    );
    await ok.pthread_join(pt);
    libc.unmap(at);
    return [sv, [...buf], await libc.write(sv[0]!, 'x')];
  },
  [[3, 4], [104, 105], 1],
);

test(
  'join after the end',
  answers,
  async (libc) => {
    const pt = await returning(libc, 7);
    await msleep(libc, 5);
    const retval: { value?: unknown } = {};
    return [await libc.pthread_join(pt, retval), retval.value];
  },
  [0, 7],
);

// Errors are the number itself.

test('join of no thread', answers, async (libc) => libc.pthread_join({}), ESRCH);
test('detach of no thread', answers, async (libc) => libc.pthread_detach({}), ESRCH);
test(
  'join twice',
  answers,
  async (libc) => {
    const pt = await returning(libc, 1);
    return [await libc.pthread_join(pt), await libc.pthread_join(pt)];
  },
  [0, EINVAL],
);
test(
  'two join one',
  answers,
  async (libc, ok) => {
    const pt: PthreadT = {};
    await ok.pthread_create(pt, null, async (own: Libc) => msleep(own, 10), null);
    const other: PthreadT = {};
    const retval: { value?: unknown } = {};
    await ok.pthread_create(other, null, async (own: Libc) => own.pthread_join(pt), null);
    await msleep(libc, 5);
    const second = await libc.pthread_join(pt);
    await ok.pthread_join(other, retval);
    return [second, retval.value];
  },
  [EINVAL, 0],
);
test(
  'join of a detached thread',
  answers,
  async (libc) => {
    const pt = await returning(libc, 1);
    return [await libc.pthread_detach(pt), await libc.pthread_join(pt), await libc.pthread_detach(pt)];
  },
  [0, EINVAL, EINVAL],
);
test(
  'detach after the end',
  answers,
  async (libc) => {
    const pt = await returning(libc, 1);
    await msleep(libc, 5);
    return [await libc.pthread_detach(pt), await libc.pthread_join(pt)];
  },
  [0, EINVAL],
);
test(
  'detach after join',
  answers,
  async (libc) => {
    const pt = await returning(libc, 1);
    await libc.pthread_join(pt);
    return libc.pthread_detach(pt);
  },
  EINVAL,
);
test(
  'a thread joins itself',
  answers,
  async (libc, ok) => {
    const pt: PthreadT = {};
    const retval: { value?: unknown } = {};
    await ok.pthread_create(pt, null, async (own: Libc) => own.pthread_join(pt), null);
    return [await libc.pthread_join(pt, retval), retval.value];
  },
  [0, EDEADLK],
);
// glibc: the second of two that join each other is told.
test(
  'two threads join each other',
  answers,
  async (libc, ok) => {
    const [a, b]: [PthreadT, PthreadT] = [{}, {}];
    const got: number[] = [];
    await ok.pthread_create(
      a,
      null,
      async (own: Libc) => {
        await msleep(own, 1);
        got.push(await own.pthread_join(b));
      },
      null,
    );
    await ok.pthread_create(
      b,
      null,
      async (own: Libc) => {
        await msleep(own, 2);
        got.push(await own.pthread_join(a));
      },
      null,
    );
    await msleep(libc, 100);
    return got;
  },
  [EDEADLK, 0],
);

test('threads that nobody joins: nothing is left when the process ends', async (t) => {
  const kernel = boot({ output: null });
  await kernel.run(async (libc) => {
    for (let i = 0; i < 100; i++)
      await libc.pthread_create(i % 2 === 0 ? null : {}, null, async (own) => msleep(own, 1), null);
    await msleep(libc, 10);
    t.is(kernel.census().tasks, 1);
    // Those that nobody can join have given their memory back.
    t.is(kernel.internals.current!.mm.live, 51);
  });
  nothing_left(t, kernel);
});

test('1,000 threads, all alive at once', async (t) => {
  let sum = 0;
  const kernel = boot({ output: null });
  await kernel.run(async (libc) => {
    const pts: PthreadT[] = [];
    for (let i = 0; i < 1000; i++) {
      const pt: PthreadT = {};
      await libc.pthread_create(pt, null, async (own, n: number) => msleep(own, 1000 - n).then(() => n), i);
      pts.push(pt);
    }
    t.is(kernel.census().tasks, 1001);
    for (const pt of pts) {
      const retval: { value?: unknown } = {};
      await libc.pthread_join(pt, retval);
      sum += retval.value as number;
    }
    t.is(kernel.internals.current!.mm.live, 0);
  });
  t.is(sum, 499_500);
  nothing_left(t, kernel);
});

// A detached thread gives the place of its id word back before it is gone: nobody who maps something there may find a
// zero in it.
test("the end of a detached thread writes to nobody's memory", async (t) => {
  for (let seed = 0; seed < 30; seed++) {
    let state = seed;
    const policy: Policy = {
      pick(ready) {
        state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
        return (state >> 16) % ready.length;
      },
    };
    await run(t, { policy }, async (libc) => {
      const sv: number[] = [];
      await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
      for (let i = 0; i < 4; i++) await libc.pthread_create(null, null, async (own) => own.getpid(), null);
      for (let i = 0; i < 8; i++) {
        await libc.write(sv[0]!, 'abcdefgh');
        t.is(await receive(libc, sv[1]!), 'abcdefgh', `seed ${seed}`);
      }
    });
  }
});
