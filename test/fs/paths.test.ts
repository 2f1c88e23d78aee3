// Every call that takes a path, on every kind of path, by root and by a user: what Linux answers, and what it does to the tree.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { type Libc, type Stat, boot } from '../../index.js';
import { NR, errno_names } from '../../kernel-mock/include/uapi/index.js';
import { nothing_left } from '../helpers.js';

/** By call and caller: for each path the answer, behind it what has changed. */
const TABLE = new Map<string, Map<string, string>>();
for (const line of readFileSync(new URL('../../../test/fs/paths.tsv', import.meta.url), 'utf8').split('\n')) {
  if (line === '' || line.startsWith('#')) continue;
  const [call = '', who = '', answer = '', paths = ''] = line.split('\t');
  const key = `${call}, ${who}`;
  const row = TABLE.get(key) ?? new Map<string, string>();
  TABLE.set(key, row);
  for (const path of paths.split(' ')) row.set(path, answer);
}

const O = { C: 0o100, X: 0o200, T: 0o1000, A: 0o2000, N: 0o4000, D: 0o200000, NF: 0o400000, P: 0o10000000 };
const TMPFILE = 0o20200000;
const AT = -100;

type Arg = number | string | Uint8Array;
/** Registers of a call: text is a path, a pointer to it. `p` is the path of the row. */
type Call = (p: string) => readonly [keyof typeof NR, ...Arg[]];

const room = (n: number): Uint8Array => new Uint8Array(n);
const TIMES = new Uint8Array(BigInt64Array.of(5n, 6n, 7n, 8n).buffer);
const how = (flags: number, resolve: number): Uint8Array =>
  new Uint8Array(BigInt64Array.of(BigInt(flags), 0n, BigInt(resolve)).buffer);

