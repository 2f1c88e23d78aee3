import test from 'ava';
import {
  AF_UNIX,
  EBADF,
  ECHILD,
  EINVAL,
  ENOENT,
  ENOTTY,
  EPERM,
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
  POSIX_SPAWN_RESETIDS,
  POSIX_SPAWN_SETPGROUP,
  POSIX_SPAWN_SETSID,
  POSIX_SPAWN_SETSIGDEF,
  POSIX_SPAWN_SETSIGMASK,
  POSIX_SPAWN_USEVFORK,
  type Program,
  type SigSetT,
  type SpawnAttr,
  type SpawnFileActions,
} from '../../index.js';
import { RELEASES, ROUTES, boot_for, nothing_left } from '../helpers.js';

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

for (const release of RELEASES)
  for (const route of ROUTES)
    test(`opendir on ${release}, route ${route}: its descriptor is marked`, async (t) => {
      const kernel = boot_for(t, { release, route });
      await kernel.run(async (libc) => {
        const dir = await libc.opendir('/');
        t.not(dir, null);
        // 2.6.22 drops O_CLOEXEC in silence, and this route looks no further.
        const dropped = release === '2.6.22' && route === 'dedicated';
        t.is(await libc.fcntl(dir!.fd, F_GETFD), dropped ? 0 : FD_CLOEXEC);
        t.is(await libc.closedir(dir!), 0);
      });
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

test('attributes by their functions', async (t) => {
  await output(t, async (libc) => {
    const attr: SpawnAttr = {};
    t.is(libc.posix_spawnattr_init(attr), 0);
    t.is(libc.posix_spawnattr_setflags(attr, 0x100), EINVAL);
    t.is(libc.posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK), 0);
    t.is(libc.posix_spawnattr_setpgroup(attr, 7), 0);
    const set: SigSetT = {};
    libc.sigemptyset(set);
    set.lo = 5;
    t.is(libc.posix_spawnattr_setsigmask(attr, set), 0);
    t.is(libc.posix_spawnattr_setsigdefault(attr, [1, 34]), 0);
    set.lo = 9;
    const [flags, pgroup, mask, dfl]: [{ value?: number }, { value?: number }, SigSetT, SigSetT] = [{}, {}, {}, {}];
    libc.posix_spawnattr_getflags(attr, flags);
    libc.posix_spawnattr_getpgroup(attr, pgroup);
    libc.posix_spawnattr_getsigmask(attr, mask);
    libc.posix_spawnattr_getsigdefault(attr, dfl);
    t.deepEqual([flags.value, pgroup.value, mask, dfl], [0x88, 7, { lo: 5, hi: 0 }, { lo: 1, hi: 2 }]);
    t.is(libc.posix_spawnattr_destroy(attr), 0);
  });
});

// Seen with glibc 2.36 on Linux 6.18.
const REFUSED: readonly (readonly [string, (libc: Libc, fa: SpawnFileActions, attr: SpawnAttr) => unknown, number])[] =
  [
    ['addclose of -1', (libc, fa) => libc.posix_spawn_file_actions_addclose(fa, -1), EBADF],
    ['adddup2 of -1', (libc, fa) => libc.posix_spawn_file_actions_adddup2(fa, -1, 3), EBADF],
    ['adddup2 to -1', (libc, fa) => libc.posix_spawn_file_actions_adddup2(fa, 3, -1), EBADF],
    ['addopen as -1', (libc, fa) => libc.posix_spawn_file_actions_addopen(fa, -1, 'x', 0, 0), EBADF],
    ['addclosefrom of -1', (libc, fa) => libc.posix_spawn_file_actions_addclosefrom_np(fa, -1), EBADF],
    ['fchdir to what is not open', (libc, fa) => libc.posix_spawn_file_actions_addfchdir_np(fa, 77), EBADF],
    ['tcsetpgrp without a terminal', (libc, fa) => libc.posix_spawn_file_actions_addtcsetpgrp_np(fa, 3), ENOTTY],
    [
      'a group that is not there',
      (_libc, _fa, attr) => Object.assign(attr, { flags: POSIX_SPAWN_SETPGROUP, pgroup: 99999 }),
      EPERM,
    ],
    [
      'a negative group',
      (_libc, _fa, attr) => Object.assign(attr, { flags: POSIX_SPAWN_SETPGROUP, pgroup: -1 }),
      EINVAL,
    ],
  ];
for (const [name, step, errno] of REFUSED)
  test(`posix_spawn: ${name}`, async (t) => {
    await output(t, async (libc) => {
      await libc.open('/dev/null', 0, 0);
      const fa: SpawnFileActions = {};
      const attr: SpawnAttr = {};
      libc.posix_spawn_file_actions_init(fa);
      const added = step(libc, fa, attr);
      if (added !== errno) t.is(await libc.posix_spawn(null, '/bin/show', fa, attr, ['show']), errno);
    });
  });

test('posix_spawn: fchdir, a session of its own, real ids', async (t) => {
  const kernel = boot_for(t);
  const seen: unknown[] = [];
  kernel.install('/bin/look', async (libc) => {
    const pid = await libc.getpid();
    seen.push(await libc.getcwd(), (await libc.getsid(0)) === pid, await libc.geteuid(), await libc.getegid());
  });
  await kernel.run(async (libc) => {
    await libc.mkdir('/d', 0o755);
    await libc.setegid(5);
    await libc.seteuid(1000);
    const fa = {};
    libc.posix_spawn_file_actions_addfchdir_np(fa, await libc.open('/d', 0, 0));
    const flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_RESETIDS | POSIX_SPAWN_USEVFORK;
    t.is(await libc.posix_spawn(null, '../bin/look', fa, { flags }, ['look']), 0);
    await libc.wait();
    t.is(await libc.posix_spawn(null, '/bin/look', null, null, ['look']), 0);
    await libc.wait();
  });
  t.deepEqual(seen, ['/d', true, 0, 0, '/', false, 1000, 5]);
});
