/** sys_indirect as strace would have shown it, on each tree that had it. */
import test from 'ava';
import { type Program, releases } from '../../../index.js';
import {
  AF_UNIX,
  NR,
  O_CLOEXEC,
  O_NONBLOCK,
  SOCK_DGRAM,
  indirect_registers_x86_64 as REGS,
} from '../../../kernel-mock/include/uapi/index.js';
import { strace } from '../../../tools/strace/strace.js';
import { INDIRECT_RELEASES, boot_for } from '../../helpers.js';
import { ints, longs, zeros } from './twins/twin.js';

type Row = readonly [
  what: string,
  inner: readonly [nr: number, ...registers: readonly number[]],
  params: Uint8Array | number,
  length: number,
  expected: string,
];

/** A struct indirect_registers. */
function registers(nr: number, ...args: readonly number[]): Uint8Array {
  const block = longs(nr, ...args, 0, 0, 0, 0, 0, 0);
  return block.subarray(0, REGS.size);
}

/** `, 0` where the call has flags, and what it refuses where it has a white-list. */
const rows = (four: string, whitelisted: boolean): readonly Row[] => [
  [
    'a socket',
    [NR.socket, AF_UNIX, SOCK_DGRAM, 0],
    ints(O_CLOEXEC),
    4,
    `indirect({socket(AF_UNIX, SOCK_DGRAM, 0)}, {file_flags={flags=O_CLOEXEC}}, 4${four}) = 3`,
  ],
  [
    'flags that the release does not know',
    [NR.socket, AF_UNIX, SOCK_DGRAM, 0],
    ints(O_CLOEXEC | O_NONBLOCK | 0x40000000),
    4,
    `indirect({socket(AF_UNIX, SOCK_DGRAM, 0)}, {file_flags={flags=O_NONBLOCK|O_CLOEXEC|0x40000000}}, 4${four}) = 3`,
  ],
  [
    'no parameters',
    [NR.socket, AF_UNIX, SOCK_DGRAM, 0],
    0,
    0,
    `indirect({socket(AF_UNIX, SOCK_DGRAM, 0)}, NULL, 0${four}) = 3`,
  ],
  [
    'a call that fails inside',
    [NR.accept, 99, 0, 0],
    ints(O_CLOEXEC),
    4,
    `indirect({accept(99, NULL, NULL)}, {file_flags={flags=O_CLOEXEC}}, 4${four}) = -1 EBADF (Bad file descriptor)`,
  ],
  [
    'a call that is not on the white-list',
    [NR.getppid],
    ints(0),
    4,
    `indirect({getppid()}, {file_flags={flags=0}}, 4${four})${whitelisted ? ' = -1 EINVAL (Invalid argument)' : ' = 1'}`,
  ],
  [
    'a number that nobody has',
    [1000, 1, 2],
    ints(0),
    4,
    `indirect({syscall_0x3e8(0x1, 0x2, 0, 0, 0, 0)}, {file_flags={flags=0}}, 4${four}) = -1 ${whitelisted ? 'EINVAL (Invalid argument)' : 'ENOSYS (Function not implemented)'}`,
  ],
  [
    'parameters at a bad address',
    [NR.socket, AF_UNIX, SOCK_DGRAM, 0],
    16,
    4,
    `indirect({socket(AF_UNIX, SOCK_DGRAM, 0)}, 0x10, 4${four}) = -1 EFAULT (Bad address)`,
  ],
];

async function lines_of(t: Parameters<typeof boot_for>[0], release: string, program: Program): Promise<string[]> {
  let text = '';
  const { tracer } = strace({ write: (piece) => (text += piece) });
  await boot_for(t, { release, trace: tracer }).run(program, ['main']);
  return text.split('\n').filter((line) => line.startsWith('indirect('));
}

/** Where the result is: at column 40, or a space behind the text. */
function padded(text: string): string {
  const at = text.lastIndexOf(' = ');
  return `${text.slice(0, at).padEnd(39)}${text.slice(at)}`;
}

for (const release of INDIRECT_RELEASES) {
  const facts = releases.find((r) => r.name === release)!.indirect!;
  for (const [what, inner, params, length, expected] of rows(facts.args === 4 ? ', 0' : '', facts.whitelisted))
    test(`${release}: ${what}`, async (t) => {
      const lines = await lines_of(t, release, async (libc) => {
        await libc.syscall(NR.indirect, registers(...inner), params, length, 0);
      });
      t.deepEqual(lines, [padded(expected)]);
    });

  test(`${release}: registers at a bad address`, async (t) => {
    const lines = await lines_of(t, release, async (libc) => {
      await libc.syscall(NR.indirect, 16, 0, 0, 0);
    });
    t.is(
      lines[0]!.replace(/ +=/, ' ='),
      `indirect(0x10, NULL, 0${facts.args === 4 ? ', 0' : ''}) = -1 EFAULT (Bad address)`,
    );
  });

  test(`${release}: what the call inside writes is shown at its end`, async (t) => {
    const lines = await lines_of(t, release, async (libc) => {
      const fds = libc.cpu.memory.map(zeros(8));
      await libc.syscall(NR.indirect, registers(NR.socketpair, AF_UNIX, SOCK_DGRAM, 0, fds), ints(O_CLOEXEC), 4, 0);
      libc.cpu.memory.unmap(fds);
    });
    t.regex(lines[0]!, /^indirect\(\{socketpair\(AF_UNIX, SOCK_DGRAM, 0, \[3, 4\]\)\}, \{file_flags=/);
  });
}
