// A random sequence of file operations against a model: an array of bytes. And what tables can say of positions and of room.
import test from 'ava';
import fc from 'fast-check';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  O_APPEND,
  O_CREAT,
  O_RDWR,
  RWF_APPEND,
  RWF_NOAPPEND,
  RWF_NOWAIT,
  SEEK_DATA,
  SEEK_HOLE,
} from '../../kernel-mock/include/uapi/index.js';
import { type Libc, type ThrowingLibc, throwing } from '../../index.js';
import { type Expected, answers, bytes, outcome, text } from '../facts.js';
import { run } from '../helpers.js';

type Op =
  | { readonly op: 'write' | 'append'; readonly data: Uint8Array }
  | { readonly op: 'pwrite'; readonly data: Uint8Array; readonly at: number }
  | { readonly op: 'seek' | 'truncate'; readonly at: number }
  | { readonly op: 'punch' | 'allocate'; readonly at: number; readonly len: number };

/** The file as a plain array, and where it stands. */
class Model {
  data = new Uint8Array(0);
  pos = 0;

  resize(size: number): void {
    const next = new Uint8Array(size);
    next.set(this.data.subarray(0, size));
    this.data = next;
  }

  put(at: number, data: Uint8Array): void {
    if (data.length === 0) return;
    if (at + data.length > this.data.length) this.resize(at + data.length);
    this.data.set(data, at);
  }

  apply(o: Op): void {
    if ('len' in o) {
      if (o.op === 'punch') this.data.fill(0, o.at, o.at + o.len);
      else if (o.at + o.len > this.data.length) this.resize(o.at + o.len);
    } else if ('data' in o) {
      this.put('at' in o ? o.at : o.op === 'append' ? this.data.length : this.pos, o.data);
      if (o.op === 'write') this.pos += o.data.length;
    } else if (o.op === 'seek') this.pos = o.at;
    else this.resize(o.at);
  }
}

async function apply(ok: ThrowingLibc, fd: number, appender: number, o: Op): Promise<void> {
  if ('len' in o)
    await ok.fallocate(fd, o.op === 'punch' ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : 0, o.at, o.len);
  else if (o.op === 'pwrite') await ok.pwrite(fd, o.data, o.data.length, o.at);
  else if ('data' in o) await ok.write(o.op === 'append' ? appender : fd, o.data);
  else if (o.op === 'seek') await ok.lseek(fd, o.at, 0);
  else await ok.ftruncate(fd, o.at);
}

const at = fc.oneof(fc.nat(20), fc.nat(20_000), fc.constantFrom(4095, 4096, 4097, 8192));
const data = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.nat(9000).map((n) => new Uint8Array(n).fill(n)),
);
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ op: fc.constantFrom('write' as const, 'append' as const), data }),
  fc.record({ op: fc.constant('pwrite' as const), data, at }),
  fc.record({ op: fc.constantFrom('seek' as const, 'truncate' as const), at }),
  fc.record({ op: fc.constantFrom('punch' as const, 'allocate' as const), at, len: fc.integer({ min: 1, max: 9000 }) }),
);

test('a file is an array of bytes', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 20 }), async (ops) => {
      const model = new Model();
      let same = false;
      const status = await run(t, {}, async (libc) => {
        const ok = throwing(libc);
        const fd = await ok.open('/tmp/f', O_CREAT | O_RDWR, 0o600);
        const appender = await ok.open('/tmp/f', O_RDWR | O_APPEND);
        for (const o of ops) {
          await apply(ok, fd, appender, o);
          model.apply(o);
        }
        const got = new Uint8Array(model.data.length + 1);
        const n = await ok.pread(fd, got, got.length, 0);
        same =
          n === model.data.length &&
          model.data.every((byte, i) => got[i] === byte) &&
          (await ok.lseek(fd, 0, 1)) === model.pos;
      });
      return status === 0 && same;
    }),
    { numRuns: 150 },
  );
});

// Rows.

const on =
  (fact: (libc: Libc, fd: number, ok: ThrowingLibc) => Promise<unknown>, flags = 0) =>
  async (libc: Libc, ok: ThrowingLibc): Promise<unknown> => {
    const fd = await ok.open('/tmp/f', O_CREAT | O_RDWR | flags, 0o600);
    await ok.write(fd, 'abcdef');
    return fact(libc, fd, ok);
  };

