import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { examples } from '../../tools/demo.js';
import { RELEASES, ROUTES } from '../helpers.js';

const CLI = resolve('dist/cli.js');

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Ends of the commands that run now: a file's tests start all at once, and so many processes would only wait for each other. */
const lanes: Promise<unknown>[] = Array.from({ length: Math.max(2, availableParallelism()) }, () => Promise.resolve());
let next_lane = 0;

/** Run the command; `stdin` null leaves its standard input open, as many callers do. */
function cli(
  args: readonly string[],
  { cwd = '.', stdin = '' }: { cwd?: string; stdin?: string | null } = {},
): Promise<Ended> {
  const lane = next_lane++ % lanes.length;
  const ended = lanes[lane]!.then(() => start(args, cwd, stdin));
  lanes[lane] = ended;
  return ended;
}

function start(args: readonly string[], cwd: string, stdin: string | null): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [CLI, ...args], { cwd, timeout: 30_000 }, (error, stdout, stderr) => {
      done({ status: Number(error?.code ?? 0), stdout, stderr });
    });
    if (stdin !== null) child.stdin?.end(stdin);
  });
}

/** A folder with the given files, gone after the test. */
function folder(t: ExecutionContext, files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'sys-indirect-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

// Bad usage: one line on stderr, nothing on stdout, status 2.
const refuses = test.macro({
  async exec(t, args: readonly string[], line: string) {
    t.deepEqual(await cli(args), { status: 2, stdout: '', stderr: `sys-indirect: ${line}\n` });
  },
  title: (_, args: readonly string[]) => `refuses: ${args.join(' ')}`,
});

const ALL = [...RELEASES, 'host'].join(', ');
const COMMANDS = 'there are run, kernels, demo, explore';
const RUN_OPTIONS =
  'run has --kernel, --route, --seed, --junk, --env, --log, --json, --timeline, --leaks, --inject, --overlay, --fault, --strace, --help';
const PROGRAM = 'examples/echo-fcntl.ts';
const DEFAULT = 'a program file says export default async (libc, argv, env) => exit status';

test(refuses, ['dance'], `unknown command 'dance'; ${COMMANDS}`);
test(refuses, ['help', 'dance'], `unknown command 'dance'; ${COMMANDS}`);
test(
  refuses,
  ['--dance'],
  "unknown option '--dance'; there are --version, --help and the commands run, kernels, demo, explore",
);
test(refuses, ['kernels', '--dance'], "unknown option '--dance'; kernels has --json, --help");
test(refuses, ['kernels', 'all'], "too many arguments for 'kernels'. Expected 0 arguments but got 1.");
test(refuses, ['demo', 'all'], "too many arguments for 'demo'. Expected 0 arguments but got 1.");
test(refuses, ['run'], 'run needs a FILE: sys-indirect run FILE [ARGS...] [options]');
test(refuses, ['run', '--kernel', '6.18'], 'run needs a FILE: sys-indirect run FILE [ARGS...] [options]');
test(refuses, ['run', '--'], 'run needs a FILE: sys-indirect run FILE [ARGS...] [options]');
test(refuses, ['run', '--dance', PROGRAM], `unknown option '--dance'; ${RUN_OPTIONS}`);
test(
  refuses,
  ['run', PROGRAM, '--kernel', '2.4'],
  `option '--kernel <RELEASE>' argument '2.4' is invalid. Allowed choices are ${ALL}.`,
);
test(refuses, ['run', PROGRAM, '--kernel'], `option '--kernel <RELEASE>' argument missing; there are ${ALL}`);
test(
  refuses,
  ['run', PROGRAM, '--route', 'scenic'],
  `option '--route <ROUTE>' argument 'scenic' is invalid. Allowed choices are ${ROUTES.join(', ')}.`,
);
test(refuses, ['run', PROGRAM, '--seed', 'x'], "option '--seed <N>' argument 'x' is invalid. It is a whole number.");
test(
  refuses,
  ['run', PROGRAM, '--seed', '1.5'],
  "option '--seed <N>' argument '1.5' is invalid. It is a whole number.",
);
for (const junk of ['256', '-1', 'x', ''])
  test(
    refuses,
    ['run', PROGRAM, '--junk', junk],
    `option '--junk <BYTE>' argument '${junk}' is invalid. It is a byte, 0 to 255 or 0x00 to 0xff.`,
  );
test(refuses, ['run', PROGRAM, '--env', 'A'], "option '--env <NAME=VALUE>' argument 'A' is invalid. It is NAME=VALUE.");
test(
  refuses,
  ['run', PROGRAM, '--inject', 'sokcet:error=EIO'],
  "--inject=sokcet:error=EIO: there is no system call 'sokcet'; did you mean socket?",
);
test(
  refuses,
  ['run', PROGRAM, '--overlay', 'podman'],
  "there is no overlay 'podman'; there are docker-eperm, seccomp-kill, enosys:NAME, einval-flag:NAME:FLAG",
);
test(
  refuses,
  ['run', PROGRAM, '--fault=socket:signal=HUP'],
  "--fault=socket:signal=HUP: a fault has no 'signal'; --inject has, and a fault takes error, when, syscall, fd, path, flag, task, arg1 … arg6",
);
test(refuses, ['run', 'nowhere.ts'], 'there is no file nowhere.ts');
test(refuses, ['run', 'examples'], 'examples is no program file: that is .js, .mjs, .cjs, .ts or .mts');
test(refuses, ['run', 'LICENSE'], 'LICENSE is no program file: that is .js, .mjs, .cjs, .ts or .mts');

test('installs what a program file exports as programs', async (t) => {
  const { status, stdout } = await cli(['run', 'examples/shell.ts', '--kernel', '2.6.23']);
  t.deepEqual([status, stdout], [0, '4 4 14\n']);
});

for (const option of ['json', 'timeline'])
  test(`refuses a ${option} that cannot be written`, async (t) => {
    const { status, stderr } = await cli(['run', PROGRAM, `--${option}`, 'nowhere/file']);
    t.is(status, 2);
    t.regex(stderr, new RegExp(`^sys-indirect: cannot write --${option} nowhere/file: ENOENT.*\\n$`));
  });

const LEAK = `export default async (libc) => {
  await libc.socket(1, 1, 0);
  const pid = await libc.fork(async (libc) => { await libc.execve('/bin/child', ['child'], []); });
  await libc.waitpid(pid, null, 0);
};
export const programs = { '/bin/child': async () => {} };`;
test('a leak is the status, and the log has the lines that the report names', async (t) => {
  const cwd = folder(t, { 'main.mjs': LEAK });
  const args = ['run', 'main.mjs', '--leaks', '--log', 'log', '--json', 'json', '--timeline', 'trace'];
  const { status, stdout, stderr } = await cli(args, { cwd });
  t.deepEqual([status, stdout], [124, '']);
  const [, line] = /made by task 2 \(main\.mjs\) with socket\(1, 1, 0\) at line (\d+)\n/.exec(stderr)!;
  t.regex(stderr, /1 leaked; 1 program was started by execve\n$/);
  const lines = (name: string): string[] => readFileSync(join(cwd, name), 'utf8').trimEnd().split('\n');
  t.is(lines('log')[Number(line) - 1], '2 > socket(1, 1, 0)');
  t.like(JSON.parse(lines('json')[Number(line) - 1]!), { event: 'enter', call: 'socket', n: Number(line) });
  t.true((JSON.parse(lines('trace').join('')) as { traceEvents: unknown[] }).traceEvents.length > 10);
});
test('no leak', async (t) => {
  const { status, stderr } = await cli(['run', 'examples/shell.ts', '--leaks']);
  t.deepEqual([status, stderr], [0, 'sys-indirect: no descriptor leaked; 4 programs were started by execve\n']);
});

test('refuses a log that cannot be written', async (t) => {
  const { status, stderr } = await cli(['run', PROGRAM, '--log', 'nowhere/log']);
  t.is(status, 2);
  t.regex(stderr, /^sys-indirect: cannot write --log nowhere\/log: ENOENT.*\n$/);
});

const CALLS = `export default async (libc, argv) => {
  await libc.getppid();
  await libc.close(9);
  await libc.printf('%s\\n', argv.slice(1).join(' '));
};`;

test('writes what strace would', async (t) => {
  const options = ['--strace', '-q', '-e', 'trace=getppid,close', '-e', 'inject=close:error=EIO'];
  t.deepEqual(await cli(['run', 'main.mjs', ...options], { cwd: folder(t, { 'main.mjs': CALLS }) }), {
    status: 0,
    stdout: '\n',
    stderr:
      'getppid()                               = 1\n' +
      'close(9)                                = -1 EIO (Input/output error) (INJECTED)\n',
  });
});

test("strace's letters are the program's own in a run without it", async (t) => {
  t.deepEqual(await cli(['run', 'main.mjs', '-e', 'x', '-f'], { cwd: folder(t, { 'main.mjs': CALLS }) }), {
    status: 0,
    stdout: '-e x -f\n',
    stderr: '',
  });
});

test('strace writes to a file, each line with its task', async (t) => {
  const cwd = folder(t, { 'main.mjs': CALLS });
  const { status, stderr } = await cli(['run', 'main.mjs', '--strace', '-f', '-o', 'out', '-e', 'getppid'], { cwd });
  t.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  t.is(
    readFileSync(join(cwd, 'out'), 'utf8'),
    '2     getppid()                         = 1\n2     +++ exited with 0 +++\n',
  );
});

test('injects, and tells of rules that did nothing', async (t) => {
  const { status, stdout, stderr } = await cli(
    [
      'run',
      'main.mjs',
      '--inject=socket:retval=9',
      '--fault',
      'socketpair',
      '--inject=accept:error=EIO',
      '--fault=pipe2',
    ],
    {
      cwd: folder(t, {
        'main.mjs': `export default async (libc) => {
  await libc.printf('%d %d %d\\n', await libc.socket(1, 1, 0), await libc.socketpair(1, 1, 0, [0, 0]), libc.errno);
};`,
      }),
    },
  );
  t.deepEqual([status, stdout], [0, '9 -1 38\n']);
  t.is(
    stderr,
    `sys-indirect: --inject=accept:error=EIO did nothing: no call was as it says
sys-indirect: --fault=pipe2 did nothing: no call was as it says
`,
  );
});

// What everybody expects of a command.
for (const args of [
  ['--help'],
  ['-h'],
  ['help'],
  ['run', '--help'],
  ['help', 'run'],
  ['kernels', '--help'],
  ['demo', '--help'],
])
  test(`helps: ${args.join(' ')}`, async (t) => {
    const { status, stdout, stderr } = await cli(args);
    t.deepEqual([status, stderr], [0, '']);
    t.regex(stdout, /^Usage: sys-indirect/);
  });

test('without arguments it helps on stderr', async (t) => {
  const { status, stdout, stderr } = await cli([]);
  t.deepEqual([status, stdout], [2, '']);
  t.regex(stderr, /^Usage: sys-indirect[^]*Examples:/);
});

for (const flag of ['--version', '-V'])
  test(`tells its version: ${flag}`, async (t) => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    t.deepEqual(await cli([flag]), { status: 0, stdout: `${version}\n`, stderr: '' });
  });

