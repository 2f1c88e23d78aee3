/** That the benchmark runs and tells what it promises to tell; never how fast anything is. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const BENCH = fileURLToPath(new URL('./bench.js', import.meta.url));

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [BENCH, ...args], { encoding: 'utf8' });
}

interface Output {
  readonly rows: readonly { name: string; mock_ns: unknown; native_ns: unknown; ratio: unknown }[];
  readonly indirect_over_dedicated: unknown;
  readonly boot_us: unknown;
  readonly scaling: readonly { name: string; ratio: unknown; target: unknown }[];
  readonly host: readonly { name: string; host_ns: unknown; target: unknown }[];
  readonly memory: readonly { name: string; bytes: unknown; target: unknown }[];
  readonly explore: Readonly<Record<string, unknown>>;
}

const NAMES = [
  'getppid',
  'fcntl_getfd',
  'socket_close_unix',
  'socket_close_inet',
  'socket_close_indirect',
  'pair_write1_read1',
  'pair_write4096_read4096',
  'pair_write65536_read65536',
  'scm_rights_roundtrip',
  'unix_connect_accept4_close',
  'tcp_connect_accept4_close',
  'pingpong_two_threads',
  'pipe_write1_read1',
  'pipe_write4096_read4096',
  'eventfd_write_read',
  'epoll_wait_1_of_1',
  'poll_64',
  'fork_exit_wait',
  'spawn_wait',
  'signal_handler_roundtrip',
  'futex_pingpong',
];

const positive = (value: unknown): boolean => typeof value === 'number' && value > 0;

test('--json prints every row, and nothing but JSON', (t) => {
  const { status, stdout, stderr } = bench('--quick', '--json');
  t.is(status, 0, stderr);
  const output = JSON.parse(stdout) as Output;
  t.deepEqual(Object.keys(output), [
    'rows',
    'indirect_over_dedicated',
    'boot_us',
    'scaling',
    'memory',
    'host',
    'explore',
  ]);
  t.deepEqual(
    output.rows.map((row) => row.name),
    NAMES,
  );
  for (const row of output.rows) {
    t.deepEqual(Object.keys(row), ['name', 'mock_ns', 'native_ns', 'ratio', 'target']);
    t.true(positive(row.mock_ns), row.name);
    // Without a compiler both are null.
    t.is(row.native_ns === null, row.ratio === null, row.name);
    t.true(row.native_ns === null || (positive(row.native_ns) && positive(row.ratio)), row.name);
  }
  t.true(positive(output.indirect_over_dedicated));
  t.true(positive(output.boot_us));
  t.is(output.scaling.length, 4);
  for (const { name, ratio, target } of output.scaling) t.true(positive(ratio) && positive(target), name);
  // None without koffi, or on another system.
  t.true(output.host.length === 0 || output.host.at(-1)!.name === 'echo_tcp');
  for (const { name, host_ns, target } of output.host) t.true(positive(host_ns) && positive(target), name);
  t.is(output.memory.length, 4);
  for (const { name, bytes, target } of output.memory) t.true(typeof bytes === 'number' && positive(target), name);
  const { targets, ...explored } = output.explore;
  t.is(typeof targets, 'object');
  t.deepEqual(Object.keys(explored), [
    'schedules_per_s',
    'fastcheck_schedules_per_s',
    'traced_ratio',
    'dpor_executions',
    'dfs_executions_at_least',
  ]);
  for (const [name, value] of Object.entries(explored)) t.true(positive(value), name);
});

test('--json with one row prints that row alone', (t) => {
  const { status, stdout, stderr } = bench('--quick', '--json', '--row', 'getppid');
  t.is(status, 0, stderr);
  const output = JSON.parse(stdout) as Output;
  t.deepEqual(Object.keys(output), ['rows']);
  t.deepEqual(
    output.rows.map((row) => row.name),
    ['getppid'],
  );
});

test('without cc the native column says so', (t) => {
  const { status, stdout } = spawnSync(process.execPath, [BENCH, '--quick', '--row', 'getppid'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: '' },
  });
  t.is(status, 0);
  t.regex(stdout, /^getppid +\d+ +\d+ +no cc here/m);
});

const refuses = test.macro<[args: readonly string[], message: RegExp]>({
  exec(t, args, message) {
    const { status, stdout, stderr } = bench(...args);
    t.is(status, 2);
    t.is(stdout, '');
    t.regex(stderr, message);
    t.is(stderr.trimEnd().split('\n').length, 1);
  },
  title: (_provided, args) => `refuses ${args.join(' ')}`,
});

test(refuses, ['--fast'], /--fast/);
test(refuses, ['--row', 'nothing'], /no row 'nothing'; there are getppid, /);
test(refuses, ['--row'], /--row/);
test(refuses, ['getppid'], /getppid/);