/** On releases that have `call`; before, ENOSYS. */
const from =
  (call: 'preadv2' | 'pwritev2', expected: unknown): Expected =>
  (release) =>
    release.calls.has(call) ? expected : Array.isArray(expected) ? undefined : 'ENOSYS';

const FAR = 2 ** 53 - 1;
const LAST = 2 ** 63 - 1024;
test(
  'a write far out ends',
  answers,
  on((libc, fd) => libc.pwrite(fd, 'x', 1, FAR)),
  'EFBIG',
);
test(
  'a write past the last position',
  answers,
  on((libc, fd) => libc.pwrite(fd, 'xy', 2, LAST)),
  'EINVAL',
);
test(
  'a read past the last position',
  answers,
  on((libc, fd) => libc.pread(fd, new Uint8Array(2), 2, LAST)),
  'EINVAL',
);
test(
  'a read far out',
  answers,
  on((libc, fd) => libc.pread(fd, new Uint8Array(2), 2, FAR)),
  0,
);
test(
  'a file that is too long',
  answers,
  on((libc, fd) => libc.ftruncate(fd, LAST)),
  'EFBIG',
);
test(
  'writev: as far as the buffers are there',
  answers,
  on(async (libc, fd) => {
    const good = libc.map(bytes('xyz'));
    const vec = new Uint8Array(BigInt64Array.from([BigInt(good), 3n, 8n, 5n]).buffer);
    const n = await libc.syscall(libc.nr.writev, fd, vec, 2);
    libc.unmap(good);
    return n;
  }),
  3,
);
test(
  'pwritev2: RWF_APPEND and RWF_NOAPPEND',
  answers,
  on(async (libc, fd, ok) => {
    await ok.pwritev2(fd, [bytes('X')], 0, RWF_APPEND);
    const a = await ok.open('/tmp/f', O_RDWR | O_APPEND);
    await ok.pwritev2(a, [bytes('Y')], 1, RWF_NOAPPEND);
    const buf = new Uint8Array(9);
    return [
      text(buf, await ok.pread(fd, buf, 9, 0)),
      outcome(libc, await libc.pwritev2(fd, [buf], 0, RWF_APPEND | RWF_NOAPPEND)),
    ];
  }),
  from('pwritev2', ['aYcdefX', 'EINVAL']),
);
test(
  'preadv2: an unknown flag',
  answers,
  on((libc, fd) => libc.preadv2(fd, [new Uint8Array(1)], 0, 0x1000)),
  from('preadv2', 'EOPNOTSUPP'),
);
test(
  'preadv2: an unknown flag, for nothing',
  answers,
  on((libc, fd) => libc.preadv2(fd, [], 0, 0x1000)),
  from('preadv2', 0),
);
test(
  'preadv2: RWF_NOWAIT on an empty pipe',
  answers,
  async (libc, ok) => {
    const fds: number[] = [];
    await ok.pipe(fds);
    return libc.preadv2(fds[0]!, [new Uint8Array(1)], -1, RWF_NOWAIT);
  },
  from('preadv2', 'EAGAIN'),
);
test(
  'room that nobody wrote to is a hole',
  answers,
  on(async (libc, fd, ok) => {
    await ok.fallocate(fd, 0, 8192, 4096);
    return [await libc.lseek(fd, 0, SEEK_HOLE), outcome(libc, await libc.lseek(fd, 4096, SEEK_DATA))];
  }),
  (release) => (release.seek_data && release.calls.has('fallocate') ? [4096, 'ENXIO'] : undefined),
);
for (const [mode, expected] of [
  [FALLOC_FL_PUNCH_HOLE, 'EOPNOTSUPP'],
  [0x08, 'EOPNOTSUPP'],
  [0x10, 'EOPNOTSUPP'],
  [0x100, 'EOPNOTSUPP'],
  [FALLOC_FL_KEEP_SIZE, 0],
] as const)
  test(
    `fallocate: mode ${mode}`,
    answers,
    on((libc, fd) => libc.fallocate(fd, mode, 0, 1)),
    (release) => (release.calls.has('fallocate') ? expected : 'ENOSYS'),
  );
