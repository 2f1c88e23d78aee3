import test from 'ava';
import {
  AF_UNIX,
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VM,
  E2BIG,
  EACCES,
  ECHILD,
  EINVAL,
  ENOENT,
  ENOEXEC,
  EPERM,
  ESRCH,
  FD_CLOEXEC,
  FUTEX_WAIT,
  F_GETFD,
  NR,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_PDEATHSIG,
  P_ALL,
  P_PID,
  P_PIDFD,
  SA_NOCLDWAIT,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGTERM,
  SIG_IGN,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  WEXITED,
  WNOHANG,
  WNOWAIT,
} from 'sys-indirect/uapi';
import { type Libc } from '../../index.js';
import { RELEASES, nothing_left, run, boot_for } from '../helpers.js';

/** A call that fails with that errno. */
const failsWith = test.macro({
  async exec(t, call: (libc: Libc) => Promise<number>, errno: number) {
    const status = await run(t, {}, async (libc) => {
      t.is(await call(libc), -1);
      t.is(libc.errno, errno);
    });
    t.is(status, 0);
  },
  title: (title = '') => `${title} fails`,
});

test('wait without children', failsWith, (l) => l.wait(), ECHILD);
test('waitpid of one that is no child', failsWith, (l) => l.waitpid(1), ECHILD);
test('waitpid with unknown options', failsWith, (l) => l.waitpid(-1, null, 4), EINVAL);
test('waitid without something to wait for', failsWith, (l) => l.waitid(P_ALL, 0, null, WNOHANG), EINVAL);
test('waitid of process 0', failsWith, (l) => l.waitid(P_PID, 0, null, WEXITED), EINVAL);
test('kill of nobody, with no signal', failsWith, (l) => l.kill(4000, 1000), ESRCH);
test('kill with no signal', failsWith, async (l) => l.kill(await l.getpid(), 65), EINVAL);
test('setsid of a group leader', failsWith, (l) => l.setsid(), EPERM);
test('execve of nothing', failsWith, (l) => l.execve('', []), ENOENT);
test('execve of what is not there', failsWith, (l) => l.execve('/bin/none', []), ENOENT);
test('clone: CLONE_SIGHAND without CLONE_VM', failsWith, (l) => l.clone(async () => 0, 0x800, null), EINVAL);
test('execve with too much', failsWith, (l) => l.execve('/bin/none', ['x'.repeat(200_000)]), ENOENT);

test('execve: a directory, no program, too long an argument', async (t) => {
  const kernel = boot_for(t);
  kernel.install('/bin/program', async () => 0);
  kernel.install('/bin/data', new Uint8Array([1, 2, 3]));
  await kernel.run(async (libc) => {
    for (const [path, argv, errno] of [
      ['/bin', [], EACCES],
      ['/bin/data', [], ENOEXEC],
      ['/bin/program', ['x'.repeat(131_072)], E2BIG],
    ] as const) {
      t.is(await libc.execve(path, argv), -1);
      t.is(libc.errno, errno, path);
    }
  });
  nothing_left(t, kernel);
});

for (const release of RELEASES)
  test(`fork copies descriptors, memory at its addresses, and nothing of an indirect call, on ${release}`, async (t) => {
    const status = await run(t, { release }, async (libc) => {
      const sv: number[] = [];
      await libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv);
      const bytes = new Uint8Array([1, 2, 3]);
      const at = libc.cpu.memory.map(bytes);
      const pid = await libc.fork(async (child) => {
        const mine = child.cpu.memory.bytes(at)!;
        mine[0] = 9;
        t.is(await child.fcntl(sv[0]!, F_GETFD), FD_CLOEXEC);
        await child.write(sv[1]!, mine.subarray(0, 3));
        return bytes[0] === 1 ? 3 : 4;
      });
      const got = new Uint8Array(3);
      await libc.read(sv[0]!, got);
      t.deepEqual([...got], [9, 2, 3]);
      const st: { value?: number } = {};
      t.is(await libc.waitpid(pid, st), pid);
      t.is(st.value, 3 << 8);
      t.deepEqual([...bytes], [1, 2, 3]);
    });
    t.is(status, 0);
  });

