import test from 'ava';
import {
  AF_UNIX,
  EBADF,
  ECHILD,
  EINVAL,
  ENOENT,
  FD_CLOEXEC,
  F_GETFD,
  SIGCHLD,
  SIGUSR1,
  SIG_BLOCK,
  SIG_IGN,
  SOCK_STREAM,
} from 'sys-indirect/uapi';
import {
  type Kernel,
  type Libc,
  POSIX_SPAWN_SETPGROUP,
  POSIX_SPAWN_SETSIGDEF,
  POSIX_SPAWN_SETSIGMASK,
  type Program,
} from '../../index.js';
import { RELEASES, boot_for, nothing_left } from '../helpers.js';

const show: Program = async (libc, argv, env) => {
  const open: number[] = [];
  for (let fd = 3; fd < 20; fd++) if ((await libc.fcntl(fd, F_GETFD)) !== -1) open.push(fd);
  const set: { lo?: number } = {};
  await libc.sigprocmask(SIG_BLOCK, null, set);
  const own = (await libc.getpgrp()) === (await libc.getpid());
  await libc.printf('%s [%s] %s %d %s\n', argv.join(' '), open.join(' '), env['A'], set.lo, own);
  return 3;
};

/** Run `program` where /bin/show and a shell are installed; answers with what was printed. */
async function output(t: Parameters<typeof nothing_left>[0], program: Program): Promise<string> {
  const kernel: Kernel = boot_for(t);
  kernel.install('/bin/show', show);
  kernel.install('/bin/sh', async (libc, argv) => {
    await libc.printf('sh: %s\n', argv.slice(1).join(' '));
    return 5;
  });
  t.is(await kernel.run(program), 0);
  nothing_left(t, kernel);
  return kernel.output();
}

async function status_of(libc: Libc, pid: number | undefined): Promise<number | undefined> {
  const st: { value?: number } = {};
  await libc.waitpid(pid!, st);
  return st.value;
}

test('posix_spawn: file actions in order, attributes, environment', async (t) => {
  const text = await output(t, async (libc) => {
    await libc.socket(AF_UNIX, SOCK_STREAM, 0);
    await libc.socket(AF_UNIX, SOCK_STREAM, 0);
    await libc.signal(SIGUSR1, SIG_IGN);
    const fa = {};
    libc.posix_spawn_file_actions_init(fa);
    libc.posix_spawn_file_actions_adddup2(fa, 3, 9);
    libc.posix_spawn_file_actions_addclose(fa, 3);
    libc.posix_spawn_file_actions_addclose(fa, 77);
    const attr = {
      flags: POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK,
      sigmask: [SIGUSR1],
      sigdefault: [SIGUSR1],
    };
    const pid: { value?: number } = {};
    t.is(await libc.posix_spawn(pid, '/bin/show', fa, attr, ['show', 'x'], { A: 'b' }), 0);
    t.is(await status_of(libc, pid.value), 3 << 8);
    t.is(await libc.fcntl(3, F_GETFD), 0, 'nothing has changed here');
  });
  t.is(text, 'show x [4 9] b 512 true\n');
});

test('posix_spawn: the error of the step that fails, and no zombie', async (t) => {
  await output(t, async (libc) => {
    const fa = {};
    libc.posix_spawn_file_actions_adddup2(fa, 50, 9);
    t.is(await libc.posix_spawn(null, '/bin/show', fa, null, ['show']), EBADF);
    t.is(await libc.posix_spawn(null, '/bin/none', null, null, ['none']), ENOENT);
    t.is(await libc.posix_spawnp(null, 'none', null, null, ['none']), ENOENT);
    t.is(await libc.wait(), -1);
  });
});

test('posix_spawnp looks along PATH; closefrom', async (t) => {
  const text = await output(t, async (libc) => {
    for (let i = 0; i < 4; i++) await libc.socket(AF_UNIX, SOCK_STREAM, 0);
    libc.setenv('PATH', '/usr/bin:/bin', 1);
    const fa = {};
    libc.posix_spawn_file_actions_addclosefrom_np(fa, 4);
    const pid: { value?: number } = {};
    t.is(await libc.posix_spawnp(pid, 'show', fa, null, ['show']), 0);
    await status_of(libc, pid.value);
  });
  t.is(text, 'show [3] (null) 0 false\n');
});

