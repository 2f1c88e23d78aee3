/** What the package promises: its public surface, and what package.json says of it. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import * as root from 'sys-indirect';
import * as kernel_mock from 'sys-indirect/kernel-mock';
import * as libc from 'sys-indirect/libc';
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

const LIBC = ['descriptor_calls', 'functions', 'libc_loader', 'routes', 'strerror'];

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
    'accept',
    'accept4',
    'bind',
    'close',
    'connect',
    'dprintf',
    'dup',
    'dup2',
    'exit',
    'fcntl',
    'getenv',
    'getpeername',
    'getpid',
    'getppid',
    'getrlimit',
    'getsockname',
    'getsockopt',
    'gettid',
    'listen',
    'perror',
    'poll',
    'printf',
    'pthread_create',
    'pthread_detach',
    'pthread_join',
    'puts',
    'read',
    'readv',
    'recv',
    'recvfrom',
    'send',
    'sendto',
    'setrlimit',
    'setsockopt',
    'shutdown',
    'signal',
    'socket',
    'socketpair',
    'strerror',
    'syscall',
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
  t.deepEqual(Object.keys(entries), ['.', './libc', './kernel-mock', './uapi']);
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
