import test from 'ava';
import type { Libc, ThrowingLibc } from '../../index.js';
import { MSG_DONTWAIT, NR, SOCK_DGRAM } from '../../kernel-mock/include/uapi/index.js';
import { answers, bytes, outcome, receive, text } from '../facts.js';
import { pair } from '../net/unix/fixtures.js';

const BAD = 99;
/** On one end of a pair that has bytes to read. */
const on_pair =
  (fact: (libc: Libc, a: number, ok: ThrowingLibc, b: number) => Promise<unknown>, type?: number) =>
  async (libc: Libc, ok: ThrowingLibc): Promise<unknown> => {
    const [a, b] = await pair(ok, type);
    await ok.write(b, 'abc');
    return fact(libc, a, ok, b);
  };

for (const call of ['read', 'write'] as const) {
  test(
    `${call}: a null buffer`,
    answers,
    on_pair((libc, a) => libc.syscall(NR[call], a, 0, 1)),
    'EFAULT',
  );
  test(
    `${call}: a buffer that is half there`,
    answers,
    on_pair((libc, a) => libc.syscall(NR[call], a, new Uint8Array(2), 3)),
    'EFAULT',
  );
  test(
    `${call}: a null buffer, for nothing`,
    answers,
    on_pair((libc, a) => libc.syscall(NR[call], a, 0, 0)),
    0,
  );
  test(
    `${call}: a negative count`,
    answers,
    on_pair((libc, a) => libc.syscall(NR[call], a, new Uint8Array(8), -1)),
    'EFAULT',
  );
  test(`${call}: a negative count and no descriptor`, answers, (libc) => libc.syscall(NR[call], BAD, 0, -1), 'EBADF');
  test(
    `${call}: a pointer into the kernel`,
    answers,
    on_pair((libc, a) => libc.syscall(NR[call], a, -4096, 1)),
    'EFAULT',
  );
  test(
    `${call}: a pointer into the kernel, for nothing`,
    answers,
    on_pair((libc, a) => libc.syscall(NR[call], a, -4096, 0)),
    'EFAULT',
  );
}
test(
  'read: a bad buffer takes nothing',
  answers,
  on_pair(async (libc, a) => [outcome(libc, await libc.syscall(NR.read, a, 0, 3)), await receive(libc, a)]),
  ['EFAULT', 'abc'],
);
test(
  'write: a bad buffer gives nothing',
  answers,
  on_pair(async (libc, a, _ok, b) => [
    outcome(libc, await libc.syscall(NR.write, a, 0, 3)),
    await receive(libc, b, 9, MSG_DONTWAIT),
  ]),
  ['EFAULT', 'EAGAIN'],
);
test(
  'read: more room than bytes',
  answers,
  on_pair((libc, a) => libc.read(a, new Uint8Array(9))),
  3,
);
test(
  'read: what lies behind the bytes stays',
  answers,
  on_pair(async (libc, a) => {
    const buf = new Uint8Array(5).fill(0x2e);
    await libc.read(a, buf);
    return text(buf);
  }),
  'abc..',
);

/** A struct iovec[] of null pointers with these lengths. */
const lengths = (...lens: number[]): Uint8Array =>
  new Uint8Array(BigInt64Array.from(lens.flatMap((len) => [0n, BigInt(len)])).buffer);

for (const call of ['readv', 'writev'] as const) {
  const raw = (vec: number | Uint8Array, n: number) => on_pair((libc, a) => libc.syscall(NR[call], a, vec, n));
  test(`${call}: no elements`, answers, raw(0, 0), 0);
  test(`${call}: elements of nothing`, answers, raw(lengths(0, 0), 2), 0);
  test(`${call}: a null vector`, answers, raw(0, 1), 'EFAULT');
  test(`${call}: half a vector`, answers, raw(lengths(0), 2), 'EFAULT');
  test(`${call}: 1024 elements`, answers, raw(lengths(...new Array<number>(1024).fill(0)), 1024), 0);
  test(`${call}: 1025 elements`, answers, raw(lengths(...new Array<number>(1025).fill(0)), 1025), 'EINVAL');
  test(`${call}: 1025 elements and a null vector`, answers, raw(0, 1025), 'EINVAL');
  test(`${call}: -1 elements`, answers, raw(0, -1), 'EINVAL');
  test(`${call}: a negative length`, answers, raw(lengths(-1), 1), 'EINVAL');
  test(`${call}: a negative length behind a bad pointer`, answers, raw(lengths(5, -1), 2), 'EINVAL');
  test(`${call}: a bad pointer`, answers, raw(lengths(5), 1), 'EFAULT');
  test(`${call}: no descriptor and a null vector`, answers, (libc) => libc.syscall(NR[call], BAD, 0, 1), 'EBADF');
  test(`${call}: no descriptor and no elements`, answers, (libc) => libc.syscall(NR[call], BAD, 0, 0), 'EBADF');
}
test(
  'readv: fills one after the other',
  answers,
  on_pair(async (libc, a) => {
    const bufs = [new Uint8Array(1), new Uint8Array(0), new Uint8Array(5)];
    return [await libc.readv(a, bufs), text(bufs[0]!), text(bufs[2]!, 2)];
  }),
  [3, 'a', 'bc'],
);
test(
  'writev: one after the other',
  answers,
  on_pair(async (libc, a, ok, b) => [await ok.writev(a, [bytes('x'), bytes(''), bytes('yz')]), await receive(libc, b)]),
  [3, 'xyz'],
);
test(
  'writev: 1024 pieces',
  answers,
  on_pair(async (libc, a, ok, b) => [
    await ok.writev(a, new Array<Uint8Array>(1024).fill(bytes('x'))),
    (await receive(libc, b, 2000)).length,
  ]),
  [1024, 1024],
);
test(
  'writev: of a datagram is one',
  answers,
  on_pair(
    async (libc, a, ok, b) => [await ok.writev(a, [bytes('x'), bytes('yz')]), await receive(libc, b, 2)],
    SOCK_DGRAM,
  ),
  [3, 'xy'],
);