test('wait tells of zombies oldest child first; WNOWAIT leaves them', async (t) => {
  await run(t, {}, async (libc) => {
    const pids: number[] = [];
    for (const seconds of [3, 1, 2])
      pids.push(
        await libc.fork(async (child) => {
          await child.sleep(seconds);
        }),
      );
    t.is(await libc.waitpid(-1, null, WNOHANG), 0);
    await libc.sleep(5);
    const info: { si_pid?: number } = {};
    t.is(await libc.waitid(P_ALL, 0, info, WEXITED | WNOWAIT), 0);
    t.is(info.si_pid, pids[0]);
    for (const pid of pids) t.is(await libc.wait(), pid);
  });
});

for (const [name, set] of [
  ['SIGCHLD ignored', (l: Libc) => l.signal(SIGCHLD, SIG_IGN)],
  ['SA_NOCLDWAIT', (l: Libc) => l.sigaction(SIGCHLD, { sa_handler: async () => {}, sa_flags: SA_NOCLDWAIT })],
] as const)
  test(`${name}: no zombies, and wait sleeps until all are gone`, async (t) => {
    await run(t, {}, async (libc) => {
      await set(libc);
      await libc.fork(async (child) => {
        await child.sleep(2);
      });
      let ret: number;
      do ret = await libc.wait();
      while (ret === -1 && libc.errno === 4);
      t.is(ret, -1);
      t.is(libc.errno, ECHILD);
    });
  });

test('orphans go to the nearest subreaper, else to init; PR_SET_PDEATHSIG', async (t) => {
  for (const subreaper of [0, 1])
    await run(t, {}, async (libc) => {
      await libc.prctl(PR_SET_CHILD_SUBREAPER, subreaper);
      let told = 0;
      await libc.fork(async (child) => {
        await child.fork(async (grandchild) => {
          await grandchild.signal(SIGTERM, () => told++);
          await grandchild.prctl(PR_SET_PDEATHSIG, SIGTERM);
          await grandchild.pause();
          t.is(await grandchild.getppid(), subreaper === 1 ? 2 : 1);
        });
        await child.sleep(1);
      });
      t.is(await libc.wait(), 3);
      await libc.sleep(1);
      t.is(told, 1);
      t.is(await libc.wait(), subreaper === 1 ? 4 : -1);
    });
});

test('clone: CLONE_FILES shares the table, CLONE_VM the memory, CLONE_PARENT the parent', async (t) => {
  await run(t, {}, async (libc) => {
    const bytes = new Uint8Array(1);
    const at = libc.cpu.memory.map(bytes);
    const child = async (l: Libc): Promise<number> => {
      await l.dup2(1, 20);
      l.cpu.memory.bytes(at)![0]!++;
      return l.getppid();
    };
    const st: { value?: number } = {};
    await libc.clone(child, SIGCHLD, null);
    t.is(await libc.wait(st), 3);
    t.is(st.value, 2 << 8);
    t.is(await libc.fcntl(20, F_GETFD), -1);
    t.is(bytes[0], 0);
    await libc.clone(child, CLONE_FILES | CLONE_VM | SIGCHLD, null);
    await libc.wait(st);
    t.is(await libc.fcntl(20, F_GETFD), 0);
    t.is(bytes[0], 1);
    await libc.fork(async (l) => {
      const sibling = await l.clone(child, CLONE_PARENT | SIGCHLD, null);
      return sibling;
    });
    t.true((await libc.wait(st)) > 0 && (await libc.wait(st)) > 0, 'the child of my child is mine');
  });
});

