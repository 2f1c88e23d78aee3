// What was asked of Linux 6.18: splice, tee, vmsplice, sendfile, copy_file_range. The calls are as old as the oldest release, but for the last.
import test from 'ava';
import {
  O_APPEND,
  O_CREAT,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  SOCK_STREAM,
  AF_UNIX,
  SPLICE_F_NONBLOCK,
  SIGPIPE,
  SIG_IGN,
} from '../../kernel-mock/include/uapi/index.js';
import type { Libc, ThrowingLibc } from '../../index.js';
import { type Expected, answers, bytes, msleep, outcome, text, thread } from '../facts.js';

interface Set {
  /** A file "abcdefghij", open for both ways. */
  readonly f: number;
  /** An empty file. */
  readonly g: number;
  /** Two pipes that do not sleep. */
  readonly r: number;
  readonly w: number;
  readonly r2: number;
  readonly w2: number;
}

const on =
  (fact: (libc: Libc, s: Set, ok: ThrowingLibc) => Promise<unknown>) =>
  async (libc: Libc, ok: ThrowingLibc): Promise<unknown> => {
    const f = await ok.open('/tmp/f', O_CREAT | O_RDWR, 0o644);
    await ok.write(f, 'abcdefghij');
    await ok.lseek(f, 0, 0);
    const g = await ok.open('/tmp/g', O_CREAT | O_RDWR, 0o644);
    const [p, q]: [number[], number[]] = [[], []];
    await ok.pipe(p);
    await ok.pipe(q);
    for (const fd of [...p, ...q]) await ok.fcntl(fd, 4, O_NONBLOCK);
    return fact(libc, { f, g, r: p[0]!, w: p[1]!, r2: q[0]!, w2: q[1]! }, ok);
  };

/** What a read gives now: the text, or the name of the error. */
async function taken(libc: Libc, fd: number, room = 100): Promise<string | number> {
  const buf = new Uint8Array(room);
  const n = await libc.read(fd, buf);
  return n === -1 ? outcome(libc, -1) : text(buf, n);
}

function row(
  title: string,
  fact: (libc: Libc, s: Set, ok: ThrowingLibc) => Promise<unknown>,
  expected: Expected,
): void {
  test(title, answers, on(fact), expected);
}

row(
  'splice: file to pipe, from its own position',
  async (libc, { f, r, w }, ok) => [
    await libc.splice(f, null, w, null, 4, 0),
    await ok.lseek(f, 0, 1),
    await taken(libc, r),
  ],
  [4, 4, 'abcd'],
);
row(
  'splice: file to pipe, from an offset',
  async (libc, { f, r, w }, ok) => {
    const off = { value: 8 };
    return [await libc.splice(f, off, w, null, 100, 0), off.value, await ok.lseek(f, 0, 1), await taken(libc, r)];
  },
  [2, 10, 0, 'ij'],
);
row('splice: at the end of a file', (libc, { g, w }) => libc.splice(g, null, w, null, 4, 0), 0);
row(
  'splice: pipe to file, at an offset',
  async (libc, { f, r, w }, ok) => {
    await ok.write(w, 'XYZ');
    const off = { value: 3 };
    return [await libc.splice(r, null, f, off, 100, 0), off.value, await taken(libc, f)];
  },
  [3, 6, 'abcXYZghij'],
);
row(
  'splice: pipe to pipe moves, tee copies',
  async (libc, { r, w, r2, w2 }, ok) => {
    await ok.write(w, 'hello');
    const copied = await libc.tee(r, w2, 3, 0);
    const moved = await libc.splice(r, null, w2, null, 100, 0);
    return [copied, moved, await taken(libc, r2), await taken(libc, r)];
  },
  [3, 5, 'helhello', 'EAGAIN'],
);
row(
  'splice: pipe to socket and socket to pipe',
  async (libc, { r, w, r2, w2 }, ok) => {
    const sv: number[] = [];
    await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    await ok.write(w, 'hello');
    const out = await libc.splice(r, null, sv[0]!, null, 100, 0);
    return [out, await libc.splice(sv[1]!, null, w2, null, 100, 0), await taken(libc, r2)];
  },
  [5, 5, 'hello'],
);
row(
  'splice: what a full pipe takes is what there are pages for',
  async (libc, { w }, ok) => {
    const zero = await ok.open('/dev/zero', O_RDONLY);
    return [
      await libc.splice(zero, null, w, null, 100_000, 0),
      await fails(libc, libc.splice(zero, null, w, null, 1, 0)),
    ];
  },
  [65536, 'EAGAIN'],
);
row(
  'splice: what is spliced is not written on',
  async (libc, { f, r, w }, ok) => {
    await ok.splice(f, null, w, null, 3, 0);
    await ok.write(w, 'x');
    for (let i = 2; i < 16; i++) await ok.splice(f, { value: 0 }, w, null, 1, 0);
    return [await fails(libc, libc.splice(f, { value: 0 }, w, null, 1, 0)), (await taken(libc, r)).toString().length];
  },
  ['EAGAIN', 18],
);

async function fails(libc: Libc, call: Promise<number>): Promise<number | string> {
  return outcome(libc, await call);
}

