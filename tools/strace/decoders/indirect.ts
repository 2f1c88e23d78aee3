/**
 * sys_indirect, which strace never knew: the call inside in its own form between braces, then the parameters, their length, and
 * from v4 on the flags: `indirect({accept(3, NULL, NULL)}, {file_flags={flags=O_CLOEXEC}}, 4, 0) = 4`.
 */
import { indirect_registers_x86_64 as REGS } from '../../../kernel-mock/include/uapi/indirect.js';
import { NR } from '../../../kernel-mock/include/uapi/unistd.js';
import { get_s64 } from '../../../kernel-mock/lib/bytes.js';
import { type Arg, type Call, type Decoders, type Row, address, int, size, u32, umoven } from '../print.js';
import { open_mode_flags } from '../tables.js';
import { printflags } from '../xlat.js';

/** A number that nobody ever has: its registers are shown as they are. */
const NO_CALL = -1;

/** The call inside, kept from entry to exit. */
interface Inner {
  readonly call: Call;
  readonly name: string;
  readonly row: Row;
  readonly list: readonly Arg[];
}

/** Names and rows of the other calls; a function, since the table of all rows contains this one. */
export interface Lookup {
  readonly name: (c: Call, nr: number) => string;
  readonly row: (c: Call, nr: number) => Row;
}

function inner_of(c: Call, lookup: Lookup): Inner | null {
  const block = umoven(c, c.args[0]!, REGS.size);
  if (block === null) return null;
  const nr = get_s64(block, REGS.rax);
  const args = [REGS.rdi, REGS.rsi, REGS.rdx, REGS.r10, REGS.r8, REGS.r9].map((at) => get_s64(block, at));
  // Never one inside another: the kernel refuses that, and blocks can lead back to themselves.
  const row = nr === NR.indirect ? lookup.row(c, NO_CALL) : lookup.row(c, nr);
  const call: Call = { task: c.task, args, options: c.options, ret: null, kept: undefined };
  call.kept = row.keep?.(call);
  const list = typeof row.args === 'function' ? row.args(call) : row.args;
  return { call, name: lookup.name(c, nr), row, list };
}

/** Does an argument of the call inside wait for the end? Then so does all of it. */
function is_late({ call, list }: Inner): boolean {
  return list.some((arg, place) => {
    const i = arg.reg ?? place;
    return typeof arg.late === 'function' ? arg.late(call, call.args[i] ?? 0, i) : arg.late === true;
  });
}

function inner_text(c: Call): string {
  const inner = c.kept as Inner | null;
  if (inner === null) return address(c.args[0]!);
  inner.call.ret = c.ret;
  const args = inner.list.map((arg, place) => {
    const i = arg.reg ?? place;
    return arg.print(inner.call, inner.call.args[i] ?? 0, i);
  });
  return `{${inner.name}(${args.join(', ')})}`;
}

const registers: Arg = {
  late: (c) => c.kept !== null && is_late(c.kept as Inner),
  print: (c) => inner_text(c),
};

/** What the program passes; a block that is shorter than the flags is shown as it is. */
const params: Arg = {
  print(c, v) {
    const n = c.args[2]!;
    if (v === 0 || n <= 0 || n > 4096) return address(v);
    const bytes = umoven(c, v, Math.min(n, 4));
    if (bytes === null) return address(v);
    const flags = bytes.reduce((sum, b, i) => sum + b * 2 ** (8 * i), 0);
    return `{file_flags={flags=${flags === 0 ? '0' : printflags(open_mode_flags, u32(flags), 'O_???')}}}`;
  },
};

/** v1 to v3 have three arguments, later ones a fourth, which must be zero. */
const args = (c: Call): readonly Arg[] =>
  c.task.kernel.release.indirect?.args === 4 ? [registers, params, size, int] : [registers, params, size];

export function indirect_decoders(lookup: Lookup): { readonly indirect: Row } {
  return {
    indirect: {
      args,
      keep: (c) => inner_of(c, lookup),
      ret: (c) => {
        const inner = c.kept as Inner | null;
        const ret = inner?.row.ret ?? 'd';
        return typeof ret === 'function' ? ret(inner!.call) : ret;
      },
      aux: (c) => {
        const inner = c.kept as Inner | null;
        return inner?.row.aux?.(inner.call) ?? null;
      },
    },
  } satisfies Decoders;
}