// Programs: the text of a file, how it is called, and what comes of it.
interface Run {
  readonly file?: string;
  readonly args?: readonly string[];
  readonly before?: readonly string[];
  readonly stdin?: string | null;
}

const runs = test.macro({
  async exec(
    t,
    text: string,
    { file = 'main.mjs', args = [], before = [], stdin = '' }: Run,
    expected: Partial<Ended>,
  ) {
    const cwd = folder(t, { [file]: text, 'double.ts': 'export const double = (n: number): number => 2 * n;\n' });
    const ended = await cli(['run', ...before, file, ...args], { cwd, stdin });
    t.deepEqual(ended, { status: 0, stdout: '', stderr: '', ...expected });
  },
  title: (title) => `run: ${title ?? ''}`,
});

const SHOW = `export default async (libc, [, ...args], env) => {
  await libc.puts(JSON.stringify([args, env]));
};`;
const shows = (args: readonly string[], env = {}): Partial<Ended> => ({ stdout: `${JSON.stringify([args, env])}\n` });

test(
  'arguments and environment',
  runs,
  SHOW,
  { args: ['a', '--env', 'A=1', '--env', 'B=x=y'] },
  shows(['a'], { A: '1', B: 'x=y' }),
);
test('options before the file', runs, SHOW, { before: ['--kernel', '2.6.23'], args: ['a'] }, shows(['a']));
test('options among the arguments', runs, SHOW, { args: ['a', '--seed', '3', 'b'] }, shows(['a', 'b']));
test('options of the program', runs, SHOW, { args: ['-x', '--port', '80', '--seed=3'] }, shows(['-x', '--port', '80']));
test('all after dashes', runs, SHOW, { args: ['a', '--', '--seed', '-h', '--'] }, shows(['a', '--seed', '-h', '--']));
test('dashes before the file', runs, SHOW, { before: ['--junk', '0xff', '--'], args: ['--seed'] }, shows(['--seed']));

