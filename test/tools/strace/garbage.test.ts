/** Whatever registers a program passes, a decoder makes text of them: it never throws, and reads nothing that is not there. */
import test from 'ava';
import type { Task } from '../../../kernel-mock/include/linux/sched.js';
import type { CallName } from '../../../kernel-mock/include/uapi/index.js';
import { decoders } from '../../../tools/strace/decoders.js';
import type { Arg, Call, Row } from '../../../tools/strace/print.js';
import { boot_for } from '../../helpers.js';

const LENGTHS = [0, 1, 7, 8, 24, 56, 300, -1, -(2 ** 31), 2 ** 31, 2 ** 32 - 1, 2 ** 40, 2 ** 53, 2 ** 64];
const RESULTS = [null, 0, 1, 5, 300, -14, -512, -516];

/** Six registers: number `n` of those there can be, the others from a fixed sequence. */
function registers(n: number, pool: readonly number[]): number[] {
  return [0, 1, 2, 3, 4, 5].map((i) => pool[(n * (2 * i + 1) + i * i + (n >> (i + 1))) % pool.length]!);
}

const OPTIONS = [
  { max_string: 32, decode_fds: 0, hex_strings: 0, verbose: false },
  { max_string: 3, decode_fds: 2, hex_strings: 2, verbose: true },
] as const;

function text_of(row: Row, call: Call): string {
  call.kept = row.keep?.(call);
  const list = typeof row.args === 'function' ? row.args(call) : row.args;
  const show = (arg: Arg, place: number): string => {
    const i = arg.reg ?? place;
    if (typeof arg.late === 'function') arg.late(call, call.args[i]!, i);
    return arg.print(call, call.args[i]!, i);
  };
  const parts = list.map(show);
  if (call.ret !== null && call.ret >= 0) {
    if (typeof row.ret === 'function') parts.push(row.ret(call));
    parts.push(row.aux?.(call) ?? '');
  }
  return parts.join(', ');
}

for (const name of Object.keys(decoders) as (keyof typeof decoders & CallName)[])
  test(name, async (t) => {
    const kernel = boot_for(t);
    let shown = 0;
    await kernel.run((libc) => {
      const task: Task = kernel.internals.current!;
      // Memory full of things that look like descriptors, lengths and pointers.
      const at = libc.cpu.memory.map(
        Uint8Array.from({ length: 300 }, (_, i) => [1, 0, 0xff, 0x41, 0, 0, 0, 0, 2, 0x80][i % 10]!),
      );
      const pool = [...LENGTHS, 16, at, at + 10, at + 290, at, 2 ** 47, 0x40000001, 0o4102000];
      for (let n = 0; n < 60; n++)
        for (const ret of RESULTS)
          for (const options of OPTIONS) {
            const call: Call = { task, args: registers(n, pool), options, ret: null, kept: undefined };
            text_of(decoders[name], call);
            call.ret = ret;
            if (typeof text_of(decoders[name], call) === 'string') shown++;
          }
      libc.cpu.memory.unmap(at);
      return Promise.resolve(0);
    });
    t.is(shown, 60 * RESULTS.length * OPTIONS.length);
  });
