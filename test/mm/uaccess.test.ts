/** User memory as programs meet it: through system calls, and on the stack of the C library. */
import test from 'ava';
import { MSG_DONTWAIT, NR, SOCK_STREAM, AF_UNIX, POLLIN } from '../../kernel-mock/include/uapi/index.js';
import { answers, bytes, receive, text } from '../facts.js';
import { run } from '../helpers.js';

/** Addresses where no program has memory. */
const BAD = [0, 1, 4096, 2 ** 31, 2 ** 40, 2 ** 47 - 1, 2 ** 53, 2 ** 63, 2 ** 64, -1, -4096, 1.5, Infinity, -Infinity];

for (const ptr of BAD) {
  test(`write from ${ptr}`, answers, async (libc) => libc.syscall(NR.write, 1, ptr, 4), 'EFAULT');
  test(
    `read to ${ptr}`,
    answers,
    async (libc, ok) => {
      const sv: number[] = [];
      await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
      await ok.send(sv[0]!, 'abcd');
      const ret = await libc.syscall(NR.read, sv[1]!, ptr, 4);
      // Nothing is lost by it.
      if ((await receive(ok as typeof libc, sv[1]!)) !== 'abcd') throw new Error('bytes are lost');
      return ret;
    },
    'EFAULT',
  );
  test(`poll at ${ptr}`, answers, async (libc) => libc.syscall(NR.poll, ptr, 1, 0), 'EFAULT');
  test(
    `socketpair to ${ptr}`,
    answers,
    async (libc) => libc.syscall(NR.socketpair, AF_UNIX, SOCK_STREAM, 0, ptr),
    'EFAULT',
  );
}

test('half a structure is none', answers, async (libc) => libc.syscall(NR.poll, new Uint8Array(15), 2, 0), 'EFAULT');
test(
  'a buffer that ends too early',
  answers,
  async (libc) => libc.syscall(NR.write, 1, new Uint8Array(3), 4),
  'EFAULT',
);
// Linux: access_ok comes before the look at the sign.
test('a length below zero', answers, async (libc) => libc.syscall(NR.write, 1, new Uint8Array(3), -1), 'EFAULT');
test('no bytes at a bad address', answers, async (libc) => libc.syscall(NR.write, 1, 4096, 0), 0);

// Linux 6.18, tried: what was sent before the hole is delivered, and the next send stays queued whole.
test(
  'readv with a hole: whole sends before it',
  answers,
  async (libc, ok) => {
    const sv: number[] = [];
    await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    for (const part of ['abc', 'def']) await ok.send(sv[0]!, part);
    const good = new Uint8Array(3);
    const vec = new Uint8Array(32);
    const at = libc.cpu.memory.map(good);
    const view = new DataView(vec.buffer);
    [at, 3, 8, 3].forEach((n, i) => {
      view.setBigUint64(8 * i, BigInt(n), true);
    });
    const first = await libc.syscall(NR.readv, sv[1]!, vec, 2);
    const rest = await receive(libc, sv[1]!, 10, MSG_DONTWAIT);
    await ok.send(sv[0]!, 'abcdef');
    const second = await libc.syscall(NR.readv, sv[1]!, vec, 2);
    libc.unmap(at);
    return [first, text(good), rest, second, libc.errno, await receive(libc, sv[1]!, 10, MSG_DONTWAIT)];
  },
  [3, 'abc', 'def', -1, 14, 'abcdef'],
);

test('memory of one process is none of another', async (t) => {
  let at = 0;
  await run(t, {}, async (libc) => {
    at = libc.cpu.memory.map(bytes('secret'));
    await libc.write(1, 'x');
  });
  await run(t, {}, async (libc) => {
    t.is(await libc.syscall(NR.write, 1, at, 6), -1);
    t.is(libc.errno, 14);
  });
});

// Junk.

const stack = test.macro({
  async exec(t, junk: number | undefined, expected: number) {
    await run(t, junk === undefined ? {} : { junk }, async (libc) => {
      for (let round = 0; round < 3; round++) {
        const { sp } = libc;
        const ptr = libc.alloca(24);
        const top = libc.sp;
        t.true(libc.load_bytes(libc.alloca(5000), 5000).every((b) => b === expected));
        libc.leave(top);
        // The kernel sees the same bytes.
        const out = new Uint8Array(24);
        const sv: number[] = [];
        await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
        t.is(await libc.syscall(NR.write, sv[0]!, ptr, 24), 24);
        t.is(await libc.read(sv[1]!, out), 24);
        t.true(out.every((b) => b === expected));
        // What a call leaves behind is junk again for the next.
        libc.store32(ptr, round);
        libc.leave(sp);
      }
    });
  },
  title: (_, junk: number | undefined) =>
    `junk ${junk ?? 'unset'}: what nobody has written on the stack of the library`,
});

test(stack, 0xa5, 0xa5);
test(stack, 0, 0);
test(stack, 255, 255);

test('junk reaches no result of a call', async (t) => {
  for (const junk of [0, 0xa5, 255])
    await run(t, { junk }, async (libc) => {
      const sv: number[] = [];
      t.is(await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
      const name = {};
      t.is(await libc.getsockname(sv[0]!, name), 0);
      t.deepEqual([sv, name], [[3, 4], { family: AF_UNIX }]);
      const value = { value: -1 };
      t.is(await libc.getsockopt(sv[0]!, 1, 3, value), 0);
      t.is(value.value, SOCK_STREAM);
      const fds = [{ fd: sv[0]!, events: POLLIN, revents: -1 }];
      t.is(await libc.poll(fds, 0), 0);
      t.is(fds[0]!.revents, 0);
    });
});
