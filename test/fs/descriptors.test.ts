// Every call that takes a descriptor, on every kind of descriptor: what Linux answers, and nothing left.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { type Libc, boot } from '../../index.js';
import { F_ADD_SEALS, NR, errno_names } from '../../kernel-mock/include/uapi/index.js';
import { Arena } from '../arch/arena.js';
import { nothing_left } from '../helpers.js';

/** By call: what each kind of descriptor is answered with. */
const TABLE = new Map<string, Map<string, string>>();
for (const line of readFileSync(new URL('../../../test/fs/descriptors.tsv', import.meta.url), 'utf8').split('\n')) {
  if (line === '' || line.startsWith('#')) continue;
  const [call = '', answer = '', kinds = ''] = line.split('\t');
  const row = TABLE.get(call) ?? new Map<string, string>();
  TABLE.set(call, row);
  for (const kind of kinds.split(' ')) row.set(kind, answer);
}

/** Kinds that bad pointers need not. */
async function furnish_more(libc: Libc, fds: Record<string, number>): Promise<void> {
  const open = async (kind: string, path: string, flags: number, mode = 0): Promise<void> => {
    fds[kind] = await libc.open(path, flags, mode);
  };
  await open('wofile', 'f', 1);
  await open('append', 'f', 0o2002);
  await open('opath', 'f', 0o10000000);
  await open('opathdir', 'd', 0o10200000);
  await open('opathlink', 'l', 0o10400000);
  await libc.mkfifo('p', 0o644);
  await open('fifo', 'p', 2);
  await open('full', '/dev/full', 2);
  await open('random', '/dev/urandom', 0);
  await open('procdir', '/proc/self/fd', 0);
  fds['sealed'] = await libc.memfd_create('m', 2);
  await libc.write(fds['sealed'], 'hello world');
  await libc.fcntl(fds['sealed'], F_ADD_SEALS, 15);
  await open('tmpfile', '.', 0o20200002, 0o600);
  fds['closed'] = 99;
  fds['-1'] = -1;
}

async function answer(libc: Libc, arena: Arena, call: string, kind: string): Promise<string> {
  const [name = '', ...args] = call.split(' ');
  const fd = arena.fds[kind]!;
  if (name === 'poll') {
    const fds = [{ fd, events: 0x3fff, revents: 0 }];
    await libc.poll(fds, 0);
    return `0x${fds[0]!.revents.toString(16)}`;
  }
  const [a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0] = args.map((arg) =>
    arg === '@' ? fd : arena.register(arg, -1),
  );
  const ret = await libc.cpu.syscall(NR[name as keyof typeof NR], a1, a2, a3, a4, a5, a6);
  return ret < 0 ? errno_names[-ret]! : String(ret);
}

const answers_as_linux = test.macro(async (t, call: string) => {
  for (const [kind, expected] of TABLE.get(call)!) {
    const kernel = boot({ output: null });
    let got = '';
    const status = await kernel.run(async (libc: Libc) => {
      const arena = new Arena(libc);
      await arena.furnish();
      await furnish_more(libc, arena.fds);
      await libc.signal(13, 1);
      // What would sleep for ever is ended, as it was on Linux.
      await libc.alarm(2);
      got = await answer(libc, arena, call, kind);
    });
    t.is((status & 0x7f) === 0 ? got : `SIG${status & 0x7f}`, expected, kind);
    nothing_left(t, kernel);
  }
});
for (const call of TABLE.keys()) test.serial(call, answers_as_linux, call);
