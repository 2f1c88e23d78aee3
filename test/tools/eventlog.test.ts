import test from 'ava';
import { type Program, boot } from '../../index.js';
import { AF_UNIX, NR, SOCK_CLOEXEC, SOCK_STREAM } from '../../kernel-mock/include/uapi/index.js';
import echo from '../../examples/echo-accept4.js';
import { event_log } from '../../tools/eventlog.js';
import { RELEASES } from '../helpers.js';

async function log_of(program: Program, options: { release: string; seed?: number }): Promise<string[]> {
  const lines: string[] = [];
  await boot({ ...options, output: null, trace: event_log((line) => lines.push(line)) }).run(program, ['main']);
  return lines;
}

const logs = test.macro(async (t, release: string, program: Program, expected: readonly string[]) => {
  // Without the start of the process, which is the same in all.
  const lines = await log_of(program, { release });
  t.deepEqual(lines.slice(lines.indexOf('- switch idle -> 2') + 1), expected);
});

const END = (...fds: number[]): string[] => [
  '2 > exit_group(0)',
  '2   gone',
  ...fds.map((fd) => `2   fd ${fd} closed`),
  '- switch 2 -> idle',
];

test(
  'a call and its result',
  logs,
  '6.18',
  async (libc) => {
    await libc.getppid();
  },
  ['2 > getppid()', '2 < getppid = 1', ...END(0, 1, 2)],
);
test(
  'a call that fails',
  logs,
  '6.18',
  async (libc) => {
    await libc.close(-1);
  },
  ['2 > close(-1)', '2 < close = EBADF', ...END(0, 1, 2)],
);
test(
  'a number that nobody has',
  logs,
  '2.6.23',
  async (libc) => {
    await libc.syscall(NR.accept4, 0, 17);
  },
  ['2 > 288(0, 0x11, 0, 0, 0, 0)', '2 < 288 = ENOSYS', ...END(0, 1, 2)],
);
test(
  'descriptors',
  logs,
  '6.18',
  async (libc) => {
    await libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    await libc.close(3);
  },
  [
    '2 > socket(1, 0x80001, 0)',
    '2   fd 3 opened, close-on-exec',
    '2 < socket = 3',
    '2 > close(3)',
    '2   fd 3 closed',
    '2 < close = 0',
    ...END(0, 1, 2),
  ],
);

for (const release of RELEASES)
  test(`the same seed gives the same log on ${release}`, async (t) => {
    const first = await log_of(echo, { release, seed: 7 });
    t.true(first.length > 100);
    t.deepEqual(await log_of(echo, { release, seed: 7 }), first);
  });