const returns = (value: string): string => `export default async (libc) => ${value};`;
test('nothing is 0', runs, returns('undefined'), {}, { status: 0 });
test('status 3', runs, returns('3'), {}, { status: 3 });
test('a status is a byte', runs, returns('256 + 7'), {}, { status: 7 });
test('exit', runs, returns('libc.exit(9)'), {}, { status: 9 });
test(
  'what the program leaves behind does not keep us',
  runs,
  'setInterval(() => {}, 1000);' + returns('4'),
  {},
  { status: 4 },
);

const CAT = `export default async (libc) => {
  const buf = new Uint8Array(4);
  for (let n; (n = await libc.read(0, buf)) > 0; ) await libc.write(1, buf.subarray(0, n));
};`;
test('standard input', runs, CAT, { stdin: 'what is piped\n' }, { stdout: 'what is piped\n' });
test('no standard input', runs, CAT, { stdin: '' }, {});
test('an open standard input that nobody reads', runs, returns('5'), { stdin: null }, { status: 5 });

const PAIR = 'export default async (libc) => { const sv = [0, 0]; await libc.socketpair(1, 1, 0, sv);';
test(
  'killed by a signal',
  runs,
  `${PAIR} await libc.close(sv[0]); await libc.write(sv[1], 'x'); }`,
  {},
  { status: 128 + 13, stderr: 'sys-indirect: main.mjs: killed by SIGPIPE\n' },
);

