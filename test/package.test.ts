/** What the package promises: its public surface, and what package.json says of it. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import * as root from 'sys-indirect';
import * as kernel_mock from 'sys-indirect/kernel-mock';
import * as libc from 'sys-indirect/libc';
import * as tools from 'sys-indirect/tools';
import * as uapi from 'sys-indirect/uapi';
import { functions } from '../libc/index.js';

const KERNEL = [
  'DeadlockError',
  'MisuseError',
  'OopsError',
  'ProgramError',
  'boot_kernel',
  'find_release',
  'handlers',
  'releases',
];

const LIBC = [
  'POSIX_SPAWN_RESETIDS',
  'POSIX_SPAWN_SETPGROUP',
  'POSIX_SPAWN_SETSID',
  'POSIX_SPAWN_SETSIGDEF',
  'POSIX_SPAWN_SETSIGMASK',
  'PTHREAD_CANCELED',
  'PTHREAD_CANCEL_ASYNCHRONOUS',
  'PTHREAD_CANCEL_DEFERRED',
  'PTHREAD_CANCEL_DISABLE',
  'PTHREAD_CANCEL_ENABLE',
  'PTHREAD_MUTEX_ERRORCHECK',
  'PTHREAD_MUTEX_NORMAL',
  'PTHREAD_MUTEX_RECURSIVE',
  'descriptor_calls',
  'functions',
  'libc_loader',
  'routes',
  'strerror',
];

/** The names that an entry exports, sorted. Whoever changes one of these lists changes what users can import. */
const exports = test.macro({
  exec(t, entry: object, names: readonly string[]) {
    t.deepEqual(Object.keys(entry), [...names].sort());
  },
  title: (title) => `exports of ${title ?? ''}`,
});

test('sys-indirect', exports, root, [...KERNEL, ...LIBC, 'SystemError', 'boot', 'throwing']);
test('sys-indirect/kernel-mock', exports, kernel_mock, KERNEL);
test('sys-indirect/libc', exports, libc, LIBC);

test('sys-indirect/tools', exports, tools, ['RuleError', 'inject', 'injector', 'parse_fault', 'parse_inject']);

test('sys-indirect/uapi has constants, layouts and nothing that acts', (t) => {
  const kinds = new Set(Object.values(uapi).map((value) => typeof value));
  const acting = Object.entries(uapi as Record<string, unknown>).filter(([, value]) => typeof value === 'function');
  t.deepEqual(acting.map(([name]) => name).sort(), [
    'S_ISBLK',
    'S_ISCHR',
    'S_ISDIR',
    'S_ISFIFO',
    'S_ISLNK',
    'S_ISREG',
    'S_ISSOCK',
    'WCOREDUMP',
    'WEXITSTATUS',
    'WIFCONTINUED',
    'WIFEXITED',
    'WIFSIGNALED',
    'WIFSTOPPED',
    'WSTOPSIG',
    'WTERMSIG',
    'W_EXITCODE',
    'W_STOPCODE',
  ]);
  t.true(kinds.has('number') && kinds.has('object'));
  t.true(Object.keys(uapi).length > 1000);
});

