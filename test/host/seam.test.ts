import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import test from 'ava';
import { hostKernel } from '../../host.js';
import { load_driver } from '../../kernel-host/index.js';
import {
  AF_UNIX,
  EBADF,
  EBUSY,
  EFAULT,
  EINVAL,
  ENOSYS,
  FD_CLOEXEC,
  F_GETFD,
  NR,
  O_CLOEXEC,
  O_NONBLOCK,
  EAGAIN,
  SOCK_CLOEXEC,
  SOCK_STREAM,
} from '../../kernel-mock/include/uapi/index.js';
import { on_host, runs } from './facts.js';

on_host('a program sees the process that it runs in', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    t.is(await libc.getpid(), process.pid);
    t.is(await libc.gettid(), process.pid);
    t.is(await libc.getppid(), process.ppid);
    const buf = new Uint8Array(4096);
    const fd = await libc.open('/proc/version', 0, 0);
    const n = await libc.read(fd, buf);
    t.is(Buffer.from(buf.subarray(0, n)).toString(), readFileSync('/proc/version', 'utf8'));
  }),
);

on_host('bytes go through a pipe, small and large', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const fds: [number, number] = [0, 0];
    t.is(await libc.pipe2(fds, O_CLOEXEC), 0);
    t.is(await libc.fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    for (const size of [1, 16, 63, 64, 4096, 60_000]) {
      const sent = Uint8Array.from({ length: size }, (_, i) => i % 251);
      t.is(await libc.write(fds[1], sent), size);
      const got = new Uint8Array(size + 1);
      t.is(await libc.read(fds[0], got), size);
      t.deepEqual(got.subarray(0, size), sent);
    }
  }),
);

on_host('the kernel looks at pointers', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    t.is(await libc.syscall(NR.pipe2, 8, 0), -1);
    t.is(libc.errno, EFAULT);
    t.is(await libc.syscall(NR.read, 0, 8, -1), -1);
    t.true([EFAULT, EINVAL].includes(libc.errno));
  }),
);

on_host(
  "descriptors of the runtime do not exist for a program, and are not replaced by one of the program's",
  (t, kernel) =>
    runs(t, kernel, async (libc) => {
      // Node has its own descriptors right after the standard ones.
      for (const call of [
        () => libc.close(3),
        () => libc.dup(3),
        () => libc.fcntl(3, F_GETFD),
        () => libc.read(3, new Uint8Array(1)),
      ]) {
        t.is(await call(), -1);
        t.is(libc.errno, EBADF);
      }
      t.is(await libc.dup2(1, 3), -1);
      t.is(libc.errno, EBUSY);
      const s = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
      t.is(await libc.syscall(NR.close_range, 3, 0xffffffff, 0), 0);
      t.is(await libc.close(s), -1);
      t.is(libc.errno, EBADF);
    }),
);

on_host('what is left open is closed when the program ends', async (t, kernel) => {
  let made = '';
  const links = (): string[] =>
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  await runs(t, kernel, async (libc) => {
    made = readlinkSync(`/proc/self/fd/${await libc.socket(AF_UNIX, SOCK_STREAM, 0)}`);
    t.true(links().includes(made));
  });
  t.false(links().includes(made));
});

on_host('fork is refused with a reason', async (t) => {
  const said: string[] = [];
  const kernel = hostKernel({ refused: (message) => said.push(message) });
  await runs(t, kernel, async (libc) => {
    for (let i = 0; i < 2; i++) {
      t.is(await libc.fork(async () => 0), -1);
      t.is(libc.errno, ENOSYS);
    }
  });
  t.is(said.length, 1);
  t.regex(said[0]!, /^fork is not offered on the host kernel: .*posix_spawn/);
});

on_host('route indirect knows that it has no number here, and is not tried', (t) => {
  const nrs: number[] = [];
  const driver = load_driver();
  const kernel = hostKernel({
    route: 'indirect',
    driver: {
      ...driver,
      syscall(nr, ...regs) {
        nrs.push(nr);
        return driver.syscall(nr, ...regs);
      },
    },
  });
  return runs(t, kernel, async (libc) => {
    t.is(await libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), -1);
    t.is(libc.errno, ENOSYS);
    t.false(nrs.includes(NR.indirect));
  });
});

on_host('a program that throws fails its run', async (t, kernel) => {
  await t.throwsAsync(
    kernel.run(async () => {
      throw new RangeError('no good');
    }),
    { name: 'ProgramError', message: 'the program threw RangeError: no good' },
  );
});

on_host('exit ends the program, and not the runtime', async (t, kernel) => {
  t.is(await kernel.run(async (libc) => libc.exit(7)), 7 << 8);
  t.is(await kernel.run(async () => 3), 3 << 8);
});

on_host('a descriptor that does not block says so', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const fds: [number, number] = [0, 0];
    await libc.pipe2(fds, O_NONBLOCK);
    t.is(await libc.read(fds[0], new Uint8Array(1)), -1);
    t.is(libc.errno, EAGAIN);
  }),
);

test('elsewhere the error says what is needed', (t) => {
  t.throws(() => load_driver('arm64 darwin'), {
    message: 'the host kernel needs Linux on x86-64, and this is arm64 darwin; a mock kernel runs anywhere',
  });
});