const errors: readonly (readonly [
  string,
  (libc: Libc, s: Set, ok: ThrowingLibc) => Promise<number>,
  string | number,
])[] = [
  ['splice: nothing, and nothing is looked at', (libc) => libc.splice(99, null, 98, null, 0, 0x100), 0],
  ['splice: an unknown flag before the descriptors', (libc) => libc.splice(99, null, 98, null, 1, 0x100), 'EINVAL'],
  ['splice: no descriptor', (libc, { w }) => libc.splice(99, null, w, null, 1, 0), 'EBADF'],
  ['splice: two files', (libc, { f, g }) => libc.splice(f, null, g, null, 1, 0), 'EINVAL'],
  ['splice: the same pipe', (libc, { r, w }) => libc.splice(r, null, w, null, 1, 0), 'EINVAL'],
  ['splice: an offset for a pipe', (libc, { f, w }) => libc.splice(f, null, w, { value: 0 }, 1, 0), 'ESPIPE'],
  ['splice: the wrong end', (libc, { f, r }) => libc.splice(f, null, r, null, 1, 0), 'EBADF'],
  ['splice: a negative offset', (libc, { f, w }) => libc.splice(f, { value: -1 }, w, null, 1, 0), 'EINVAL'],
  ['splice: a length below zero', (libc, { f, w }) => libc.splice(f, null, w, null, -1, 0), 'EINVAL'],
  ['splice: an empty pipe', (libc, { r, f }) => libc.splice(r, null, f, null, 1, SPLICE_F_NONBLOCK), 'EAGAIN'],
  ['tee: an unknown flag, for nothing', (libc, { r, w2 }) => libc.tee(r, w2, 0, 0x100), 'EINVAL'],
  ['tee: a file', (libc, { f, w }) => libc.tee(f, w, 1, 0), 'EINVAL'],
  ['tee: the same pipe', (libc, { r, w }) => libc.tee(r, w, 1, 0), 'EINVAL'],
  ['vmsplice: a file', (libc, { f }) => libc.vmsplice(f, [bytes('x')], 0), 'EBADF'],
  ['vmsplice: nothing', (libc, { f }) => libc.vmsplice(f, [], 0), 0],
  ['sendfile: from a pipe', (libc, { f, r }) => libc.sendfile(f, r, null, 1), 'EINVAL'],
  ['sendfile: from a pipe, with an offset', (libc, { f, r }) => libc.sendfile(f, r, { value: 0 }, 1), 'ESPIPE'],
  ['sendfile: a count below zero', (libc, { f, g }) => libc.sendfile(g, f, null, -1), 'EINVAL'],
  ['sendfile: not open for writing', (libc, { f, r }) => libc.sendfile(r, f, null, 1), 'EBADF'],
  ['sendfile: to one that appends', append('sendfile'), 'EINVAL'],
  ['splice: to one that appends', append('splice'), 'EINVAL'],
];
for (const [title, fact, expected] of errors) row(title, fact, expected);

function append(call: 'sendfile' | 'splice') {
  return async (libc: Libc, { f, r, w }: Set, ok: ThrowingLibc): Promise<number> => {
    const a = await ok.open('/tmp/g', O_WRONLY | O_APPEND);
    await ok.write(w, 'x');
    return call === 'sendfile' ? libc.sendfile(a, f, null, 1) : libc.splice(r, null, a, null, 1, 0);
  };
}

row(
  'splice: nobody reads',
  async (libc, { f, r, w }, ok) => {
    await ok.sigaction(SIGPIPE, { sa_handler: SIG_IGN, sa_flags: 0, sa_mask: [] }, null);
    await ok.close(r);
    return libc.splice(f, null, w, null, 1, 0);
  },
  'EPIPE',
);
row(
  'splice: sleeps until somebody writes',
  async (libc, { g, r, w }, ok) => {
    await ok.fcntl(r, 4, 0);
    const join = await thread(libc, (own) => own.splice(r, null, g, null, 100, 0));
    await msleep(libc, 1);
    await ok.write(w, 'late');
    return [await join(), await taken(libc, g)];
  },
  [4, ''],
);
row(
  'vmsplice: into a pipe, and out of it',
  async (libc, { r, w }) => {
    const room = [new Uint8Array(3), new Uint8Array(9)];
    return [
      await libc.vmsplice(w, [bytes('ab'), bytes('cde')], 0),
      await libc.vmsplice(r, room, 0),
      text(room[0]!) + text(room[1]!, 2),
    ];
  },
  [5, 5, 'abcde'],
);
row(
  'sendfile: the offset moves, the position stays',
  async (libc, { f, g }, ok) => {
    const off = { value: 7 };
    return [await libc.sendfile(g, f, off, 100), off.value, await ok.lseek(f, 0, 1), await ok.lseek(g, 0, 1)];
  },
  [3, 10, 0, 3],
);

const copies: typeof errors = [
  ['copy_file_range: both positions move', (libc, { f, g }) => libc.copy_file_range(f, null, g, null, 100, 0), 10],
  ['copy_file_range: at the end', (libc, { f, g }) => libc.copy_file_range(g, null, f, null, 9, 0), 0],
  [
    'copy_file_range: ranges that meet',
    (libc, { f }) => libc.copy_file_range(f, null, f, { value: 5 }, 6, 0),
    'EINVAL',
  ],
  ['copy_file_range: ranges side by side', (libc, { f }) => libc.copy_file_range(f, null, f, { value: 5 }, 5, 0), 5],
  ['copy_file_range: flags', (libc, { f, g }) => libc.copy_file_range(f, null, g, null, 1, 1), 'EINVAL'],
  ['copy_file_range: a pipe', (libc, { f, w }) => libc.copy_file_range(f, null, w, null, 1, 0), 'EINVAL'],
  [
    'copy_file_range: past 2^64',
    (libc, { f, g }) => libc.copy_file_range(f, { value: 5 }, g, null, -1, 0),
    'EOVERFLOW',
  ],
];
for (const [title, fact, expected] of copies)
  row(title, fact, (release) => (release.calls.has('copy_file_range') ? expected : 'ENOSYS'));
