// utime, utimes, futimesat, against what Linux 6.18 answers.
import test from 'ava';
import type { Libc, ThrowingLibc } from '../../index.js';
import { type Fact, answers, outcome } from '../facts.js';

async function times(ok: ThrowingLibc): Promise<unknown> {
  const st: Parameters<Libc['stat']>[1] = {};
  await ok.stat('/tmp/f', st);
  const { st_atim, st_mtim } = st;
  return [st_atim!.tv_sec, st_atim!.tv_nsec, st_mtim!.tv_sec, st_mtim!.tv_nsec];
}

/** The call on a file, and the times that it then has. */
const sets =
  (call: (libc: Libc, ok: ThrowingLibc) => Promise<number>): Fact =>
  async (libc, ok) => {
    await ok.close(await ok.creat('/tmp/f', 0o644));
    const ret = await call(libc, ok);
    return ret === -1 ? outcome(libc, -1) : times(ok);
  };
const TV = [
  { tv_sec: 1_200_000_005, tv_usec: 7 },
  { tv_sec: 1_200_000_006, tv_usec: 8 },
] as const;
const SET = [1_200_000_005, 7000, 1_200_000_006, 8000];

test(
  'utime',
  answers,
  sets((libc) => libc.utime('/tmp/f', { actime: 1_200_000_007, modtime: 8 })),
  [...[1_200_000_007, 0, 8, 0]],
);
test(
  'utime of nothing',
  answers,
  sets((libc) => libc.utime('/tmp/g', null)),
  'ENOENT',
);
test(
  'utimes',
  answers,
  sets((libc) => libc.utimes('/tmp/f', [...TV])),
  SET,
);
test(
  'utimes: a million microseconds',
  answers,
  sets((libc) => libc.utimes('/tmp/f', [TV[0], { tv_sec: 1, tv_usec: 1e6 }])),
  'EINVAL',
);
test(
  'utimes: less than none',
  answers,
  sets((libc) => libc.utimes('/tmp/f', [{ tv_sec: 1, tv_usec: -1 }, TV[1]])),
  'EINVAL',
);
test(
  'futimesat of a descriptor',
  answers,
  sets(async (libc, ok) => libc.futimesat(await ok.open('/tmp/f', 0), null, [...TV])),
  SET,
);
test(
  'futimesat of no path and no descriptor',
  answers,
  sets((libc) => libc.futimesat(-100, null, null)),
  'EFAULT',
);
test(
  'futimesat below a directory',
  answers,
  sets(async (libc, ok) => libc.futimesat(await ok.open('/tmp', 0), 'f', [...TV])),
  SET,
);
test(
  'now needs the right to write, another time the owner',
  answers,
  sets(async (libc, ok) => {
    await ok.chmod('/tmp/f', 0o666);
    await ok.setuid(1000);
    await ok.utimes('/tmp/f', null);
    return libc.utimes('/tmp/f', [...TV]);
  }),
  'EPERM',
);