const CALLS: Readonly<Record<string, Call>> = {
  'open rdonly': (p) => ['open', p, O.N, 0],
  'open wronly': (p) => ['open', p, O.N | 1, 0],
  'open trunc': (p) => ['open', p, O.N | 2 | O.T, 0],
  'open rdonly trunc': (p) => ['open', p, O.N | O.T, 0],
  'open creat': (p) => ['open', p, O.N | O.C, 0o666],
  'open creat excl': (p) => ['open', p, O.N | O.C | O.X | 2, 0o666],
  'open directory': (p) => ['open', p, O.N | O.D, 0],
  'open nofollow': (p) => ['open', p, O.N | O.NF, 0],
  'open path': (p) => ['open', p, O.P, 0],
  'open path nofollow': (p) => ['open', p, O.P | O.NF, 0],
  'open tmpfile': (p) => ['open', p, TMPFILE | 2, 0o600],
  'open creat directory': (p) => ['open', p, O.C | O.D, 0o600],
  'open append': (p) => ['open', p, O.N | 1 | O.A, 0],
  'open directory wronly': (p) => ['open', p, O.N | O.D | 1, 0],
  'open creat nofollow': (p) => ['open', p, O.N | O.C | O.NF, 0o666],
  'open noatime': (p) => ['open', p, O.N | 0o1000000, 0],
  'openat2 in_root': (p) => ['openat2', AT, p, how(0, 0x10), 24],
  'openat2 beneath': (p) => ['openat2', AT, p, how(O.N, 0x8), 24],
  'openat2 no symlinks': (p) => ['openat2', AT, p, how(O.N, 0x4), 24],
  'openat2 no magic': (p) => ['openat2', AT, p, how(O.N, 0x2), 24],
  creat: (p) => ['creat', p, 0o666],
  'access 0': (p) => ['access', p, 0],
  'access 1': (p) => ['access', p, 1],
  'access 2': (p) => ['access', p, 2],
  'access 4': (p) => ['access', p, 4],
  'access 7': (p) => ['access', p, 7],
  'faccessat2 nofollow': (p) => ['faccessat2', AT, p, 4, 0x100],
  'faccessat2 empty': (p) => ['faccessat2', AT, p, 2, 0x1000],
  chmod: (p) => ['chmod', p, 0o2711],
  'fchmodat2 nofollow': (p) => ['fchmodat2', AT, p, 0o711, 0x100],
  'chown none': (p) => ['chown', p, -1, -1],
  'chown user': (p) => ['chown', p, 1000, -1],
  'chown group': (p) => ['chown', p, -1, 1000],
  'chown group 5': (p) => ['chown', p, -1, 5],
  lchown: (p) => ['lchown', p, 1000, 1000],
  'fchownat empty': (p) => ['fchownat', AT, p, -1, -1, 0x1000],
  'truncate 0': (p) => ['truncate', p, 0],
  'truncate 100': (p) => ['truncate', p, 100],
  mkdir: (p) => ['mkdir', p, 0o777],
  rmdir: (p) => ['rmdir', p],
  unlink: (p) => ['unlink', p],
  'unlinkat removedir': (p) => ['unlinkat', AT, p, 0x200],
  'mknod file': (p) => ['mknod', p, 0o100666, 0],
  'mknod fifo': (p) => ['mknod', p, 0o10666, 0],
  'mknod null': (p) => ['mknod', p, 0o20666, 0x103],
  'mknod dir': (p) => ['mknod', p, 0o40777, 0],
  'mknod 0': (p) => ['mknod', p, 0o666, 0],
  readlink: (p) => ['readlink', p, room(100), 100],
  stat: (p) => ['stat', p, room(144)],
  lstat: (p) => ['lstat', p, room(144)],
  'fstatat empty': (p) => ['newfstatat', AT, p, room(144), 0x1000],
  statx: (p) => ['statx', AT, p, 0x100, 0x7ff, room(256)],
  chdir: (p) => ['chdir', p],
  'utimensat now': (p) => ['utimensat', AT, p, 0, 0],
  'utimensat nofollow': (p) => ['utimensat', AT, p, TIMES, 0x100],
  utimes: (p) => ['utimes', p, TIMES],
  symlink: (p) => ['symlink', 'target', p],
  'symlink to it': (p) => ['symlink', p, 'new'],
  'link it': (p) => ['link', p, 'new'],
  'link to it': (p) => ['link', 'u', p],
  'linkat follow': (p) => ['linkat', AT, p, AT, 'new', 0x400],
  'linkat empty': (p) => ['linkat', AT, p, AT, 'new', 0x1000],
  'rename it': (p) => ['rename', p, 'new'],
  'rename file to it': (p) => ['rename', 'u', p],
  'rename dir to it': (p) => ['rename', 'd', p],
  'rename empty dir to it': (p) => ['rename', 'ed', p],
  'rename it below d': (p) => ['rename', p, 'ed/x'],
  'rename noreplace': (p) => ['renameat2', AT, 'u', AT, p, 1],
  'rename exchange': (p) => ['renameat2', AT, 'u', AT, p, 2],
  'rename exchange dir': (p) => ['renameat2', AT, 'ed', AT, p, 2],
  'rename whiteout': (p) => ['renameat2', AT, p, AT, 'new', 4],
  'rename both': (p) => ['renameat2', AT, p, AT, 'new', 3],
  'rename link to it': (p) => ['rename', 'lf', p],
  'rename to slash': (p) => ['rename', p, 'new/'],
  setxattr: (p) => ['setxattr', p, 'user.a', Uint8Array.of(49), 1, 0],
  'lsetxattr trusted': (p) => ['lsetxattr', p, 'trusted.a', Uint8Array.of(49), 1, 0],
  getxattr: (p) => ['getxattr', p, 'user.a', room(9), 9],
  listxattr: (p) => ['listxattr', p, room(9), 9],
  inotify_add_watch: (p) => ['inotify_add_watch', p, 2],
  'inotify onlydir': (p) => ['inotify_add_watch', p, 0x1000002],
  'inotify dont follow': (p) => ['inotify_add_watch', p, 0x2000002],
};

function path_of(name: string): string {
  switch (name) {
    case "''":
      return '';
    case 'N255':
      return 'a'.repeat(255);
    case 'N256':
      return 'a'.repeat(256);
    case 'P4095':
      return `${'./'.repeat(2047)}f`;
    case 'P4096':
      return `${'./'.repeat(2047)}/f`;
    default:
      return name;
  }
}

const FILES: readonly (readonly [name: string, mode: number, text: string, uid?: number])[] = [
  ['f', 0o644, 'hello world'],
  ['e', 0o600, ''],
  ['d/f', 0o644, 'in d'],
  ['sd/f', 0o644, 'x'],
  ['sd/u', 0o644, 'x', 1000],
  ['nd/f', 0o644, 'x'],
  ['ro', 0o444, 'ro'],
  ['wo', 0o222, 'wo'],
  ['ex', 0o4755, 'ex'],
  ['u', 0o644, 'u', 1000],
  ['ud/f', 0o644, 'x'],
];
const DIRECTORIES = [
  ['d', 0o755],
  ['ed', 0o777],
  ['sd', 0o1777],
  ['nd', 0o700],
  ['ud', 0o755, 1000],
] as const;
const LINKS = [
  ['f', 'lf'],
  ['d', 'ld'],
  ['none', 'dang'],
  ['loop', 'loop'],
  ['lf', 'l2'],
  ['nd/f', 'ln'],
] as const;