// Runs that come to no end of their own: 125.
const fails = test.macro({
  async exec(t, file: string, text: string, expected: RegExp) {
    const { status, stdout, stderr } = await cli(['run', file], { cwd: folder(t, { [file]: text }) });
    t.deepEqual([status, stdout], [125, '']);
    t.regex(stderr, expected);
  },
  title: (title) => `fails: ${title ?? ''}`,
});

test(
  'an export programs that is none',
  fails,
  'main.mjs',
  "export default async () => {}; export const programs = { 'bin/x': async () => {} };",
  /^sys-indirect: main\.mjs: its export 'programs' is no record of programs by path: a program is installed at an absolute path, not at 'bin\/x'\n$/,
);
test(
  'an export programs whose programs are none',
  fails,
  'main.mjs',
  "export default async () => {}; export const programs = { '/bin/x': 7 };",
  /^sys-indirect: main\.mjs: its export 'programs' is no record of programs by path: /,
);
test(
  'a dead lock',
  fails,
  'main.mjs',
  `${PAIR} await libc.read(sv[0], new Uint8Array(1)); }`,
  /^sys-indirect: main\.mjs: dead lock: .*\n {2}task 2 \(main\.mjs\) in read\(3, .*\n$/,
);
test(
  'a program that throws',
  fails,
  'main.mjs',
  "export default async function main() {\n  throw new TypeError('no');\n}",
  /^sys-indirect: main\.mjs: task 2 \(main\.mjs\) threw TypeError: no\n {4}at .*main\.mjs:2:9\)\n$/,
);
test(
  'TypeScript that throws, by its own lines',
  fails,
  'main.ts',
  "interface Long {\n  line: string;\n}\nexport default async (): Promise<Long> => {\n  throw new TypeError('no');\n};",
  /^sys-indirect: main\.ts: task 2 \(main\.ts\) threw TypeError: no\n {4}at .*main\.ts:5:9\)\n$/,
);
test(
  'a status that is none',
  fails,
  'main.mjs',
  returns("'three'"),
  /^sys-indirect: main\.mjs: task 2 \(main\.mjs\) threw TypeError: it returned .*three.*\n$/,
);
test(
  'two calls at once',
  fails,
  'main.mjs',
  `${PAIR} void libc.read(sv[0], new Uint8Array(1)); await libc.getpid(); }`,
  /^sys-indirect: main\.mjs: task 2 \(main\.mjs\) calls getpid while its read has not returned.*\n$/,
);
test(
  'a promise that is never kept',
  fails,
  'main.mjs',
  returns('new Promise(() => {})'),
  /^sys-indirect: main\.mjs: it awaits something outside the kernel that never comes\n$/,
);
test(
  'a file that throws',
  fails,
  'main.mjs',
  "throw new Error('early');",
  /^sys-indirect: main\.mjs: cannot be loaded: Error: early\n {4}at .*main\.mjs:1:7\n$/,
);
test(
  'an import that leads nowhere',
  fails,
  'main.mjs',
  "import './nowhere.js';",
  /^sys-indirect: main\.mjs: cannot be loaded: Error: Cannot find module .*nowhere\.js.*\n$/,
);
test(
  'a syntax error',
  fails,
  'main.mjs',
  'const = 3;',
  /^sys-indirect: main\.mjs: cannot be loaded: SyntaxError: .*\n.*main\.mjs:1\n/,
);
test(
  'a syntax error in TypeScript',
  fails,
  'main.ts',
  'const x: = 3;',
  /^sys-indirect: main\.ts: cannot be loaded: SyntaxError: /,
);

