import test from 'ava';
import {
  EINTR,
  NR,
  SA_NODEFER,
  SA_RESETHAND,
  SA_RESTART,
  SA_SIGINFO,
  SIGALRM,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSEGV,
  SIGSTOP,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIG_UNBLOCK,
  WCONTINUED,
  WUNTRACED,
  errno_names,
} from 'sys-indirect/uapi';
import { type Libc, type Program, type RouteName, type SigActionT, releases } from '../../index.js';
import { nothing_left, run, boot_for } from '../helpers.js';
import type { SleepingCall } from './sleeping_call.js';
import { SLEEPS } from './sleeps.js';

/** Where each route works: a handler has to leave its parameters alone on all of them. */
const ROUTES: readonly (readonly [RouteName, string])[] = [
  ['dedicated', '6.18'],
  ['indirect', '2.6.24-rc3-indirect-v3'],
  ['legacy', '2.6.23'],
];

const calls_of = (name: string): ReadonlySet<string> => releases.find((r) => r.name === name)!.calls;

const interrupted = test.macro({
  async exec(t, call: SleepingCall, flags: number, route: RouteName, release: string) {
    const kernel = boot_for(t, { route, release });
    let handled = 0;
    const status = await kernel.run(async (libc) => {
      const { go, end } = await call.setup(libc);
      const sa_handler = async (l: Libc): Promise<void> => {
        handled++;
        const [task] = [...kernel.internals.tasks.values()].filter((x) => x.group.tgid === 2);
        t.is(task!.indirect_params, 0, 'the handler sees parameters');
        // A call of the handler's own: what is to be restarted begins from its registers.
        await l.getppid();
        t.is(await l.read(0, new Uint8Array(4)), 0);
        if (flags !== 0) await end?.(l);
      };
      await libc.sigaction(SIGALRM, { sa_handler, sa_flags: flags });
      await libc.alarm(1);
      const ret = await go(libc);
      const restarts = call.restarts && (call.restarts_since === undefined || release === '6.18');
      if (call.holds === true || (restarts && flags !== 0)) t.true(ret >= 0, `errno ${libc.errno}`);
      else {
        t.is(ret, -1);
        t.is(libc.errno, EINTR);
      }
      await libc.kill(0, SIGTERM);
    });
    t.is(status, SIGTERM);
    t.is(handled, 1);
    nothing_left(t, kernel);
  },
  title: (_, call: SleepingCall, flags: number, route: RouteName) =>
    `a handler in ${call.name}${flags === 0 ? '' : ', SA_RESTART'}, route ${route}`,
});

const killed = test.macro({
  async exec(t, call: SleepingCall, route: RouteName, release: string) {
    const status = await run(t, { route, release }, async (libc) => {
      const pid = await libc.fork(async (child) => {
        await child.setpgid(0, 0);
        const { go } = await call.setup(child);
        await go(child);
      });
      const st: { value?: number } = {};
      await libc.sleep(1);
      await libc.kill(-pid, SIGKILL);
      t.is(await libc.waitpid(pid, st), pid);
      t.is(st.value, SIGKILL);
    });
    t.is(status, 0);
  },
  title: (_, call: SleepingCall, route: RouteName) => `SIGKILL in ${call.name}, route ${route}`,
});

/** A stop and SIGCONT, and no handler: the call sleeps on, or gives EINTR. */
const stopped = test.macro({
  async exec(t, call: SleepingCall) {
    const kernel = boot_for(t);
    const call_gave: { value: number | string } = { value: 'asleep' };
    const target = kernel.run(async (libc) => {
      const { go, end } = await call.setup(libc);
      const sleeper = async (own: Libc): Promise<void> => {
        const ret = await go(own);
        call_gave.value = ret === -1 ? errno_names[own.errno]! : ret;
      };
      await libc.pthread_create(null, null, sleeper, null);
      await libc.sleep(4);
      if (call.holds === true) {
        await libc.sleep(4);
        return;
      }
      t.is(call_gave.value, call.without_handler ?? 'asleep');
      if (call.without_handler !== undefined || call.holds === true || end === undefined) return;
      await end(libc);
      await libc.sleep(1);
      t.regex(String(call_gave.value), /^\d+$/);
    });
    const other = kernel.run(async (libc) => {
      await libc.sleep(1);
      await libc.kill(2, SIGSTOP);
      await libc.sleep(1);
      await libc.kill(2, SIGCONT);
    });
    t.deepEqual(await Promise.all([target, other]), [0, 0]);
  },
  title: (_, call: SleepingCall) => `stop and continue in ${call.name}`,
});

