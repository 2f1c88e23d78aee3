/**
 * Small C programs under the real strace, and their twins here: the same text. What the real one said is kept beside each
 * program (NAME.strace); where strace and a compiler are at hand it is recorded anew and compared.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { Program } from '../../../index.js';
import { strace } from '../../../tools/strace/strace.js';
import { boot_for } from '../../helpers.js';

const TWINS = 'test/tools/strace/twins';
const names = readdirSync(TWINS)
  .filter((file) => file.endsWith('.c'))
  .map((file) => file.slice(0, -2));

/** Process ids of five digits: no descriptor and no length looks like one. */
const FIRST_PID = 54321;

/**
 * The part that is compared, without what differs from run to run: process ids by order of appearance, addresses, ports that
 * the kernel chose, numbers of inodes. Where one of them had another width, so has the gap before the result.
 */
function normalised(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const begin = lines.findIndex((line) => line.includes('prctl(PR_SET_NAME, "begin")'));
  if (begin === -1) throw new Error(`the program did not begin:\n${text}`);
  const pids = [...new Set(lines.slice(begin).map((line) => /^\d+/.exec(line)![0]))];
  return lines
    .slice(begin)
    .map((line) =>
      line
        .replace(/\b\d+\b/g, (n) => (pids.includes(n) ? `P${pids.indexOf(n) + 1}` : n))
        .replace(/^(P\d+) +/, '$1 ')
        .replace(/0x[0-9a-f]{5,}/g, (n) => (/^0x(40000001|100000)$/.test(n) ? n : 'ADDR'))
        .replace(/htons\((3[2-9]|[4-6]\d)\d{3}\)/g, (port) => (port === 'htons(48123)' ? port : 'htons(PORT)'))
        .replace(/(<(?:pipe|UNIX|UNIX-STREAM|TCP|UDPv6):\[)\d+(?:->\d+)?/g, (_, head: string) => `${head}INODE`)
        .replace(/(left |, )\{tv_sec=0, tv_([un])sec=\d{5,}\}/g, '$1{tv_sec=0, tv_$2sec=N}')
        .replace(/si_([us])time=\d+/g, 'si_$1time=0')
        .replace(/ru_([us])time=\{tv_sec=0, tv_usec=\d+\}/g, 'ru_$1time={tv_sec=0, tv_usec=N}')
        .replace(/sa_handler=0x[0-9a-f]+/g, 'sa_handler=ADDR'),
    )
    .map((line) => line.replace(/\) +=/, /P\d|ADDR|PORT|INODE/.test(line.slice(3)) ? ') =' : '$&'))
    .join('\n');
}

/**
 * What each task said, in its order, and calls that others interrupt in one piece: tasks of a real kernel race.
 */
function by_task(text: string): Record<string, string[]> {
  const said: Record<string, string[]> = {};
  for (const line of text.split('\n')) {
    const [, task, rest] = /^(P\d+) (.*)$/.exec(line)!;
    const lines = (said[task!] ??= []);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest!);
    const piece = (resumed?.[1] ?? rest!).replace(/ +=/, ' =').replace(/ <unfinished \.\.\.>$/, '');
    if (resumed === null) lines.push(piece);
    else lines.push(lines.pop()! + piece);
  }
  return said;
}

const same_words = (text: string, expected: string): boolean => isDeepStrictEqual(by_task(text), by_task(expected));

/** The same to the letter; of several tasks, whose order is the scheduler's, each by itself. */
function same_text(t: ExecutionContext, text: string, expected: string, name?: string): void {
  if (!/^P2 /m.test(expected)) t.is(text, expected, name);
  else t.deepEqual(by_task(text), by_task(expected), name);
}

interface Twin {
  readonly default: Program;
  readonly programs?: Readonly<Record<string, Program>>;
}

const OPTIONS: Readonly<Record<string, readonly string[]>> = { paths: ['-yy'] };

for (const name of names) {
  const recorded = `${TWINS}/${name}.strace`;

  test(`${name}: the mock writes what strace wrote`, async (t) => {
    const twin = (await import(`./twins/${name}.js`)) as Twin;
    const kernel = boot_for(t);
    kernel.internals.next_pid = FIRST_PID;
    for (const [path, program] of Object.entries(twin.programs ?? {})) kernel.install(path, program);
    let text = '';
    const { tracer } = strace({
      write: (piece) => (text += piece),
      message: null,
      follow: true,
      to_file: true,
      decode_fds: OPTIONS[name]?.includes('-yy') === true ? 2 : 0,
    });
    kernel.set_trace(tracer);
    await kernel.run(twin.default, [name]);
    same_text(t, normalised(text), readFileSync(recorded, 'utf8').trimEnd());
  });
}

/** Can programs be compiled and traced here? */
function missing(): string | null {
  for (const tool of ['cc', 'strace']) if (spawnSync(tool, ['--version']).error !== undefined) return `no ${tool}`;
  const probe = spawnSync('strace', ['-o', '/dev/null', 'true'], { encoding: 'utf8' });
  return probe.status === 0 ? null : `strace may not trace: ${probe.stderr.trim()}`;
}

/** Compile NAME.c and run it under strace in an empty folder. */
function record(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'strace-twin-'));
  try {
    execFileSync('cc', ['-w', '-O0', '-o', join(dir, name), `${TWINS}/${name}.c`]);
    spawnSync('strace', ['-f', ...(OPTIONS[name] ?? []), '-o', join(dir, 'out'), join(dir, name)], {
      cwd: dir,
      timeout: 10_000,
    });
    return normalised(readFileSync(join(dir, 'out'), 'utf8'));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const why = missing();

test('strace writes today what was recorded', (t) => {
  if (why !== null) {
    if (process.env['CI'] !== undefined && why.startsWith('no ')) t.fail(`${why}: the twins cannot be recorded`);
    t.log(`not recorded anew: ${why}`);
    t.pass();
    return;
  }
  for (const name of names) {
    const before = readFileSync(`${TWINS}/${name}.strace`, { encoding: 'utf8', flag: 'a+' }).trimEnd();
    let text = record(name);
    // On a busy machine sleeps last longer than they say, and other things happen then.
    for (let n = 0; n < 4 && !same_words(text, before); n++) text = record(name);
    t.true(text.includes('+++ '));
    if (process.env['RECORD'] !== undefined) writeFileSync(`${TWINS}/${name}.strace`, `${text}\n`);
    else same_text(t, text, before, name);
  }
});