// Kinds of program files. The folder has no package of its own: the imports find the one that runs.
const UAPI = "import { AF_UNIX } from 'sys-indirect/uapi';\nimport { boot } from 'sys-indirect';\n";
test(
  '.js',
  runs,
  `${UAPI}${returns('AF_UNIX + typeof boot().run.length')}`.replace('typeof ', ''),
  { file: 'main.js' },
  { status: 4 },
);
test(
  '.ts',
  runs,
  `import type { Program } from 'sys-indirect';
import { AF_UNIX } from 'sys-indirect/uapi';
import { double } from './double.js';
const main: Program = async (libc): Promise<number> => double(AF_UNIX);
export default main;`,
  { file: 'main.ts' },
  { status: 2 },
);
test('.mts', runs, 'export default async (): Promise<number> => 6;', { file: 'main.mts' }, { status: 6 });
test('.cjs', runs, 'module.exports = async () => 8;', { file: 'main.cjs' }, { status: 8 });

const lacks = test.macro(async (t, text: string, stderr: string) => {
  t.deepEqual(await cli(['run', 'main.mjs'], { cwd: folder(t, { 'main.mjs': text }) }), {
    status: 2,
    stdout: '',
    stderr,
  });
});
test(
  'no default export',
  lacks,
  'export const main = 1;',
  `sys-indirect: main.mjs has no default export; ${DEFAULT}\n`,
);
for (const [value, what] of [
  ['{}', 'of type object'],
  ['null', 'null'],
] as const)
  test(
    `a default export that is ${what}`,
    lacks,
    `export default ${value};`,
    `sys-indirect: the default export of main.mjs is ${what}, not a function; ${DEFAULT}\n`,
  );

// Kernel, route, log.
const SOCKET = `import { AF_UNIX, SOCK_STREAM, SOCK_CLOEXEC, F_GETFD } from 'sys-indirect/uapi';
export default async (libc) => {
  const fd = await libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return fd === -1 ? 100 + libc.errno : libc.fcntl(fd, F_GETFD);
};`;
const EINVAL = 22;
const ENOSYS = 38;
for (const [kernel, route, status] of [
  ['2.6.23', 'auto', 1],
  ['2.6.23', 'dedicated', 100 + EINVAL],
  ['2.6.23', 'indirect', 100 + ENOSYS],
  ['2.6.23', 'legacy', 1],
  ['2.6.24-rc3-indirect-v3', 'dedicated', 100 + EINVAL],
  ['2.6.24-rc3-indirect-v3', 'indirect', 1],
  ['6.18', 'dedicated', 1],
  ['6.18', 'indirect', 100 + ENOSYS],
] as const)
  test(`${route} on ${kernel}`, runs, SOCKET, { args: ['--kernel', kernel, '--route', route] }, { status });