for (const call of SLEEPS) test(stopped, call);

for (const [route, release] of ROUTES)
  for (const call of SLEEPS) {
    if (call.needs !== undefined && !calls_of(release).has(call.needs)) continue;
    test(interrupted, call, 0, route, release);
    test(interrupted, call, SA_RESTART, route, release);
    test(killed, call, route, release);
  }

/** What a program prints, and how it ends. */
const prints = test.macro({
  async exec(t, program: Program, expected: string, status?: number) {
    const kernel = boot_for(t);
    t.is(await kernel.run(program), status ?? 0);
    t.is(kernel.output(), expected);
    nothing_left(t, kernel);
  },
  title: (title = '') => title,
});

const show = async (l: Libc, signo: number): Promise<void> => {
  await l.printf('%d ', signo);
};

test(
  // Checked against Linux 6.18: each handler is put on top of the one before.
  'signals that come together: frames in order, handlers in the opposite one; real-time signals queue',
  prints,
  async (libc) => {
    for (const sig of [SIGUSR1, SIGUSR2, 34]) await libc.sigaction(sig, { sa_handler: show });
    await libc.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGUSR2, 34]);
    const pid = await libc.getpid();
    for (const sig of [34, 34]) await libc.sigqueue(pid, sig, 5);
    for (const sig of [SIGUSR2, SIGUSR1, SIGUSR1]) await libc.kill(pid, sig);
    await libc.sigprocmask(SIG_UNBLOCK, [SIGUSR1, SIGUSR2, 34]);
  },
  '34 34 12 10 ',
);

test(
  'sigwaitinfo takes real-time signals by number, then in the order of sending',
  prints,
  async (libc) => {
    await libc.sigprocmask(SIG_BLOCK, [34, 35]);
    const pid = await libc.getpid();
    for (const [sig, value] of [
      [35, 1],
      [34, 2],
      [34, 3],
    ] as const)
      await libc.sigqueue(pid, sig, value);
    const info: { si_value?: number } = {};
    for (let i = 0; i < 3; i++) {
      const sig = await libc.sigwaitinfo([34, 35], info);
      await libc.printf('%d:%d ', sig, info.si_value);
    }
  },
  '34:2 34:3 35:1 ',
);

test(
  'a handler blocks its own signal and sa_mask; the mask comes back',
  prints,
  async (libc) => {
    await libc.sigaction(SIGUSR2, { sa_handler: show });
    const sa_handler = async (l: Libc): Promise<void> => {
      await l.raise(SIGUSR2);
      await l.puts('end');
    };
    await libc.sigaction(SIGUSR1, { sa_handler, sa_mask: [SIGUSR2] });
    await libc.raise(SIGUSR1);
    const set: { lo?: number } = {};
    await libc.sigprocmask(SIG_SETMASK, null, set);
    await libc.printf('%d', set.lo);
  },
  'end\n12 0',
);

test(
  'SA_NODEFER lets a handler be interrupted by its own signal',
  prints,
  async (libc) => {
    let depth = 0;
    const sa_handler = async (l: Libc): Promise<void> => {
      const d = ++depth;
      if (d < 3) await l.raise(SIGUSR1);
      await l.printf('%d ', d);
    };
    await libc.sigaction(SIGUSR1, { sa_handler, sa_flags: SA_NODEFER });
    await libc.raise(SIGUSR1);
  },
  '3 2 1 ',
);

