/** Descriptors that cross an execve: which are leaks, and what is said of them. */
import test from 'ava';
import { type BootOptions, type Libc, type Policy, type ThrowingLibc, throwing } from '../../index.js';
import {
  AF_UNIX,
  CLONE_FILES,
  CLOSE_RANGE_CLOEXEC,
  FD_CLOEXEC,
  F_DUPFD,
  F_SETFD,
  O_CLOEXEC,
  O_CREAT,
  O_RDWR,
  SCM_RIGHTS,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../kernel-mock/include/uapi/index.js';
import { type Leak, event_tracer, format_leak, leak_report, leaks, text_log } from '../../tools/index.js';
import { thread } from '../facts.js';
import { boot_for } from '../helpers.js';

type Fact = (libc: Libc, ok: ThrowingLibc) => Promise<unknown>;

const EXEC = (libc: Libc): Promise<number> => libc.execve('/bin/child', ['child'], []);

/** In a child: first `actions`, then another program. */
async function run_child(ok: ThrowingLibc, actions: (libc: Libc) => Promise<unknown> = async () => {}): Promise<void> {
  const pid = await ok.fork(async (c) => {
    await actions(c);
    await EXEC(c);
  });
  await ok.waitpid(pid, null, 0);
}

/** The leaks of `fact`: number in the new program, and the name of the call that made it. */
const leaking = test.macro(
  async (t, fact: Fact, expected: readonly (readonly [fd: number, call: string])[], options: BootOptions = {}) => {
    const kernel = boot_for(t, options);
    kernel.install('/bin/child', async () => {});
    const found = await leaks(kernel, async (libc) => {
      await fact(libc, throwing(libc));
    });
    t.deepEqual(
      found.flatMap((leak) => leak.crossed.map(({ fd }) => [fd, leak.created.call.replace(/\(.*/, '')])),
      expected,
    );
    t.is(kernel.internals.trace, null);
  },
);

const socket = (ok: ThrowingLibc, flags = 0): Promise<number> => ok.socket(AF_UNIX, SOCK_STREAM | flags, 0);

test('0, 1 and 2', leaking, async (_, ok) => run_child(ok), []);
test('a bare socket', leaking, async (_, ok) => (await socket(ok), run_child(ok)), [[3, 'socket']]);
test('a marked one', leaking, async (_, ok) => (await socket(ok, SOCK_CLOEXEC), run_child(ok)), []);
test(
  'marked later',
  leaking,
  async (_, ok) => {
    await ok.fcntl(await socket(ok), F_SETFD, FD_CLOEXEC);
    await run_child(ok);
  },
  [],
);
test(
  'marked by close_range',
  leaking,
  async (_, ok) => {
    await socket(ok);
    await ok.close_range(3, 9, CLOSE_RANGE_CLOEXEC);
    await run_child(ok);
  },
  [],
);
test('closed', leaking, async (_, ok) => (await ok.close(await socket(ok)), run_child(ok)), []);
test(
  'closed by the child',
  leaking,
  async (_, ok) => {
    const s = await socket(ok);
    await run_child(ok, (c) => c.close(s));
  },
  [],
);
test('both of a pipe', leaking, async (_, ok) => (await ok.pipe([0, 0]), run_child(ok)), [
  [3, 'pipe'],
  [4, 'pipe'],
]);
test('a file', leaking, async (_, ok) => (await ok.open('/f', O_CREAT | O_RDWR, 0o600), run_child(ok)), [[3, 'open']]);
test('a copy', leaking, async (_, ok) => (await ok.dup(await socket(ok, SOCK_CLOEXEC)), run_child(ok)), [[4, 'dup']]);
test(
  'a copy by F_DUPFD',
  leaking,
  async (_, ok) => (await ok.fcntl(await socket(ok, SOCK_CLOEXEC), F_DUPFD, 9), run_child(ok)),
  [[9, 'fcntl']],
);
test('once more for each program', leaking, async (_, ok) => (await socket(ok), await run_child(ok), run_child(ok)), [
  [3, 'socket'],
  [3, 'socket'],
]);
test('the program itself', leaking, async (libc, ok) => (await socket(ok), EXEC(libc)), [[3, 'socket']]);
test(
  'from another thread',
  leaking,
  async (libc, ok) => {
    await socket(ok);
    await thread(libc, (other) => EXEC(other));
    await ok.pause();
  },
  [[3, 'socket']],
);
test(
  'in a table of its own',
  leaking,
  async (libc, ok) => {
    await socket(ok);
    await ok.unshare(CLONE_FILES);
    await EXEC(libc);
  },
  [[3, 'socket']],
);

// Handed over on purpose.
test(
  'a number that the child chose',
  leaking,
  async (_, ok) => {
    const s = await socket(ok, SOCK_CLOEXEC);
    await run_child(ok, (c) => c.dup2(s, 7));
  },
  [],
);
test(
  'a number that the parent chose',
  leaking,
  async (_, ok) => {
    await ok.dup2(await socket(ok, SOCK_CLOEXEC), 7);
    await run_child(ok);
  },
  [[7, 'dup2']],
);
test(
  'a mark that the child took off',
  leaking,
  async (_, ok) => {
    const s = await socket(ok, SOCK_CLOEXEC);
    await run_child(ok, (c) => c.fcntl(s, F_SETFD, 0));
  },
  [],
);
test(
  'a mark that the parent took off',
  leaking,
  async (_, ok) => {
    const s = await socket(ok, SOCK_CLOEXEC);
    await ok.fcntl(s, F_SETFD, 0);
    await run_child(ok);
  },
  [[3, 'socket']],
);
test(
  'actions of posix_spawn',
  leaking,
  async (libc, ok) => {
    const s = await socket(ok, SOCK_CLOEXEC);
    const actions = {};
    libc.posix_spawn_file_actions_init(actions);
    libc.posix_spawn_file_actions_adddup2(actions, s, s);
    libc.posix_spawn_file_actions_adddup2(actions, s, 8);
    libc.posix_spawn_file_actions_addopen(actions, 9, '/', 0, 0);
    const pid = {};
    await libc.posix_spawn(pid, '/bin/child', actions, null, ['child'], []);
    await ok.wait(null);
  },
  [],
);
test(
  'a leak beside the actions of posix_spawn',
  leaking,
  async (libc, ok) => {
    await socket(ok);
    await libc.posix_spawn({}, '/bin/child', null, null, ['child'], []);
    await ok.wait(null);
  },
  [[3, 'socket']],
);

const received = async (ok: ThrowingLibc): Promise<number> => {
  const sv: [number, number] = [0, 0];
  await ok.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv);
  const control = [{ level: SOL_SOCKET, type: SCM_RIGHTS, data: new Uint8Array(4) }];
  await ok.sendmsg(sv[0], { iov: ['x'], control }, 0);
  const msg = { iov: [new Uint8Array(1)], control: [], controllen: 64 };
  await ok.recvmsg(sv[1], msg, 0);
  return 5;
};
test('received, and run by who received it', leaking, async (libc, ok) => (await received(ok), EXEC(libc)), []);
test('received, and run by a child', leaking, async (_, ok) => (await received(ok), run_child(ok)), [[5, 'recvmsg']]);

// The race: between a call and the fcntl that follows it another thread forks.
const in_turn: Policy = { pick: () => 0 };
test('a copy that was made before the mark', async (t) => {
  const kernel = boot_for(t, { policy: in_turn, route: 'legacy' });
  kernel.install('/bin/child', async () => {});
  const report = leak_report();
  const log: string[] = [];
  kernel.set_trace(event_tracer([report.listener, text_log((line) => log.push(line))]));
  await kernel.run(async (libc) => {
    const ok = throwing(libc);
    const other = await thread(libc, async (_, own) => run_child(own));
    for (let i = 0; i < 8; i++) await ok.close(await socket(ok, SOCK_CLOEXEC));
    await other();
  });
  const [leak, ...more] = report.leaks();
  t.deepEqual(more, []);
  t.is(report.execs(), 1);
  const line = (n: number): string => log[n - 1]!;
  const { created, marked, window, crossed } = leak as Leak;
  t.regex(line(created.line), /^2 > socket\(1, 1, 0\)$/);
  t.is(created.call, 'socket(1, 1, 0)');
  t.regex(line(marked!.line), /^2 {3}fd 3 is now close-on-exec$/);
  t.regex(line(window.from), /^2 {3}fd 3 opened$/);
  t.is(window.to, marked!.line);
  t.true(window.calls! >= 2);
  t.regex(line(crossed[0]!.line), /runs \/bin\/child$/);
  const copied = crossed[0]!.copied!;
  t.regex(line(copied), /^4 {3}started by 3$/);
  t.true(window.from < copied && copied < window.to!);
  t.is(
    format_leak(leak!),
    `descriptor 3 (${leak!.what})
  made by task 2 (a.out) with socket(1, 1, 0) at line ${created.line}
  close-on-exec by task 2 at line ${marked!.line}; it was not: from line ${window.from} to line ${window.to}, ${window.calls} calls
  crossed into /bin/child of task 4 at line ${crossed[0]!.line} as descriptor 3, in a table copied at line ${copied}`,
  );
});

test('never marked', async (t) => {
  const kernel = boot_for(t);
  kernel.install('/bin/child', async () => {});
  const [leak] = await leaks(kernel, async (libc) => {
    const ok = throwing(libc);
    await ok.open('/', O_CLOEXEC);
    await ok.open('/f', O_CREAT, 0o600);
    await run_child(ok);
  });
  t.like(leak, { what: '/f', marked: null, window: { to: null, calls: null } });
  t.regex(format_leak(leak!), /never close-on-exec; it was not: from line \d+ to the end/);
});
