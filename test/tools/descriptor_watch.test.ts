import test from 'ava';
import { type BootOptions, type Program, type PthreadT, boot } from '../../index.js';
import {
  AF_UNIX,
  FD_CLOEXEC,
  F_SETFD,
  NR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from '../../kernel-mock/include/uapi/index.js';
import { type Creation, watch_descriptors } from '../../tools/descriptor_watch.js';

async function watch(options: BootOptions, program: Program): Promise<readonly Creation[]> {
  const { tracer, creations } = watch_descriptors();
  await boot({ ...options, output: null, trace: tracer }).run(program);
  return creations;
}

const sees = test.macro(async (t, options: BootOptions, program: Program, expected: readonly Partial<Creation>[]) => {
  const seen = await watch(options, program);
  const picked = seen.map((creation, i) =>
    Object.fromEntries(Object.keys(expected[i] ?? creation).map((key) => [key, creation[key as keyof Creation]])),
  );
  t.deepEqual(picked, expected);
});

const socket =
  (flags: number): Program =>
  async (libc) => {
    await libc.socket(AF_UNIX, SOCK_DGRAM | flags, 0);
    await libc.getpid();
    await libc.fcntl(3, F_SETFD, FD_CLOEXEC);
  };
const V3 = { release: '2.6.24-rc3-indirect-v3' };

test('the flag with the call', sees, {}, socket(SOCK_CLOEXEC), [
  { function: 'socket', route: 'dedicated', window: 0, calls: ['socket'], fds: [3] },
]);
test('the flag inside indirect', sees, { ...V3, route: 'indirect' }, socket(SOCK_CLOEXEC), [
  { route: 'indirect', window: 0, calls: ['indirect(socket)=EAFNOSUPPORT', 'indirect(socket)'] },
]);
test('the flag afterwards', sees, { route: 'legacy' }, socket(SOCK_CLOEXEC), [
  { route: 'legacy', window: 1, calls: ['socket', 'fcntl'] },
]);
test('the flag by the program, two calls later', sees, {}, socket(0), [{ route: 'legacy', window: 2 }]);
test('both flags', sees, { ...V3, route: 'indirect' }, socket(SOCK_CLOEXEC | SOCK_NONBLOCK), [
  {
    route: 'indirect',
    window: 0,
    calls: ['indirect(socket)=EAFNOSUPPORT', 'indirect(socket)', 'fcntl', 'fcntl'],
  },
]);
test(
  'no flag',
  sees,
  {},
  async (libc) => {
    await libc.socket(AF_UNIX, SOCK_DGRAM, 0);
  },
  [{ route: 'none', window: null, calls: ['socket'] }],
);
test(
  'an inner call that the registers do not show',
  sees,
  V3,
  async (libc) => {
    await libc.syscall(NR.indirect, 1);
  },
  [],
);
test(
  'a number that is taken, without a library that asks',
  sees,
  {},
  async (libc) => {
    await libc.syscall(NR.indirect);
  },
  [],
);
test(
  'what fails',
  sees,
  {},
  async (libc) => {
    await libc.accept(77);
  },
  [{ function: 'accept4', route: 'none', window: null, calls: ['accept=EBADF'], fds: [] }],
);
test(
  'a second use',
  sees,
  { release: '2.6.23' },
  async (libc) => {
    for (let i = 0; i < 2; i++) await libc.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, [0, 0]);
  },
  [
    { calls: ['socketpair=EINVAL', 'indirect=ENOSYS', 'socketpair', 'fcntl', 'fcntl'], window: 2, fds: [3, 4] },
    { calls: ['socketpair', 'fcntl', 'fcntl'], window: 2, fds: [5, 6] },
  ],
);

// Another thread has the processor between the two calls: its calls lie in the window too.
test(
  'calls of other tasks',
  sees,
  { route: 'legacy', policy: { pick: () => 0 } },
  async (libc) => {
    const thread: PthreadT = {};
    await libc.pthread_create(
      thread,
      null,
      async (libc) => {
        for (let i = 0; i < 3; i++) await libc.getpid();
      },
      null,
    );
    await libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    await libc.pthread_join(thread);
  },
  [{ route: 'legacy', window: 2, calls: ['socket', 'fcntl'] }],
);
