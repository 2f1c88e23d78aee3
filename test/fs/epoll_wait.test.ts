// epoll: what is ready, who is woken, what may be watched. Verified on 6.18.
import test from 'ava';
import type { Libc, Release, ThrowingLibc } from '../../index.js';
import {
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLRDHUP,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  NR,
  SIGUSR1,
  SIG_BLOCK,
  SIG_UNBLOCK,
  SA_RESTART,
} from '../../kernel-mock/include/uapi/index.js';
import { answers, msleep, outcome, thread } from '../facts.js';

const ONE = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

type Events = NonNullable<Parameters<Libc['epoll_wait']>[1]>;

/** What a wait of `ms` brings: pairs of data and events, or the name of the error. */
async function wait(libc: Libc, ep: number, max = 8, ms = 0): Promise<unknown> {
  const events: Events = [];
  const n = await libc.epoll_wait(ep, events, max, ms);
  return n === -1 ? outcome(libc, -1) : events.map(({ data, events: bits }) => [data, bits]);
}

const add = (ok: ThrowingLibc, ep: number, fd: number, events: number, data: number): Promise<number> =>
  ok.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events, data });

const pipe = async (ok: ThrowingLibc): Promise<[number, number]> => {
  const ends: number[] = [];
  await ok.pipe(ends);
  return [ends[0]!, ends[1]!];
};

// What is ready.

test(
  'the ready list goes round',
  answers,
  async (libc, ok) => {
    const ep = await ok.epoll_create(1);
    for (let i = 0; i < 3; i++) await add(ok, ep, await ok.eventfd(1, 0), EPOLLIN, i);
    const data = async (max: number): Promise<unknown> => ((await wait(libc, ep, max)) as number[][]).map(([d]) => d);
    return [await data(2), await data(2), await data(2), await data(8)];
  },
  [
    [0, 1],
    [2, 0],
    [1, 2],
    [0, 1, 2],
  ],
);
test(
  'what cannot be written stays in front',
  answers,
  async (libc, ok) => {
    const ep = await ok.epoll_create(1);
    for (let i = 0; i < 3; i++) await add(ok, ep, await ok.eventfd(1, 0), EPOLLIN, i);
    const room = new Uint8Array(18);
    const first = await libc.syscall(NR.epoll_wait, ep, room, 3, 0);
    const bad = outcome(libc, await libc.syscall(NR.epoll_wait, ep, 8, 3, 0));
    return [first, bad, await wait(libc, ep, 1), await wait(libc, ep, 1)];
  },
  [1, 'EFAULT', [[1, EPOLLIN]], [[2, EPOLLIN]]],
);
test(
  'who asks for nothing hears of the end',
  answers,
  async (libc, ok) => {
    const ep = await ok.epoll_create(1);
    const [r, w] = await pipe(ok);
    await add(ok, ep, r, 0, 1);
    const before = await wait(libc, ep);
    await ok.close(w);
    return [before, await wait(libc, ep)];
  },
  [[], [[1, EPOLLHUP]]],
);
test(
  'a one-shot that fired hears of nothing',
  answers,
  async (libc, ok) => {
    const ep = await ok.epoll_create(1);
    const [r, w] = await pipe(ok);
    await add(ok, ep, w, EPOLLOUT | EPOLLONESHOT, 1);
    const first = await wait(libc, ep);
    await ok.close(r);
    const second = await wait(libc, ep);
    await ok.epoll_ctl(ep, EPOLL_CTL_MOD, w, { events: 0, data: 2 });
    return [first, second, await wait(libc, ep)];
  },
  [[[1, EPOLLOUT]], [], [[2, EPOLLERR]]],
);
test(
  'an edge once, and again when something happens',
  answers,
  async (libc, ok) => {
    const ep = await ok.epoll_create(1);
    const fd = await ok.eventfd(0, 0);
    await add(ok, ep, fd, EPOLLIN | EPOLLOUT | EPOLLET, 1);
    const seen = [await wait(libc, ep), await wait(libc, ep)];
    await ok.write(fd, ONE);
    seen.push(await wait(libc, ep), await wait(libc, ep));
    await ok.read(fd, new Uint8Array(8));
    return [...seen, await wait(libc, ep)];
  },
  [[[1, EPOLLOUT]], [], [[1, EPOLLIN | EPOLLOUT]], [], [[1, EPOLLOUT]]],
);
test(
  'a copy of the descriptor keeps the watch',
  answers,
  async (libc, ok) => {
    const ep = await ok.epoll_create(1);
    const fd = await ok.eventfd(1, 0);
    await add(ok, ep, fd, EPOLLIN, 1);
    const copy = await ok.dup(fd);
    await ok.close(fd);
    const kept = await wait(libc, ep);
    const gone = outcome(libc, await libc.epoll_ctl(ep, EPOLL_CTL_DEL, fd, null));
    await ok.close(copy);
    return [kept, gone, await wait(libc, ep)];
  },
  [[[1, EPOLLIN]], 'EBADF', []],
);
test(
  'a child shares the set',
  answers,
  async (libc, ok) => {
    const ep = await ok.epoll_create(1);
    const fd = await ok.eventfd(1, 0);
    const pid = await ok.fork(async (child) =>
      (await child.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN, data: 9 })) === 0 ? 0 : 1,
    );
    const status: { value?: number } = {};
    await ok.waitpid(pid, status, 0);
    return [status.value, await wait(libc, ep)];
  },
  [0, [[9, EPOLLIN]]],
);