test('run --log', async (t) => {
  const cwd = folder(t, { 'main.mjs': SOCKET });
  await cli(['run', 'main.mjs', '--kernel', '2.6.24-rc3-indirect-v3', '--route', 'indirect', '--log', 'log'], { cwd });
  const log = readFileSync(join(cwd, 'log'), 'utf8');
  t.regex(log, /^2 > indirect\(0x\w+, 0x\w+, 4\) \{socket\(1, 1, 0\)\} flags 0x80000$/m);
  t.regex(log, /^2 {3}fd 3 opened, close-on-exec\n2 < indirect\{socket\} = 3$/m);
});

// kernels
test('kernels --json', async (t) => {
  const { status, stdout } = await cli(['kernels', '--json']);
  const rows = JSON.parse(stdout) as Record<string, unknown>[];
  t.is(status, 0);
  const pick = ({
    name,
    sock_flags,
    fcntl_dupfd_cloexec,
    indirect,
    calls_with_flags,
  }: Record<string, unknown>): unknown[] => [
    name,
    (sock_flags as string[]).length,
    (calls_with_flags as Record<string, boolean>)['accept4'],
    fcntl_dupfd_cloexec,
    (indirect as { arguments: number } | null)?.arguments ?? null,
    (indirect as { whitelist: string[] | null } | null)?.whitelist?.length ?? null,
  ];
  t.deepEqual(rows.map(pick), [
    ['2.6.22', 0, false, false, null, null],
    ['2.6.23', 0, false, false, null, null],
    ['2.6.24-rc3-indirect-v1', 0, false, true, 3, null],
    ['2.6.24-rc3-indirect-v3', 0, false, true, 3, 3],
    ['2.6.24-rc3-indirect-v5', 0, false, true, 4, 6],
    ['indirect-next', 0, false, true, 4, 15],
    ['2.6.26', 0, false, true, null, null],
    ['2.6.27', 2, false, true, null, null],
    ['2.6.28', 2, true, true, null, null],
    ['6.18', 2, true, true, null, null],
  ]);
});

test('kernels', async (t) => {
  const { status, stdout } = await cli(['kernels']);
  t.is(status, 0);
  for (const name of RELEASES) t.is(stdout.split('\n').filter((line) => line.startsWith(`${name} `)).length, 2, name);
  t.regex(stdout, /^2\.6\.27 +CLOEXEC, NONBLOCK +- +yes +dup3/m);
  t.regex(stdout, /^2\.6\.24-rc3-indirect-v3 +- +- +yes +indirect: 3 arguments; white-list socket, accept,/m);
  t.true(stdout.split('\n').every((line) => line.length <= 120));
});

