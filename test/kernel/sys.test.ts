import test from 'ava';
import { NR } from '../../kernel-mock/include/uapi/index.js';
import { answers, outcome, thread } from '../facts.js';

test(
  'getpid: the first thread has the id of its process',
  answers,
  async (libc) => (await libc.getpid()) - (await libc.gettid()),
  0,
);
test('getppid: who was started by the host is a child of init', answers, (libc) => libc.getppid(), 1);
test(
  'getpid is the same in every thread, gettid is not',
  answers,
  async (libc) => {
    const join = await thread(libc, async (own) => [
      await own.getpid(),
      await own.getppid(),
      (await own.gettid()) - (await own.getpid()),
    ]);
    return [await join(), await libc.getpid(), await libc.gettid()];
  },
  [[2, 1, 1], 2, 2],
);
test('they look at no register', answers, (libc) => libc.syscall(NR.getppid, -1, 1e300, Infinity, 5, 6, 7), 1);
test(
  'a number that is no call',
  answers,
  async (libc) => {
    const got: unknown[] = [];
    for (const nr of [-1, 599, 2 ** 31]) got.push(outcome(libc, await libc.syscall(nr)));
    return got;
  },
  ['ENOSYS', 'ENOSYS', 'ENOSYS'],
);