test('system: the shell, its status, SIGCHLD waits until it is over', async (t) => {
  const text = await output(t, async (libc) => {
    let chld = 0;
    await libc.signal(SIGCHLD, () => chld++);
    t.is(await libc.system('a b'), 5 << 8);
    t.is(chld, 1);
  });
  t.is(text, 'sh: -c a b\n');
});

test('exit runs the functions of atexit, the last first; _exit none; a child of fork has them too', async (t) => {
  const text = await output(t, async (libc) => {
    libc.atexit((l) => l.puts('one'));
    libc.atexit((l) => l.puts('two'));
    await libc.fork(async (child) => child._exit(0));
    await libc.wait();
    await libc.fork(async () => {});
    await libc.wait();
  });
  t.is(text, 'two\none\ntwo\none\n');
});

/** A shell of one command: `cat`, `exit N`, `fds` (which descriptors are open), or a text to print. */
const sh: Program = async (libc, argv) => {
  const command = argv[2]!;
  const [word, arg] = command.split(' ');
  if (word === 'exit') return Number(arg);
  if (word === 'fds') {
    const open: number[] = [];
    for (let fd = 0; fd < 20; fd++) if ((await libc.fcntl(fd, F_GETFD)) !== -1) open.push(fd);
    await libc.printf('%s\n', open.join(' '));
  } else if (word === 'cat') {
    const buf = new Uint8Array(100);
    for (let n = await libc.read(0, buf); n > 0; n = await libc.read(0, buf)) await libc.write(1, buf.subarray(0, n));
  } else await libc.printf('%s\n', command);
  return 0;
};

for (const release of RELEASES)
  test(`popen and pclose on ${release}`, async (t) => {
    const kernel = boot_for(t, { release });
    kernel.install('/bin/sh', sh);
    const status = await kernel.run(async (libc) => {
      const r = (await libc.popen('hello, shell', 'r'))!;
      t.is(await libc.fcntl(libc.fileno(r), F_GETFD), 0);
      t.is(await libc.fgets(r), 'hello, shell\n');
      t.is(await libc.fgets(r), null);
      t.is(await libc.pclose(r), 0);
      t.is(await libc.pclose(r), -1);
      t.is(libc.errno, ECHILD);

      const w = (await libc.popen('cat', 'we'))!;
      t.is(await libc.fcntl(libc.fileno(w), F_GETFD), FD_CLOEXEC);
      // The stream of the first command, not marked, is not open in the second.
      const other = (await libc.popen('exit 0', 'w'))!;
      const fds = (await libc.popen('fds', 'r'))!;
      t.is(await libc.fgets(fds), '0 1 2\n');
      await libc.fputs('to the console', w);
      for (const stream of [w, other, fds]) t.is(await libc.pclose(stream), 0);

      t.is(await libc.pclose((await libc.popen('exit 3', 'r'))!), 3 << 8);
      for (const mode of ['', 'rw', 'x', 're+', 'e']) {
        t.is(await libc.popen('exit 0', mode), null);
        t.is(libc.errno, EINVAL, mode);
      }
      t.is(await libc.dup(1), 3, 'nothing is left open');
    });
    t.is(status, 0);
    t.is(kernel.output(), 'to the console');
    nothing_left(t, kernel);
  });

test('without a shell: system tells 127, and popen why', async (t) => {
  const kernel = boot_for(t);
  await kernel.run(async (libc) => {
    t.is(await libc.system('true'), 127 << 8);
    t.is(await libc.system(null), 0);
    t.is(await libc.popen('true', 'r'), null);
    t.is(libc.errno, ENOENT);
    t.is(await libc.dup(1), 3, 'nothing is left open');
  });
  nothing_left(t, kernel);
});