test(
  'SA_RESETHAND: the second one kills',
  prints,
  async (libc) => {
    await libc.sigaction(SIGUSR1, { sa_handler: show, sa_flags: SA_RESETHAND });
    await libc.raise(SIGUSR1);
    await libc.raise(SIGUSR1);
  },
  '10 ',
  SIGUSR1,
);

test(
  'SA_SIGINFO tells who sent it',
  prints,
  async (libc) => {
    await libc.sigaction(SIGCHLD, {
      sa_handler: async (l, signo, info) => {
        await l.printf('%d %d %d %d', signo, info?.si_pid, info?.si_code, info?.si_status);
      },
      sa_flags: SA_SIGINFO,
    });
    await libc.fork(async () => 7);
    await libc.pause();
    await libc.wait();
  },
  '17 3 1 7',
);

test('rt_sigreturn outside of a handler is a segmentation fault', async (t) => {
  t.is(await run(t, {}, async (libc) => libc.syscall(NR.rt_sigreturn)), SIGSEGV);
});

test('an indirect call that is restarted reads its blocks again', async (t) => {
  const release = '2.6.24-rc3-indirect-v3';
  const status = await run(t, { release, route: 'indirect' }, async (libc) => {
    const sv: number[] = [];
    await libc.socketpair(1, 1, 0, sv);
    const listener = await libc.socket(1, 1, 0);
    await libc.bind(listener, { family: 1, abstract: 'y' });
    await libc.listen(listener, 1);
    const regs = new Uint8Array(56);
    regs[0] = NR.accept;
    regs[8] = listener;
    const at = libc.cpu.memory.map(regs);
    await libc.sigaction(SIGALRM, {
      sa_handler: async () => {
        libc.unmap(at);
      },
      sa_flags: SA_RESTART,
    });
    await libc.alarm(1);
    t.is(await libc.syscall(NR.indirect, at, null, 0), -1);
    t.is(libc.errno, 14, 'EFAULT: its registers are gone');
  });
  t.is(status, 0);
});

test('stop and continue: the status, SIGCHLD, and a sleep that goes on to its moment', async (t) => {
  const status = await run(t, {}, async (libc) => {
    const pid = await libc.fork(async (child) => {
      await child.nanosleep({ tv_sec: 10, tv_nsec: 0 });
      return 5;
    });
    const st: { value?: number } = {};
    await libc.sleep(1);
    await libc.kill(pid, SIGSTOP);
    t.is(await libc.waitpid(pid, st, WUNTRACED), pid);
    t.is(st.value, (SIGSTOP << 8) | 0x7f);
    await libc.sleep(3);
    await libc.kill(pid, SIGCONT);
    t.is(await libc.waitpid(pid, st, WCONTINUED), pid);
    t.is(st.value, 0xffff);
    t.is(await libc.waitpid(pid, st), pid);
    t.is(st.value, 5 << 8);
    const now: { tv_sec?: number } = {};
    await libc.clock_gettime(1, now);
    t.is(now.tv_sec, 10);
  });
  t.is(status, 0);
});

test('SIG_IGN survives exec, a handler does not; the mask survives both', async (t) => {
  const kernel = boot_for(t);
  kernel.install('/bin/show', async (libc) => {
    const out: string[] = [];
    for (const sig of [SIGUSR1, SIGUSR2]) {
      const old: Partial<SigActionT> = {};
      await libc.sigaction(sig, null, old);
      out.push(String(old.sa_handler));
    }
    const set: { lo?: number } = {};
    await libc.sigprocmask(SIG_SETMASK, null, set);
    await libc.printf('%s %d', out.join(' '), set.lo);
  });
  await kernel.run(async (libc) => {
    await libc.signal(SIGUSR1, SIG_IGN);
    await libc.signal(SIGUSR2, show);
    await libc.sigprocmask(SIG_BLOCK, [SIGTERM]);
    await libc.execv('/bin/show', ['show']);
  });
  t.is(kernel.output(), `${SIG_IGN} ${SIG_DFL} ${1 << (SIGTERM - 1)}`);
  nothing_left(t, kernel);
});