// Who is woken.

/** `n` threads wait on `ep`, in this order; after `happens` the names of those that came back, with what they got. */
async function woken(
  libc: Libc,
  ep: number,
  n: number,
  happens: () => Promise<unknown>,
  then: () => Promise<unknown>,
): Promise<unknown> {
  const back: unknown[] = [];
  const joins: (() => Promise<unknown>)[] = [];
  for (let i = 0; i < n; i++) {
    joins.push(
      await thread(libc, async (own) => {
        const got = await wait(own, ep, 8, 5000);
        back.push([i, got]);
      }),
    );
    await msleep(libc, 1);
  }
  await happens();
  await msleep(libc, 1);
  const first = [...back];
  await then();
  for (const join of joins) await join();
  return first;
}

for (const [name, bits, expected] of [
  ['a level wakes all', EPOLLIN, [1, 0].map((i) => [i, [[1, EPOLLIN]]])],
  ['an edge wakes one, the last that came', EPOLLIN | EPOLLET, [[1, [[1, EPOLLIN]]]]],
  ['a one-shot wakes one', EPOLLIN | EPOLLONESHOT, [[1, [[1, EPOLLIN]]]]],
] as const)
  test(
    name,
    answers,
    async (libc, ok) => {
      const ep = await ok.epoll_create(1);
      const fd = await ok.eventfd(0, 0);
      await add(ok, ep, fd, bits, 1);
      return woken(
        libc,
        ep,
        2,
        () => ok.write(fd, ONE),
        () => ok.epoll_ctl(ep, EPOLL_CTL_MOD, fd, { events: EPOLLIN, data: 2 }),
      );
    },
    expected,
  );

for (const [name, bits, expected] of [
  ['two epolls hear of one file', EPOLLIN, [1, 1]],
  [
    'exclusive: one of two epolls hears',
    EPOLLIN | EPOLLEXCLUSIVE,
    (r: Release) => (r.epoll_exclusive ? [1, 0] : [1, 1]),
  ],
] as const)
  test(
    name,
    answers,
    async (libc, ok) => {
      const fd = await ok.eventfd(0, 0);
      const joins = [];
      for (let i = 0; i < 2; i++) {
        const ep = await ok.epoll_create(1);
        await add(ok, ep, fd, bits, 1);
        joins.push(await thread(libc, (own) => own.epoll_wait(ep, [], 1, 50)));
      }
      await msleep(libc, 1);
      await ok.write(fd, ONE);
      return [await joins[0]!(), await joins[1]!()];
    },
    expected,
  );

test(
  'the epoll lives while somebody waits',
  answers,
  async (libc, ok) => {
    const ep = await ok.epoll_create(1);
    const [r, w] = await pipe(ok);
    await add(ok, ep, r, EPOLLIN, 1);
    const join = await thread(libc, (own) => wait(own, ep, 8, 5000));
    await msleep(libc, 1);
    await ok.close(ep);
    await ok.write(w, 'x');
    return join();
  },
  [[1, EPOLLIN]],
);
for (const flags of [0, SA_RESTART])
  test(
    `a signal ends the wait, flags ${flags}`,
    answers,
    async (libc, ok) => {
      const ep = await ok.epoll_create(1);
      await ok.sigaction(SIGUSR1, { sa_handler: async () => {}, sa_flags: flags });
      const join = await thread(libc, (own) => wait(own, ep, 8, 5000));
      await ok.sigprocmask(SIG_BLOCK, [SIGUSR1], null);
      await msleep(libc, 1);
      await ok.kill(await ok.getpid(), SIGUSR1);
      const got = await join();
      await ok.sigprocmask(SIG_UNBLOCK, [SIGUSR1], null);
      return got;
    },
    'EINTR',
  );

// epolls in epolls.

test(
  'readiness goes through four epolls',
  answers,
  async (libc, ok) => {
    const fd = await ok.eventfd(0, 0);
    let inner = fd;
    const eps: number[] = [];
    for (let i = 0; i < 4; i++) {
      const ep = await ok.epoll_create(1);
      await add(ok, ep, inner, EPOLLIN, i);
      eps.push((inner = ep));
    }
    const before = await wait(libc, inner);
    await ok.write(fd, ONE);
    return [before, await wait(libc, inner), await wait(libc, eps[0]!)];
  },
  [[], [[3, EPOLLIN]], [[0, EPOLLIN]]],
);

