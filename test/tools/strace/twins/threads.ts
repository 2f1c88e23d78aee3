import * as u from '../../../../kernel-mock/include/uapi/index.js';
import { int_at, ints, longs, mem, raw, twin, zeros } from './twin.js';

const PRIVATE = 128;

export default twin(async (S, libc) => {
  const p = zeros(8);
  const word = libc.cpu.memory.map(ints(0));
  await S('pipe', p);
  const thread = {};
  await libc.pthread_create(
    thread,
    null,
    async (libc) => {
      const S = raw(libc);
      await S('read', int_at(p), zeros(4), 4);
      await S('gettid');
      await S('futex', word, u.FUTEX_WAKE | PRIVATE, 1);
      await S('nanosleep', longs(0, 30000000), null);
      await S('exit', 5);
    },
    null,
  );
  await S('nanosleep', longs(0, 30000000), null);
  await S('write', int_at(p, 4), mem('go'), 2);
  await S('futex', word, u.FUTEX_WAIT | PRIVATE, 0, null);
  await S('nanosleep', longs(0, 60000000), null);
  await S('futex', word, u.FUTEX_WAKE, 1);
  return 0;
});