// demo: what the table says, row by row. Written down from the history of the calls, not from the code.
type Row = readonly [route: string, when: string, calls: string];
const LEGACY_SOCKETS = (probe: string): Record<string, Row> => ({
  socket: ['legacy', 'window of 1 call', `socket=EINVAL, ${probe}, socket, fcntl`],
  socketpair: ['legacy', 'window of 2 calls', `socketpair=EINVAL, ${probe}, socketpair, fcntl, fcntl`],
});
const LEGACY_ACCEPT = (probe: string): Record<string, Row> => ({
  accept4: ['legacy', 'window of 1 call', `accept4=ENOSYS, ${probe}, accept, fcntl`],
});
const INDIRECT: Record<string, Row> = {
  socket: ['indirect', 'atomic', 'socket=EINVAL, indirect(socket)=EAFNOSUPPORT, indirect(socket)'],
  socketpair: ['indirect', 'atomic', 'socketpair=EINVAL, indirect(socketpair)=EAFNOSUPPORT, indirect(socketpair)'],
  accept4: ['indirect', 'atomic', 'accept4=ENOSYS, indirect(accept)=EBADF, indirect(accept)'],
};
const DEDICATED_SOCKETS: Record<string, Row> = {
  socket: ['dedicated', 'atomic', 'socket'],
  socketpair: ['dedicated', 'atomic', 'socketpair'],
};
const DEDICATED_ACCEPT: Record<string, Row> = { accept4: ['dedicated', 'atomic', 'accept4'] };
const NOBODY = 'indirect=ENOSYS';
const TIMERFD = 'timerfd_settime=EFAULT';
const TABLE: Readonly<Record<string, Record<string, Row>>> = {
  '2.6.22': { ...LEGACY_SOCKETS(NOBODY), ...LEGACY_ACCEPT(NOBODY) },
  '2.6.23': { ...LEGACY_SOCKETS(NOBODY), ...LEGACY_ACCEPT(NOBODY) },
  '2.6.24-rc3-indirect-v1': INDIRECT,
  '2.6.24-rc3-indirect-v3': INDIRECT,
  '2.6.24-rc3-indirect-v5': INDIRECT,
  'indirect-next': INDIRECT,
  '2.6.26': { ...LEGACY_SOCKETS(TIMERFD), ...LEGACY_ACCEPT(TIMERFD) },
  '2.6.27': { ...DEDICATED_SOCKETS, ...LEGACY_ACCEPT(TIMERFD) },
  '2.6.28': { ...DEDICATED_SOCKETS, ...DEDICATED_ACCEPT },
  '6.18': { ...DEDICATED_SOCKETS, ...DEDICATED_ACCEPT },
};

/** The rows of the table whose head begins with `title`, as cells; the lines of a broken last cell joined again. */
function table(text: string, title: string): string[][] {
  const [, body = ''] = text.split(new RegExp(`^(?=${title} )`, 'm'));
  const rows: string[][] = [];
  for (const line of body
    .slice(0, body.search(/\n\n|$/))
    .trimEnd()
    .split('\n'))
    if (line.startsWith(' ')) rows.at(-1)!.push(`${rows.at(-1)!.pop()!} ${line.trim()}`);
    else rows.push(line.split(/ {2,}/));
  return rows;
}

test('demo', async (t) => {
  const { status, stdout, stderr } = await cli(['demo']);
  t.deepEqual([status, stderr], [0, '']);
  t.deepEqual(
    stdout.split('\n').filter((line) => line.length > 120),
    [],
  );

  const rows = RELEASES.flatMap((release) =>
    ['socket', 'socketpair', 'accept4'].map((name) => [release, name, ...(TABLE[release]?.[name] ?? ['missing here'])]),
  );
  t.deepEqual(table(stdout, 'RELEASE'), [['RELEASE', 'FUNCTION', 'ROUTE', 'CLOSE-ON-EXEC', 'SYSTEM CALLS'], ...rows]);

  const [head, ...outputs] = table(stdout, 'EXAMPLE');
  t.deepEqual(head, ['EXAMPLE', 'RELEASE', 'EXIT', 'OUTPUT']);
  const files = examples.map(({ file }) => file);
  // Those talk to programs of the machine, and these are for the explorer, which boots their kernels.
  const host_only = ['echo-server.ts', 'leak-ls.ts'];
  const scenarios = ['eintr.ts', 'full-pipes.ts', 'lost-wakeup.ts', 'race-accept.ts', 'reused-descriptor.ts'];
  t.deepEqual(
    [...files, ...host_only, ...scenarios, 'thundering-herd.ts', 'two-readers.ts'].sort(),
    readdirSync('examples'),
  );
  t.deepEqual(
    outputs.map(([file, release]) => [file, release]),
    files.flatMap((file) => RELEASES.map((release) => [file, release])),
  );
  const said = (file: string, release: string): string[] =>
    outputs.find((row) => row[0] === file && row[1] === release)!.slice(2);
  t.deepEqual(said('indirect-v3.ts', '2.6.24-rc3-indirect-v3'), [
    '0',
    'old: close-on-exec not set new: close-on-exec is set',
  ]);
  t.deepEqual(said('echo-accept4.ts', '2.6.23'), ['0', '3 clients served, 3 connections close-on-exec']);
});

test('demo says the same each time', async (t) => {
  t.is((await cli(['demo'])).stdout, (await cli(['demo'])).stdout);
});
