/** futex(2), as the C library's threads stand on it. Checked against Linux 6.18 where a row has no thread in it. */
import test from 'ava';
import {
  FUTEX_CLOCK_REALTIME,
  FUTEX_FD,
  FUTEX_PRIVATE_FLAG,
  FUTEX_WAIT,
  FUTEX_WAIT_PRIVATE,
  FUTEX_WAKE,
  FUTEX_WAKE_PRIVATE,
  NR,
} from '../../kernel-mock/include/uapi/index.js';
import type { Libc } from '../../index.js';
import { answers, msleep, outcome, thread } from '../facts.js';

/** struct timespec. */
function timespec(sec: bigint, nsec: bigint): Uint8Array {
  const raw = new Uint8Array(16);
  const view = new DataView(raw.buffer);
  view.setBigInt64(0, sec, true);
  view.setBigInt64(8, nsec, true);
  return raw;
}

const word = (value = 0): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);

type Registers = readonly (number | Uint8Array | null)[];

const call =
  (...registers: Registers) =>
  (libc: Libc): Promise<number> =>
    libc.syscall(NR.futex, ...registers);

test('wait: the word has another value', answers, call(word(), FUTEX_WAIT, 1, 0), 'EAGAIN');
test('wait, private: the word has another value', answers, call(word(), FUTEX_WAIT_PRIVATE, 1, 0), 'EAGAIN');
test('wait: the time is over', answers, call(word(), FUTEX_WAIT, 0, timespec(0n, 1000n)), 'ETIMEDOUT');
test('wait: no time at all', answers, call(word(), FUTEX_WAIT, 0, timespec(0n, 0n)), 'ETIMEDOUT');
test('wait: a day', answers, call(word(), FUTEX_WAIT, 0, timespec(86_400n, 0n)), 'ETIMEDOUT');
test('wait: a value of 32 bits', answers, call(word(-1), FUTEX_WAIT, -1, timespec(0n, 1n)), 'ETIMEDOUT');
test('wait: a billion nanoseconds', answers, call(word(), FUTEX_WAIT, 0, timespec(0n, 1_000_000_000n)), 'EINVAL');
test('wait: negative nanoseconds', answers, call(word(), FUTEX_WAIT, 0, timespec(0n, -1n)), 'EINVAL');
test('wait: negative seconds', answers, call(word(), FUTEX_WAIT, 0, timespec(-1n, 0n)), 'EINVAL');
test('wait: a bad timespec', answers, call(word(), FUTEX_WAIT, 0, 1), 'EFAULT');
test('wait: a bad timespec comes before a bad word', answers, call(1, FUTEX_WAIT, 0, timespec(-1n, 0n)), 'EINVAL');
test('wait: not aligned', answers, call(4097, FUTEX_WAIT, 0, 0), 'EINVAL');
test('wait: not there', answers, call(4096, FUTEX_WAIT, 0, 0), 'EFAULT');
test('wait: null', answers, call(0, FUTEX_WAIT, 0, 0), 'EFAULT');
test('wake: nobody', answers, call(word(), FUTEX_WAKE, 1), 0);
test('wake: not aligned', answers, call(4098, FUTEX_WAKE, 1), 'EINVAL');
test('wake: not there', answers, call(4096, FUTEX_WAKE, 1), 'EFAULT');
test('wake, private: not there', answers, call(4096, FUTEX_WAKE_PRIVATE, 1), 0);
test('no such operation', answers, call(word(), 99, 1), 'ENOSYS');
test('no such operation comes before a bad word', answers, call(1, 99, 1), 'ENOSYS');
test('FUTEX_FD', answers, call(word(), FUTEX_FD, 1), 'ENOSYS');
test('wait by the real-time clock', answers, call(word(), FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 1, 0), 'ENOSYS');
test('wake by the real-time clock', answers, call(word(), FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1), 'ENOSYS');
test('an address that is none', answers, call(2 ** 60, FUTEX_WAIT, 0, 0), 'EFAULT');

/** `sleepers` wait on one word; it is woken by `wakes`, one call each. Answers with what each wake and each wait returned. */
function wakes(sleepers: number, counts: readonly number[], flag = 0) {
  return async (libc: Libc): Promise<unknown> => {
    const at = libc.cpu.memory.map(word());
    const order: string[] = [];
    const joins = [];
    for (let i = 0; i < sleepers; i++)
      joins.push(
        await thread(libc, async (own) => {
          const ret = await own.syscall(NR.futex, at, FUTEX_WAIT | flag, 0, timespec(1n, 0n));
          order.push(`${i}:${outcome(own, ret)}`);
        }),
      );
    await msleep(libc, 1);
    const woken: number[] = [];
    for (const n of counts) woken.push(await libc.syscall(NR.futex, at, FUTEX_WAKE | flag, n));
    for (const join of joins) await join();
    libc.unmap(at);
    return [woken, order];
  };
}

test('wake one of three: the first', answers, wakes(3, [1]), [[1], ['0:0', '1:ETIMEDOUT', '2:ETIMEDOUT']]);
test('wake two of three', answers, wakes(3, [2]), [[2], ['0:0', '1:0', '2:ETIMEDOUT']]);
test('wake all of three', answers, wakes(3, [0x7fffffff]), [[3], ['0:0', '1:0', '2:0']]);
test('wake one after the other', answers, wakes(3, [1, 1, 1, 1]), [
  [1, 1, 1, 0],
  ['0:0', '1:0', '2:0'],
]);
// Linux: futex_wake counts after it has woken.
test('wake none wakes one', answers, wakes(2, [0]), [[1], ['0:0', '1:ETIMEDOUT']]);
test('private', answers, wakes(1, [1], FUTEX_PRIVATE_FLAG), [[1], ['0:0']]);

test(
  'two words are two queues',
  answers,
  async (libc) => {
    const at = libc.cpu.memory.map(new Uint8Array(8));
    const join = await thread(libc, async (own) =>
      outcome(own, await own.syscall(NR.futex, at + 4, FUTEX_WAIT, 0, timespec(1n, 0n))),
    );
    await msleep(libc, 1);
    const woken = [
      await libc.syscall(NR.futex, at, FUTEX_WAKE, 9),
      await libc.syscall(NR.futex, at + 4, FUTEX_WAKE, 9),
    ];
    return [woken, await join()];
  },
  [[0, 1], 0],
);

test(
  'a mutex: no two threads are inside',
  answers,
  async (libc) => {
    const raw = word();
    const at = libc.cpu.memory.map(raw);
    const lock = new Int32Array(raw.buffer);
    let inside = 0;
    let most = 0;
    const joins = [];
    for (let i = 0; i < 5; i++)
      joins.push(
        await thread(libc, async (own) => {
          for (let round = 0; round < 10; round++) {
            while (lock[0] !== 0) await own.syscall(NR.futex, at, FUTEX_WAIT, 1, 0);
            lock[0] = 1;
            most = Math.max(most, ++inside);
            await msleep(own, i);
            inside--;
            lock[0] = 0;
            await own.syscall(NR.futex, at, FUTEX_WAKE, 1);
          }
        }),
      );
    for (const join of joins) await join();
    return most;
  },
  1,
);