/** A chain of `n` epolls, each in the one before; answers with them, outermost first. */
async function chain(ok: ThrowingLibc, n: number): Promise<number[]> {
  const eps = [await ok.epoll_create(1)];
  while (eps.length < n) {
    const ep = await ok.epoll_create(1);
    await add(ok, eps.at(-1)!, ep, EPOLLIN, 0);
    eps.push(ep);
  }
  return eps;
}
const try_add = async (libc: Libc, ep: number, fd: number, events = EPOLLIN): Promise<number | string> =>
  outcome(libc, await libc.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events, data: 0 }));

test('itself', answers, async (libc, ok) => ((ep) => try_add(libc, ep, ep))(await ok.epoll_create(1)), 'EINVAL');
test(
  'a circle',
  answers,
  async (libc, ok) => {
    const eps = await chain(ok, 3);
    return try_add(libc, eps[2]!, eps[0]!);
  },
  'ELOOP',
);
test(
  'five epolls in a row, a file in the fifth, a sixth',
  answers,
  async (libc, ok) => {
    const eps = await chain(ok, 5);
    return [
      await try_add(libc, eps[4]!, await ok.eventfd(0, 0)),
      await try_add(libc, eps[4]!, await ok.epoll_create(1)),
      await try_add(libc, await ok.epoll_create(1), eps[0]!),
    ];
  },
  [0, 'ELOOP', 'ELOOP'],
);
test(
  'five hundred epolls may watch an epoll that watches a file',
  answers,
  async (libc, ok) => {
    const inner = await ok.epoll_create(1);
    await add(ok, inner, await ok.eventfd(0, 0), EPOLLIN, 0);
    await ok.setrlimit(7, { rlim_cur: 1024, rlim_max: 4096 });
    for (let i = 0; i < 500; i++) await add(ok, await ok.epoll_create(1), inner, EPOLLIN, 0);
    const ep = await ok.epoll_create(1);
    const more = await try_add(libc, ep, inner);
    return [more, outcome(libc, await libc.epoll_ctl(ep, EPOLL_CTL_DEL, inner, null))];
  },
  ['EINVAL', 'ENOENT'],
);

// Bad arguments, in the order of the checks.

const exclusive =
  (answer: string | number) =>
  (r: Release): string | number =>
    r.epoll_exclusive ? answer : 0;
const on_eventfd = (events: number) => async (libc: Libc, ok: ThrowingLibc) =>
  try_add(libc, await ok.epoll_create(1), await ok.eventfd(0, 0), events);
test('EPOLLEXCLUSIVE', answers, on_eventfd(EPOLLIN | EPOLLOUT | EPOLLET | EPOLLEXCLUSIVE), 0);
test('EPOLLEXCLUSIVE and EPOLLRDHUP', answers, on_eventfd(EPOLLRDHUP | EPOLLEXCLUSIVE), exclusive('EINVAL'));
test('EPOLLEXCLUSIVE and EPOLLONESHOT', answers, on_eventfd(EPOLLONESHOT | EPOLLEXCLUSIVE), exclusive('EINVAL'));
test(
  'EPOLLEXCLUSIVE for an epoll',
  answers,
  async (libc, ok) => try_add(libc, await ok.epoll_create(1), await ok.epoll_create(1), EPOLLIN | EPOLLEXCLUSIVE),
  exclusive('EINVAL'),
);
for (const events of [EPOLLIN, EPOLLIN | EPOLLEXCLUSIVE])
  test(
    `EPOLL_CTL_MOD to or of an exclusive one, ${events}`,
    answers,
    async (libc, ok) => {
      const ep = await ok.epoll_create(1);
      const fd = await ok.eventfd(0, 0);
      await add(ok, ep, fd, EPOLLIN | EPOLLEXCLUSIVE, 0);
      return libc.epoll_ctl(ep, EPOLL_CTL_MOD, fd, { events, data: 0 });
    },
    exclusive('EINVAL'),
  );
const fd_first =
  (today: string, once: string) =>
  (r: Release): string =>
    r.epoll_wait_fd_first ? today : once;
test('epoll_wait: no descriptor, no events', answers, (l) => l.epoll_wait(99, [], 0, 0), fd_first('EBADF', 'EINVAL'));
test(
  'epoll_wait: no descriptor, an address of the kernel',
  answers,
  (l) => l.syscall(NR.epoll_wait, 99, -4096, 1, 0),
  fd_first('EBADF', 'EFAULT'),
);
test(
  'epoll_wait: no epoll, an address of the kernel',
  answers,
  (l) => l.syscall(NR.epoll_wait, 0, -4096, 1, 0),
  'EFAULT',
);
test('epoll_wait: no epoll', answers, (l) => l.syscall(NR.epoll_wait, 0, null, 1, 0), 'EINVAL');
test(
  'epoll_wait: more than fit into memory',
  answers,
  async (l, ok) => l.syscall(NR.epoll_wait, await ok.epoll_create(1), null, 178956971, 0),
  'EINVAL',
);
test(
  'eventfd: a write of 16 bytes',
  answers,
  async (libc, ok) => libc.write(await ok.eventfd(0, 0), new Uint8Array(16)),
  (r) => (r.eventfd_write_exact ? 'EINVAL' : 8),
);
