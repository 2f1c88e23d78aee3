/** What an epoll watches is an open file under a number: numbers are used again, and a file may have several. */
import test from 'ava';
import type { Libc, ThrowingLibc } from '../../index.js';
import { EPOLLIN, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } from '../../kernel-mock/include/uapi/eventpoll.js';
import { answers, outcome } from '../facts.js';

/** What epoll_ctl answers, and how many files are ready. */
async function watcher(
  libc: Libc,
  ok: ThrowingLibc,
): Promise<{
  ctl: (op: number, fd: number) => Promise<number | string>;
  ready: () => Promise<number>;
}> {
  const ep = await ok.epoll_create(1);
  return {
    ctl: async (op, fd) => outcome(libc, await libc.epoll_ctl(ep, op, fd, { events: EPOLLIN, data: fd })),
    ready: () => ok.epoll_wait(ep, [], 8, 0),
  };
}

test(
  'a number that is used again: the file that had it is watched as long as it is open',
  answers,
  async (libc, ok) => {
    const { ctl, ready } = await watcher(libc, ok);
    const a = await ok.eventfd(1, 0);
    const d = await ok.dup(a);
    const got = [await ctl(EPOLL_CTL_ADD, a)];
    await ok.close(a);
    const b = await ok.eventfd(1, 0);
    got.push(b - a, await ready(), await ctl(EPOLL_CTL_MOD, b));
    got.push(await ctl(EPOLL_CTL_ADD, b), await ctl(EPOLL_CTL_ADD, b), await ready());
    got.push(await ctl(EPOLL_CTL_DEL, b), await ready(), await ctl(EPOLL_CTL_DEL, b));
    await ok.close(d);
    return [...got, await ready()];
  },
  [0, 0, 1, 'ENOENT', 0, 'EEXIST', 2, 0, 1, 'ENOENT', 0],
);
test(
  'one file under two numbers',
  answers,
  async (libc, ok) => {
    const { ctl, ready } = await watcher(libc, ok);
    const a = await ok.eventfd(1, 0);
    const d = await ok.dup(a);
    const got = [await ctl(EPOLL_CTL_ADD, a), await ctl(EPOLL_CTL_ADD, d), await ready()];
    got.push(await ctl(EPOLL_CTL_DEL, a), await ready());
    await ok.close(a);
    got.push(await ready());
    await ok.close(d);
    return [...got, await ready()];
  },
  [0, 0, 2, 0, 1, 1, 0],
);