test('execve closes what is marked, ends the other threads, keeps the process id', async (t) => {
  const kernel = boot_for(t);
  kernel.install('/bin/fds', async (libc, argv) => {
    const open: number[] = [];
    for (let fd = 0; fd < 20; fd++) if ((await libc.fcntl(fd, F_GETFD)) !== -1) open.push(fd);
    await libc.printf('%d %d [%s] %s', await libc.getpid(), await libc.gettid(), open.join(' '), argv.join(' '));
  });
  const status = await kernel.run(async (libc) => {
    await libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    await libc.socket(AF_UNIX, SOCK_STREAM, 0);
    await libc.pthread_create(null, null, (l) => l.pause(), null);
    await libc.pthread_create(null, null, (l) => l.execv('/bin/fds', ['fds', 'a']), null);
    await libc.pause();
  });
  t.is(status, 0);
  t.is(kernel.output(), '2 2 [0 1 2 4] fds a');
  nothing_left(t, kernel);
});

test('execve in a task that shares its table gets a table of its own', async (t) => {
  const kernel = boot_for(t);
  kernel.install('/bin/true', async () => 0);
  await kernel.run(async (libc) => {
    const fd = await libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    await libc.clone((l) => l.execv('/bin/true', ['true']), CLONE_FILES | SIGCHLD, null);
    await libc.wait();
    t.is(await libc.fcntl(fd, F_GETFD), FD_CLOEXEC);
  });
  nothing_left(t, kernel);
});

test('scripts name their interpreter, with one argument', async (t) => {
  const kernel = boot_for(t);
  kernel.install('/bin/args', async (libc, argv, env) => {
    await libc.printf('%s %s', argv.join('|'), env['A']);
  });
  kernel.install('/bin/script', new TextEncoder().encode('#! /bin/args  -x y \nrest'));
  t.is(await kernel.run('/bin/script', ['ignored', '1'], { A: 'b' }), 0);
  t.is(kernel.output(), '/bin/args|-x y|/bin/script|1 b');
  await t.throwsAsync(async () => kernel.run('/bin/none'), { message: /ENOENT/ });
});

test('vfork: the parent sleeps until the child has left its memory', async (t) => {
  await run(t, {}, async (libc) => {
    const order: string[] = [];
    await libc.vfork(async (child) => {
      await child.sleep(1);
      order.push('child');
      return child._exit(0);
    });
    order.push('parent');
    t.deepEqual(order, ['child', 'parent']);
    await libc.wait();
  });
});

test('pidfd: readable at the end, waited for, sent signals, asked for descriptors', async (t) => {
  await run(t, {}, async (libc) => {
    const pid = await libc.fork(async (child) => {
      await child.pause();
    });
    const fd = await libc.pidfd_open(pid);
    t.is(await libc.poll([{ fd, events: 1 }], 0), 0);
    const copy = await libc.pidfd_getfd(fd, 1);
    t.is(await libc.fcntl(copy, F_GETFD), FD_CLOEXEC);
    t.is(await libc.pidfd_send_signal(fd, SIGKILL), 0);
    t.is(await libc.poll([{ fd, events: 1 }], -1), 1);
    const info: { si_pid?: number; si_status?: number } = {};
    t.is(await libc.waitid(P_PIDFD, fd, info, WEXITED), 0);
    t.deepEqual([info.si_pid, info.si_status], [pid, SIGKILL]);
    t.is(await libc.pidfd_send_signal(fd, 0), -1);
    t.is(libc.errno, ESRCH);
  });
});

test('one of 10,000 children', async (t) => {
  await run(t, {}, async (libc) => {
    const N = 10_000;
    for (let i = 0; i < N; i++)
      await libc.fork(async (child) => {
        await child.pause();
      });
    await libc.kill(5000, SIGKILL);
    t.is(await libc.wait(), 5000);
    await libc.signal(SIGTERM, SIG_IGN);
    await libc.kill(0, SIGTERM);
    for (let i = 1; i < N; i++) if ((await libc.wait()) === -1) t.fail(`child ${i}`);
  });
});

