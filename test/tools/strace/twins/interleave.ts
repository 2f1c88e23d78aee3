import * as u from '../../../../kernel-mock/include/uapi/index.js';
import { type Syscall, int_at, ints, longs, mem, raw, twin, zeros } from './twin.js';

const nap = async (S: Syscall, ms: number): Promise<void> => {
  await S('nanosleep', longs(0, ms * 1_000_000), null);
};

export default twin(async (S, libc) => {
  const p = zeros(8);
  const q = zeros(8);
  const ws = zeros(4);
  const buf = zeros(8);
  const child = (body: (S: Syscall) => Promise<void>): Promise<number> =>
    libc.fork(async (libc) => {
      const S = raw(libc);
      await nap(S, 30);
      await body(S);
      return 0;
    });
  await S('pipe', p);
  await S('pipe', q);
  let pid = await child(async (S) => {
    await S('write', int_at(p, 4), mem('x'), 1);
    await S('read', int_at(q), zeros(8), 8);
    await nap(S, 30);
    await S('exit_group', 0);
  });
  await S('read', int_at(p), buf, 8);
  await nap(S, 30);
  await S('write', int_at(q, 4), mem('abc'), 3);
  await S('poll', null, 0, 90);
  await S('wait4', pid, ws, 0, null);
  pid = await child(async (S) => {
    await S('pause');
  });
  await nap(S, 60);
  await S('kill', pid, u.SIGKILL);
  await S('wait4', pid, ws, 0, null);
  pid = await child(async (S) => {
    await S('exit_group', 1);
  });
  await S('ppoll', null, 0, longs(0, 200000000), null, 8);
  await S('wait4', pid, ws, 0, null);
  const un = zeros(110);
  un.set([u.AF_UNIX, 0]);
  un.set(mem('\0twin-interleave'), 2);
  const s = await S('socket', u.AF_UNIX, u.SOCK_STREAM, 0);
  await S('bind', s, un, 18);
  await S('listen', s, 1);
  pid = await child(async (S) => {
    const c = await S('socket', u.AF_UNIX, u.SOCK_STREAM, 0);
    await S('connect', c, un, 18);
    await nap(S, 30);
    await S('exit_group', 1);
  });
  await S('accept4', s, zeros(110), ints(110), u.SOCK_CLOEXEC);
  await S('wait4', pid, ws, 0, null);
  return 0;
});
