/** clone3, and the stack for handlers. The answers were seen on Linux 6.18. */
import test from 'ava';
import {
  CLONE_CLEAR_SIGHAND,
  CLONE_DETACHED,
  CLONE_PARENT,
  CLONE_PIDFD,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
  NR,
  SIGCHLD,
  SIGUSR1,
  SIGUSR2,
  SIG_DFL,
  SIG_IGN,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_ONSTACK,
} from 'sys-indirect/uapi';
import type { Libc, SigActionT, StackT } from '../../index.js';
import { answers, outcome } from '../facts.js';

/** struct clone_args by its members in order: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls … */
function clone_args(members: Readonly<Record<number, number>>, size = 88): Uint8Array {
  const words = BigUint64Array.from({ length: Math.ceil(size / 8) }, (_, i) =>
    BigInt.asUintN(64, BigInt(members[i] ?? 0)),
  );
  return new Uint8Array(words.buffer).subarray(0, size);
}

const FLAGS = 0;
const PIDFD = 1;
const EXIT_SIGNAL = 4;
const STACK = 5;
const STACK_SIZE = 6;

async function refused(libc: Libc, members: Readonly<Record<number, number>>, size = 88): Promise<unknown> {
  return outcome(libc, await libc.syscall(NR.clone3, clone_args(members, Math.max(size, 88)), size));
}

const since_5_3 =
  (expected: unknown) =>
  ({ calls }: { calls: ReadonlySet<string> }): unknown =>
    calls.has('clone3') ? expected : 'ENOSYS';

const REFUSED: readonly (readonly [string, Readonly<Record<number, number>>, number, string])[] = [
  ['a structure that is too small', {}, 63, 'EINVAL'],
  ['one of more than a page', {}, 4097, 'E2BIG'],
  ['members that nobody knows', { 11: 1 }, 96, 'E2BIG'],
  ['an exit signal that is none', { [EXIT_SIGNAL]: 65 }, 88, 'EINVAL'],
  ['an exit signal of more than a byte', { [EXIT_SIGNAL]: 0x100 }, 88, 'EINVAL'],
  ['a signal in the flags', { [FLAGS]: SIGCHLD }, 88, 'EINVAL'],
  ['CLONE_DETACHED', { [FLAGS]: CLONE_DETACHED }, 88, 'EINVAL'],
  ['a flag that nobody knows', { [FLAGS]: 2 ** 40 }, 88, 'EINVAL'],
  ['CLONE_SIGHAND without CLONE_VM', { [FLAGS]: CLONE_SIGHAND }, 88, 'EINVAL'],
  [
    'a thread with an exit signal',
    { [FLAGS]: CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, [EXIT_SIGNAL]: 17 },
    88,
    'EINVAL',
  ],
  ['CLONE_PARENT with an exit signal', { [FLAGS]: CLONE_PARENT, [EXIT_SIGNAL]: 17 }, 88, 'EINVAL'],
  ['CLONE_CLEAR_SIGHAND with CLONE_SIGHAND', { [FLAGS]: CLONE_CLEAR_SIGHAND + CLONE_SIGHAND + CLONE_VM }, 88, 'EINVAL'],
  ['a stack without a size', { [STACK]: 4096 }, 88, 'EINVAL'],
  ['a size without a stack', { [STACK_SIZE]: 4096 }, 88, 'EINVAL'],
];
for (const [name, members, size, errno] of REFUSED)
  test(`clone3: ${name}`, answers, (libc) => refused(libc, members, size), since_5_3(errno));
test(
  'clone3: no structure',
  answers,
  async (libc) => outcome(libc, await libc.syscall(NR.clone3, 0, 88)),
  since_5_3('EFAULT'),
);
test(
  'clone3: no structure, and too small',
  answers,
  async (libc) => outcome(libc, await libc.syscall(NR.clone3, 0, 8)),
  since_5_3('EINVAL'),
);

/** The next clone of the library is a clone3 with these members. */
function by_clone3(libc: Libc, members: Readonly<Record<number, number>>, size: number): void {
  const thread = libc as unknown as { enter?: (nr: number, ...args: number[]) => number | Promise<number> };
  thread.enter = () => {
    delete thread.enter;
    return thread.enter!(NR.clone3, libc.cpu.memory.map(clone_args(members)), size);
  };
}

const only_today =
  (expected: unknown) =>
  ({ calls }: { calls: ReadonlySet<string> }): unknown =>
    calls.has('clone3') ? expected : undefined;

