import leak_ls from '../../examples/leak-ls.js';
import type { Libc, SpawnAttr, SpawnFileActions } from '../../libc/index.js';
import {
  AF_UNIX,
  ECHILD,
  ENOENT,
  EACCES,
  EBADF,
  O_CREAT,
  O_RDONLY,
  O_WRONLY,
  SIGKILL,
  SIGTERM,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  WNOHANG,
} from '../../kernel-mock/include/uapi/index.js';
import { on_host, runs } from './facts.js';

/** What `argv` prints, and its wait status. */
async function output_of(
  libc: Libc,
  argv: readonly string[],
  more: (fa: SpawnFileActions) => void = () => {},
  attr: SpawnAttr | null = null,
): Promise<[text: string, status: number]> {
  const fds: [number, number] = [-1, -1];
  await libc.pipe2(fds, 0o2000000);
  const fa: SpawnFileActions = {};
  libc.posix_spawn_file_actions_init(fa);
  libc.posix_spawn_file_actions_adddup2(fa, fds[1], 1);
  more(fa);
  const pid: { value?: number } = {};
  const err = await libc.posix_spawnp(pid, argv[0]!, fa, attr, argv, { PATH: '/usr/bin:/bin', LC_ALL: 'C' });
  await libc.close(fds[1]);
  if (err !== 0) throw new Error(`posix_spawnp: ${libc.strerror(err)}`);
  let text = '';
  const buf = new Uint8Array(4096);
  for (let n = await libc.read(fds[0], buf); n > 0; n = await libc.read(fds[0], buf))
    text += Buffer.from(buf.subarray(0, n)).toString();
  await libc.close(fds[0]);
  const status: { value?: number } = {};
  await libc.waitpid(pid.value!, status);
  return [text, status.value!];
}

on_host('a child has 0, 1, 2 and what is not close-on-exec', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const kept = await libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const given = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
    const [list] = await output_of(libc, ['ls', '/proc/self/fd']);
    const fds = list.trim().split('\n').map(Number);
    t.true(fds.includes(given));
    t.false(fds.includes(kept));
  }),
);

on_host('file actions: dup2, close, open, chdir, closefrom', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const s = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
    const [list] = await output_of(libc, ['sh', '-c', 'cat; pwd; ls /proc/$$/fd'], (fa) => {
      libc.posix_spawn_file_actions_addopen(fa, 0, '/proc/sys/kernel/ostype', O_RDONLY, 0);
      libc.posix_spawn_file_actions_addchdir_np(fa, '/proc');
      libc.posix_spawn_file_actions_adddup2(fa, 1, 7);
      libc.posix_spawn_file_actions_addclose(fa, s);
      libc.posix_spawn_file_actions_addclosefrom_np(fa, 8);
    });
    t.deepEqual(
      list
        .trim()
        .split('\n')
        .filter((line) => !/^(3|10|255)$/.test(line)),
      ['Linux', '/proc', '0', '1', '2', '7'],
    );
  }),
);

on_host('attributes: group, session, mask', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const group = { flags: 0x02 | 0x08, pgroup: 0, sigmask: [SIGTERM] };
    const [signals] = await output_of(libc, ['grep', '-E', 'Sig(Blk|Ign)', '/proc/self/status'], undefined, group);
    t.regex(signals, /SigBlk:\t0000000000004000/);
    // Node ignores SIGPIPE: its children do not.
    t.regex(signals, /SigIgn:\t\d{12}[02468]\d{3}/);
    const ids = ['cut', '-d ', '-f1,5,6', '/proc/self/stat'];
    const [own_group] = await output_of(libc, ids, undefined, group);
    t.regex(own_group, /^(\d+) \1 /);
    const [own_session] = await output_of(libc, ids, undefined, { flags: 0x80 });
    t.regex(own_session, /^(\d+) \1 \1\n/);
  }),
);

on_host('what cannot be executed is an error, and leaves no child', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    t.is(await libc.posix_spawn(null, '/no/such/program', null, null, ['x']), ENOENT);
    t.is(await libc.posix_spawn(null, '/etc/passwd', null, null, ['x']), EACCES);
    const fa: SpawnFileActions = {};
    libc.posix_spawn_file_actions_init(fa);
    libc.posix_spawn_file_actions_adddup2(fa, 987, 1);
    t.is(await libc.posix_spawn(null, '/bin/true', fa, null, ['true']), EBADF);
    t.is(await libc.waitpid(-1, null, WNOHANG), -1);
    t.is(libc.errno, ECHILD);
  }),
);

on_host('vfork and an exec function', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const pid = await libc.vfork(async (child) => {
      await child.execve('/bin/sh', ['sh', '-c', 'exit 5'], {});
      return 127;
    });
    const status: { value?: number } = {};
    t.is(await libc.waitpid(pid, status), pid);
    t.is(status.value, 5 << 8);
    const lost = await libc.vfork(async (child) => {
      t.is(await child.execve('/no/such/program', ['x'], {}), -1);
      return 9;
    });
    t.is(await libc.waitpid(lost, status), lost);
    t.is(status.value, 9 << 8);
  }),
);

on_host('waitpid sleeps until a child ends, and does not see those of the runtime', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const pid: { value?: number } = {};
    t.is(await libc.posix_spawn(pid, '/bin/sleep', null, null, ['sleep', '100']), 0);
    t.is(await libc.waitpid(-1, null, WNOHANG), 0);
    await libc.pthread_create(
      null,
      null,
      async (own) => {
        await own.usleep(20_000);
        await own.kill(pid.value!, SIGKILL);
      },
      null,
    );
    const status: { value?: number } = {};
    t.is(await libc.waitpid(-1, status), pid.value!);
    t.is(status.value, SIGKILL);
  }),
);

on_host('the leak example: ls says what it was given', async (t, kernel) => {
  t.is(await kernel.run(leak_ls), 0);
});

on_host('a file that the child is to have is opened in the child', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const path = `/tmp/spawn-${process.pid}`;
    const [, status] = await output_of(libc, ['sh', '-c', 'echo written >&5'], (fa) => {
      libc.posix_spawn_file_actions_addopen(fa, 5, path, O_CREAT | O_WRONLY, 0o600);
    });
    t.is(status, 0);
    const fd = await libc.open(path, O_RDONLY, 0);
    const buf = new Uint8Array(16);
    t.is(await libc.read(fd, buf), 8);
    await libc.unlink(path);
  }),
);