test('clone: the ids where they are wanted; CLONE_CHILD_CLEARTID clears and wakes', async (t) => {
  await run(t, {}, async (libc) => {
    const words = new Uint8Array(16);
    const at = libc.cpu.memory.map(words);
    const flags = CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
    const pid = await libc.clone(async (child) => (await child.usleep(1000)) + 1, flags, null, at, at + 8);
    t.deepEqual([words[0], words[8]], [pid, pid]);
    t.is(await libc.syscall(NR.futex, at + 8, FUTEX_WAIT, pid, null), 0);
    t.is(words[8], 0);
    await libc.wait();
    libc.unmap(at);
  });
});

test('clone: no namespaces; threads and handlers need shared memory', async (t) => {
  for (const flags of [CLONE_NEWPID, CLONE_NEWNS, CLONE_THREAD | CLONE_VM, CLONE_SIGHAND])
    await run(t, {}, async (libc) => {
      t.is(await libc.clone(async () => 0, flags | SIGCHLD, null), -1);
      t.is(libc.errno, EINVAL);
    });
});

test('unshare: folders and umask, descriptors; the rest only for who is alone', async (t) => {
  await run(t, {}, async (libc) => {
    const child = async (l: Libc): Promise<number> => {
      await l.unshare(CLONE_FS | CLONE_FILES);
      await l.umask(0o77);
      await l.close(0);
      return 0;
    };
    await libc.clone(child, CLONE_FS | CLONE_FILES | SIGCHLD, null);
    await libc.wait();
    t.is(await libc.umask(0o22), 0o22);
    t.is(await libc.fcntl(0, F_GETFD), 0);
    t.is(await libc.unshare(CLONE_THREAD | CLONE_VM), 0);
    t.is(await libc.unshare(CLONE_NEWNS), -1);
    await libc.pthread_create(null, null, (l) => l.pause(), null);
    t.is(await libc.unshare(CLONE_THREAD), -1);
    t.is(libc.errno, EINVAL);
  });
});

test('kill asks who one is: EPERM, but SIGCONT in the session, and the same user', async (t) => {
  await run(t, {}, async (libc) => {
    const victim = await libc.fork(async (l) => {
      await l.pause();
    });
    const other = await libc.fork(async (l) => {
      await l.setuid(1000);
      await l.pause();
    });
    await libc.usleep(100);
    await libc.fork(async (l) => {
      await l.setuid(1000);
      t.is(await l.kill(victim, SIGTERM), -1);
      t.is(l.errno, EPERM);
      t.is(await l.kill(victim, 0), -1);
      t.is(await l.tgkill(victim, victim, SIGTERM), -1);
      t.is(l.errno, EPERM);
      t.is(await l.kill(victim, SIGCONT), 0);
      t.is(await l.kill(0, SIGCONT), 0);
      t.is(await l.kill(other, SIGTERM), 0);
      await l.setsid();
      t.is(await l.kill(victim, SIGCONT), -1);
    });
    const info: { si_pid?: number; si_uid?: number } = {};
    t.is(await libc.waitid(P_PID, other, info, WEXITED), 0);
    t.is(info.si_uid, 1000);
    await libc.wait();
    t.is(await libc.kill(victim, SIGKILL), 0);
    await libc.wait();
  });
});

test('/proc/self/exe is the file that runs, whatever it was called', async (t) => {
  const kernel = boot_for(t);
  kernel.install('/opt/show', async (libc) => {
    const path = new Uint8Array(100);
    await libc.write(1, path, await libc.readlink('/proc/self/exe', path));
  });
  await kernel.run(async (libc) => {
    t.is(await libc.readlink('/proc/self/exe', new Uint8Array(9)), -1);
    t.is(libc.errno, ENOENT, 'the host passed a function');
    await libc.chdir('/opt');
    await libc.symlink('show', 'link');
    await libc.execve('./link', ['x'], []);
  });
  t.is(kernel.output(), '/opt/show');
  nothing_left(t, kernel);
});