async function plant(libc: Libc): Promise<void> {
  await libc.umask(0);
  await libc.mkdir('/t', 0o777);
  await libc.chdir('/t');
  for (const [name, mode, uid = 0] of DIRECTORIES) {
    await libc.mkdir(name, 0o777);
    await libc.chown(name, uid, uid);
    await libc.chmod(name, mode);
  }
  for (const [name, mode, text, uid = 0] of FILES) {
    const fd = await libc.creat(name, 0o600);
    await libc.write(fd, text);
    await libc.close(fd);
    await libc.chmod(name, mode);
    await libc.chown(name, uid, uid);
  }
  for (const [target, name] of LINKS) await libc.symlink(target, name);
  await libc.mkfifo('p', 0o666);
  await libc.mknod('s', 0o140666, 0);
  await libc.umask(0o22);
}

/** Type, mode, links, owner and size of everything there is, by name. */
async function snapshot(libc: Libc, dir = '.', out = new Map<string, string>()): Promise<Map<string, string>> {
  const stream = await libc.opendir(dir);
  if (stream === null) throw new Error(dir);
  for (let entry = await libc.readdir(stream); entry !== null; entry = await libc.readdir(stream)) {
    const { d_name } = entry;
    if (d_name === '..' || (d_name === '.' && dir !== '.')) continue;
    const name = dir === '.' ? d_name : `${dir}/${d_name}`;
    const st: Partial<Stat> = {};
    await libc.lstat(name, st);
    const type = st.st_mode! & 0o170000;
    const fields = [st.st_mode!.toString(8), st.st_nlink, st.st_uid, st.st_gid, type === 0o40000 ? '' : st.st_size];
    const target = room(100);
    const n = type === 0o120000 ? await libc.readlink(name, target) : -1;
    if (n !== -1 && n < 40) fields.push(String.fromCharCode(...target.subarray(0, n)));
    out.set(name.length < 40 ? name : `N${name.length}`, fields.join(','));
    if (type === 0o40000 && d_name !== '.') await snapshot(libc, name, out);
  }
  await libc.closedir(stream);
  return out;
}

function difference(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string {
  const changes: string[] = [];
  for (const name of [...new Set([...a.keys(), ...b.keys()])].sort((x, y) => (x < y ? -1 : 1))) {
    if (!b.has(name)) changes.push(`-${name}`);
    else if (!a.has(name)) changes.push(`+${name}:${b.get(name)!}`);
    else if (a.get(name) !== b.get(name)) changes.push(`${name}:${b.get(name)!}`);
  }
  return changes.length === 0 ? '' : ` {${changes.join(' ')}}`;
}

const bytes_of = (text: string): Uint8Array => Uint8Array.from(`${text}\0`, (c) => c.charCodeAt(0));

async function make(libc: Libc, call: Call, path: string): Promise<string> {
  const [name, ...args] = call(path);
  const ino = name === 'inotify_add_watch' ? [await libc.inotify_init1(0)] : [];
  const regs = args.map((arg) => (typeof arg === 'string' ? bytes_of(arg) : arg));
  const ret = await libc.syscall(NR[name], ...ino, ...regs);
  return ret === -1 ? errno_names[libc.errno]! : String(ret);
}

/** The call on `path` in a child, as `who`: what it answered, or the signal that ended it. */
async function answer(libc: Libc, call: Call, who: string, path: string): Promise<string> {
  let got = '';
  const pid = await libc.fork(async (child) => {
    if (who === 'user') {
      await child.setgroups(0, []);
      await child.setresgid(1000, 1000, 1000);
      await child.setresuid(1000, 1000, 1000);
    }
    // What would wait for a reader for ever is ended, as it was on Linux.
    await child.alarm(3);
    got = await make(child, call, path_of(path));
  });
  const status: { value?: number } = {};
  await libc.waitpid(pid, status, 0);
  return status.value === 0 ? got : `SIG${status.value}`;
}

const answers_as_linux = test.macro(async (t, key: string) => {
  const [name = '', who = ''] = key.split(', ');
  const call = CALLS[name]!;
  const rows = [...TABLE.get(key)!];
  // Calls that change nothing share a tree.
  const quiet = rows.filter(([, expected]) => !expected.includes('{'));
  const loud = rows.filter(([, expected]) => expected.includes('{'));
  for (const group of [quiet, ...loud.map((row) => [row])]) {
    const kernel = boot({ output: null });
    const got = new Map<string, string>();
    await kernel.run(async (libc: Libc) => {
      await plant(libc);
      const before = await snapshot(libc);
      for (const [path] of group) got.set(path, await answer(libc, call, who, path));
      const changes = difference(before, await snapshot(libc));
      const [last] = group[group.length - 1] ?? [];
      if (last !== undefined) got.set(last, got.get(last)! + changes);
    });
    for (const [path, expected] of group) t.is(got.get(path), expected, path);
    nothing_left(t, kernel);
  }
});
for (const key of TABLE.keys()) test.serial(key, answers_as_linux, key);