test(
  'clone3 makes a child with the structure of 5.3, and its exit signal',
  answers,
  async (libc, ok) => {
    let usr1 = 0;
    await ok.signal(SIGUSR1, () => usr1++);
    by_clone3(libc, { [EXIT_SIGNAL]: SIGUSR1 }, 64);
    const pid = await libc.fork(async () => 5);
    await libc.pause();
    const st: { value?: number } = {};
    // __WALL: its signal is not SIGCHLD.
    return [await libc.waitpid(pid, st, 0x40000000), st.value! >> 8, usr1];
  },
  only_today([3, 5, 1]),
);
test(
  'clone3: a pidfd, and a child that begins with default actions; what is ignored stays so',
  answers,
  async (libc, ok) => {
    await ok.signal(SIGUSR1, () => undefined);
    await ok.signal(SIGUSR2, SIG_IGN);
    const pidfd = new Uint8Array(4);
    by_clone3(
      libc,
      { [FLAGS]: CLONE_PIDFD + CLONE_CLEAR_SIGHAND, [PIDFD]: libc.cpu.memory.map(pidfd), [EXIT_SIGNAL]: SIGCHLD },
      88,
    );
    const pid = await libc.fork(async (child) => {
      const old: Partial<SigActionT>[] = [{}, {}];
      await child.sigaction(SIGUSR1, null, old[0]);
      await child.sigaction(SIGUSR2, null, old[1]);
      return old[0]!.sa_handler === SIG_DFL && old[1]!.sa_handler === SIG_IGN ? 0 : 1;
    });
    const info = {};
    const st: { value?: number } = {};
    const got = [pidfd[0], await libc.waitid(3, pidfd[0]!, info, 4 | 0x01000000)];
    await libc.waitpid(pid, st);
    return [...got, st.value];
  },
  only_today([3, 0, 0]),
);
test(
  'clone3 with CLONE_VFORK sleeps until the child is gone',
  answers,
  async (libc) => {
    const log: string[] = [];
    by_clone3(libc, { [FLAGS]: CLONE_VFORK, [EXIT_SIGNAL]: SIGCHLD }, 88);
    const pid = await libc.fork(async (child) => {
      await child.usleep(1000);
      log.push('child');
    });
    log.push('parent');
    await libc.waitpid(pid);
    return log;
  },
  only_today(['child', 'parent']),
);

// sigaltstack.

const stack = (ss_size: number, ss_flags = 0): StackT => ({ ss_sp: 0x10000, ss_flags, ss_size });
test(
  'sigaltstack: none at first',
  answers,
  async (libc) => {
    const old: Partial<StackT> = {};
    return [await libc.sigaltstack(null, old), old];
  },
  [0, { ss_sp: 0, ss_flags: SS_DISABLE, ss_size: 0 }],
);
test(
  'sigaltstack: kept, given back, switched off',
  answers,
  async (libc) => {
    const old: Partial<StackT>[] = [{}, {}, {}];
    await libc.sigaltstack(stack(8192, SS_ONSTACK), old[0]);
    await libc.sigaltstack({ ss_sp: 1, ss_flags: SS_DISABLE, ss_size: 1 }, old[1]);
    await libc.sigaltstack(null, old[2]);
    return old.slice(1);
  },
  [stack(8192), { ss_sp: 0, ss_flags: SS_DISABLE, ss_size: 0 }],
);
test('sigaltstack: too small', answers, async (libc) => libc.sigaltstack(stack(2047)), 'ENOMEM');
test('sigaltstack: flags', answers, async (libc) => libc.sigaltstack(stack(8192, 4)), 'EINVAL');
test('sigaltstack: flags come before the size', answers, async (libc) => libc.sigaltstack(stack(1, 3)), 'EINVAL');
test(
  'sigaltstack: SS_AUTODISARM',
  answers,
  async (libc) => {
    const old: Partial<StackT> = {};
    const ret = outcome(libc, await libc.sigaltstack(stack(8192, SS_AUTODISARM)));
    await libc.sigaltstack(null, old);
    return [ret, old.ss_flags];
  },
  ({ calls }) => (calls.has('clone3') ? [0, SS_AUTODISARM] : ['EINVAL', SS_DISABLE]),
);
test('sigaltstack: into nothing', answers, async (libc) => libc.syscall(NR.sigaltstack, 0, 8), 'EFAULT');
test(
  'sigaltstack: a child of fork has it, a thread and a new program not',
  answers,
  async (libc) => {
    await libc.sigaltstack(stack(8192));
    const size = async (own: Libc): Promise<number> => {
      const old: Partial<StackT> = {};
      await own.sigaltstack(null, old);
      return old.ss_size! / 1024;
    };
    const st: { value?: number } = {};
    await libc.fork(size);
    await libc.wait(st);
    const [pt, value]: [object, { value?: unknown }] = [{}, {}];
    await libc.pthread_create(pt, null, size, null);
    await libc.pthread_join(pt, value);
    return [st.value! >> 8, value.value];
  },
  [8, 0],
);