test('functions of the library', (t) => {
  t.deepEqual(Object.keys(functions).sort(), [
    '_exit',
    'abort',
    'accept',
    'accept4',
    'access',
    'alarm',
    'atexit',
    'bind',
    'chdir',
    'chmod',
    'chown',
    'chroot',
    'clearenv',
    'clearerr',
    'clock_getres',
    'clock_gettime',
    'clock_nanosleep',
    'clock_settime',
    'clone',
    'close',
    'close_range',
    'closedir',
    'closefrom',
    'connect',
    'copy_file_range',
    'creat',
    'dirfd',
    'dprintf',
    'dup',
    'dup2',
    'dup3',
    'epoll_create',
    'epoll_create1',
    'epoll_ctl',
    'epoll_pwait',
    'epoll_pwait2',
    'epoll_wait',
    'eventfd',
    'eventfd_read',
    'eventfd_write',
    'execl',
    'execlp',
    'execv',
    'execve',
    'execveat',
    'execvp',
    'execvpe',
    'exit',
    'faccessat',
    'fallocate',
    'fchdir',
    'fchmod',
    'fchmodat',
    'fchown',
    'fchownat',
    'fclose',
    'fcntl',
    'fdatasync',
    'fdopen',
    'fdopendir',
    'feof',
    'ferror',
    'fexecve',
    'fflush',
    'fgetc',
    'fgets',
    'fileno',
    'flock',
    'fopen',
    'fork',
    'fprintf',
    'fputs',
    'fread',
    'fseek',
    'fstat',
    'fstatat',
    'fstatfs',
    'fsync',
    'ftell',
    'ftruncate',
    'futimens',
    'fwrite',
    'getcwd',
    'getegid',
    'getenv',
    'geteuid',
    'getgid',
    'getgroups',
    'getitimer',
    'getpeername',
    'getpgid',
    'getpgrp',
    'getpid',
    'getppid',
    'getresgid',
    'getresuid',
    'getrlimit',
    'getrusage',
    'getsid',
    'getsockname',
    'getsockopt',
    'gettid',
    'gettimeofday',
    'getuid',
    'htonl',
    'htons',
    'inet_addr',
    'inet_aton',
    'inet_ntoa',
    'inet_ntop',
    'inet_pton',
    'inotify_add_watch',
    'inotify_events',
    'inotify_init',
    'inotify_init1',
    'inotify_rm_watch',
    'ioctl',
    'kill',
    'killpg',
    'lchown',
    'link',
    'linkat',
    'listen',
    'lseek',
    'lstat',
    'memfd_create',
    'mkdir',
    'mkdirat',
    'mkfifo',
    'mkfifoat',
    'mknod',
    'mknodat',
    'nanosleep',
    'ntohl',
    'ntohs',
    'open',
    'openat',
    'openat2',
    'opendir',
    'pause',
    'pclose',
    'perror',
    'pidfd_getfd',
    'pidfd_open',
    'pidfd_send_signal',
    'pipe',
    'pipe2',
    'poll',
    'popen',
    'posix_fadvise',
    'posix_spawn',
    'posix_spawn_file_actions_addchdir_np',
    'posix_spawn_file_actions_addclose',
    'posix_spawn_file_actions_addclosefrom_np',
    'posix_spawn_file_actions_adddup2',
    'posix_spawn_file_actions_addopen',
    'posix_spawn_file_actions_destroy',
    'posix_spawn_file_actions_init',
    'posix_spawnp',
    'ppoll',
    'prctl',
    'pread',
    'preadv',
    'preadv2',
    'printf',
    'prlimit',
    'pselect',
    'pthread_cancel',
    'pthread_cleanup_pop',
    'pthread_cleanup_push',
    'pthread_cond_broadcast',
    'pthread_cond_destroy',
    'pthread_cond_init',
    'pthread_cond_signal',
    'pthread_cond_timedwait',
    'pthread_cond_wait',
    'pthread_create',
    'pthread_detach',
    'pthread_equal',
    'pthread_exit',
    'pthread_join',
    'pthread_kill',
    'pthread_mutex_destroy',
    'pthread_mutex_init',
    'pthread_mutex_lock',
    'pthread_mutex_timedlock',
    'pthread_mutex_trylock',
    'pthread_mutex_unlock',
    'pthread_once',
    'pthread_self',
    'pthread_setcancelstate',
    'pthread_setcanceltype',
    'pthread_sigmask',
    'pthread_testcancel',
    'putenv',
    'puts',
    'pwrite',
    'pwritev',
    'pwritev2',
    'raise',
    'read',
    'readahead',
    'readdir',
    'readlink',
    'readlinkat',
    'readv',
    'recv',
    'recvfrom',
    'recvmmsg',
    'recvmsg',
    'remove',
    'rename',
    'renameat',
    'renameat2',
    'rewind',
    'rewinddir',
    'rmdir',
    'sched_yield',
    'select',
    'send',
    'sendfile',
    'sendmmsg',
    'sendmsg',
    'sendto',
    'setegid',
    'setenv',
    'seteuid',
    'setgid',
    'setgroups',
    'setitimer',
    'setpgid',
    'setregid',
    'setresgid',
    'setresuid',
    'setreuid',
    'setrlimit',
    'setsid',
    'setsockopt',
    'settimeofday',
    'setuid',
    'shutdown',
    'sigaction',
    'sigaddset',
    'sigdelset',
    'sigemptyset',
    'sigfillset',
    'sigismember',
    'signal',
    'signalfd',
    'sigpending',
    'sigprocmask',
    'sigqueue',
    'sigsuspend',
    'sigtimedwait',
    'sigwait',
    'sigwaitinfo',
    'sleep',
    'socket',
    'socketpair',
    'splice',
    'stat',
    'statfs',
    'strerror',
    'symlink',
    'symlinkat',
    'sync',
    'sync_file_range',
    'syncfs',
    'syscall',
    'system',
    'tee',
    'tgkill',
    'time',
    'timerfd_create',
    'timerfd_gettime',
    'timerfd_settime',
    'times',
    'truncate',
    'umask',
    'unlink',
    'unlinkat',
    'unsetenv',
    'unshare',
    'usleep',
    'utimensat',
    'vfork',
    'vmsplice',
    'wait',
    'wait3',
    'wait4',
    'waitid',
    'waitpid',
    'write',
    'writev',
  ]);
});

interface PackageJson {
  type: string;
  license: string;
  sideEffects: boolean;
  dependencies?: object;
  peerDependencies?: object;
  optionalDependencies?: object;
  bundledDependencies?: object;
  exports: Record<string, string | Record<string, string>>;
  files: string[];
  bin: Record<string, string>;
  engines: { node: string };
}

const json = JSON.parse(readFileSync('package.json', 'utf8')) as PackageJson;

test('no dependency at run time', (t) => {
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundledDependencies'] as const)
    t.deepEqual(Object.keys(json[kind] ?? {}), []);
});

test('modules only, without side effects, under a free licence', (t) => {
  t.deepEqual([json.type, json.sideEffects, json.license], ['module', false, 'MIT']);
  t.regex(readFileSync('LICENSE', 'utf8'), /MIT License/);
});

test('every entry has its types first', (t) => {
  const { './package.json': self, ...entries } = json.exports;
  t.is(self, './package.json');
  t.deepEqual(Object.keys(entries), ['.', './libc', './kernel-mock', './uapi', './tools']);
  for (const [name, target] of Object.entries(entries)) t.deepEqual(Object.keys(target), ['types', 'default'], name);
});

test('dist and the documents are published, and everything that is promised stands in it', (t) => {
  t.deepEqual(json.files, ['dist', 'docs', 'examples', 'ARCHITECTURE.md', 'CONTRIBUTING.md']);
  const targets = Object.values(json.exports).flatMap((target) =>
    typeof target === 'string' ? [] : Object.values(target),
  );
  for (const path of [...targets, ...Object.values(json.bin)]) t.regex(path, /^(\.\/)?dist\//);
});

test('it says which Node it needs', (t) => {
  t.is(json.engines.node, '>=20.19');
});
