// Every pointer argument of every call, bad in five ways: what Linux answers, and no descriptor, no area and no file left.
import test, { type ExecutionContext } from 'ava';
import { type Libc, boot } from '../../index.js';
import { NR, errno_names } from '../../kernel-mock/include/uapi/index.js';
import { RELEASES, nothing_left } from '../helpers.js';
import { Arena } from './arena.js';
import { POINTER_ROWS as ROWS, type PointerRow as Row } from './pointer_rows.js';

const KINDS = ['null', '1', '-1', '2^47', 'the end of an area'] as const;
/** The lowest free descriptor beside the furniture. */
const FREE = 30;

/** A call with one bad pointer: the name of its errno or its value, and the lowest free descriptor if that has changed. */
async function bad_call(libc: Libc, arena: Arena, row: Row, at: number, kind: number, free = FREE): Promise<string> {
  const [a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0] = row.args.map((arg, i) =>
    arena.register(arg, i === at ? kind : -1),
  );
  const nr = NR[row.name.split('/')[0] as keyof typeof NR];
  // What would sleep for ever is ended, as it was on Linux.
  await libc.alarm(2);
  const ret = await libc.cpu.syscall(nr, a1, a2, a3, a4, a5, a6);
  await libc.alarm(0);
  const next = await libc.dup(0);
  if (next !== -1) await libc.close(next);
  return (ret < 0 ? errno_names[-ret]! : String(ret)) + (next === free ? '' : `+${next}`);
}

const answers_as_linux = test.macro(async (t: ExecutionContext, row: Row) => {
  for (const [at, expected] of row.answers)
    for (const [kind, wanted] of expected.entries()) {
      const kernel = boot({ output: null });
      let got = 'nothing';
      const status = await kernel.run(async (libc: Libc) => {
        const arena = new Arena(libc);
        await arena.furnish();
        got = await bad_call(libc, arena, row, at, kind);
      });
      if ((status & 0x7f) !== 0) got = `SIG${status & 0x7f}`;
      if (wanted === 'some') t.regex(got, /^\d+$/);
      else t.is(got, wanted, `argument ${at + 1} is ${KINDS[kind]}`);
      nothing_left(t, kernel);
    }
});
for (const row of ROWS) test(row.name, answers_as_linux, row);

/** These may end the caller, or leave it where nothing else can be tried. */
const ENDS = /^(chroot|rt_sigaction|pselect6|ppoll|epoll_pwait)/;

for (const release of RELEASES)
  test(`${release}: an answer to all of them`, async (t) => {
    const kernel = boot({ release, output: null });
    let calls = 0;
    await kernel.run(async (libc: Libc) => {
      const arena = new Arena(libc);
      await arena.furnish();
      await libc.sigaction(14, { sa_handler: () => undefined });
      for (const row of ROWS.filter(({ name }) => !ENDS.test(name)))
        for (const [at, expected] of row.answers)
          for (const kind of expected.keys()) {
            const free = await libc.dup(0);
            await libc.close(free);
            const got = await bad_call(libc, arena, row, at, kind, free);
            // An error makes no descriptor, on no release.
            if (/^E\w+\+/.test(got)) t.fail(`${row.name}: ${got}`);
            calls++;
          }
    });
    t.true(calls > 1000, `${calls}`);
    nothing_left(t, kernel);
  });
