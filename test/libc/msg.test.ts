import test from 'ava';
import { type Cmsg, type Libc, type MsgHdr, boot } from '../../index.js';
import {
  AF_UNIX,
  MSG_CTRUNC,
  MSG_TRUNC,
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SOCK_DGRAM,
  SOL_SOCKET,
  SO_PASSCRED,
} from '../../kernel-mock/include/uapi/index.js';
import { answers, outcome, text } from '../facts.js';
import { A, bound, pair } from '../net/unix/fixtures.js';

const RIGHTS: Cmsg = { level: SOL_SOCKET, type: SCM_RIGHTS, fds: [0] };

// The two forms of each pointer: an object, and bytes as C has them.

test(
  'control messages as a list, and as bytes',
  answers,
  async (_libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.sendmsg(a, { iov: ['x'], control: [RIGHTS] });
    const control = new Uint8Array(24);
    const raw: MsgHdr = { iov: [new Uint8Array(9)], control };
    await ok.recvmsg(b, raw);
    await ok.sendmsg(a, { iov: ['x'], control: control.subarray(0, raw.controllen) });
    const msg: MsgHdr = { iov: [new Uint8Array(9)], control: [] };
    await ok.recvmsg(b, msg);
    return [[...control], raw.controllen, raw.flags, msg.control, msg.controllen];
  },
  [
    [20, 0, 0, 0, 0, 0, 0, 0, SOL_SOCKET, 0, 0, 0, SCM_RIGHTS, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0],
    24,
    0,
    [{ level: SOL_SOCKET, type: SCM_RIGHTS, fds: [6] }],
    undefined,
  ],
);
test(
  'controllen is the room of a receive, and what it used',
  answers,
  async (_libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.setsockopt(b, SOL_SOCKET, SO_PASSCRED, 1);
    await ok.send(a, 'x');
    const msg: MsgHdr = { iov: [new Uint8Array(9)], control: [], controllen: 20 };
    await ok.recvmsg(b, msg);
    return [msg.control, msg.controllen, msg.flags];
  },
  [[{ level: SOL_SOCKET, type: SCM_CREDENTIALS, data: Uint8Array.of(2, 0, 0, 0) }], 20, MSG_CTRUNC],
);
test(
  'the name of the sender as an object, and as bytes',
  answers,
  async (_libc, ok) => {
    const to = await bound(ok, A, SOCK_DGRAM);
    const from = await bound(ok, { family: AF_UNIX, abstract: 'b' }, SOCK_DGRAM);
    for (const word of ['one', 'two']) await ok.sendmsg(from, { name: A, iov: [word] });
    const one: MsgHdr = { name: {}, iov: [new Uint8Array(2), new Uint8Array(9)] };
    const two: MsgHdr = { name: new Uint8Array(3), iov: [new Uint8Array(2)] };
    await ok.recvmsg(to, one);
    await ok.recvmsg(to, two);
    const [first, second] = one.iov as Uint8Array[];
    return [
      one.name,
      text(first!) + text(second!, 1),
      one.flags,
      [...(two.name as Uint8Array)],
      two.namelen,
      two.flags,
    ];
  },
  [{ family: AF_UNIX, abstract: 'b' }, 'one', 0, [1, 0, 0], 4, MSG_TRUNC],
);
test(
  'a null pointer for the message',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    return [outcome(libc, await libc.sendmsg(a, null)), outcome(libc, await libc.recvmsg(a, null))];
  },
  ['EFAULT', 'EFAULT'],
);

// What is no message never reaches the kernel.

const refuses = test.macro(
  async (
    t,
    call: (libc: Record<string, (...args: unknown[]) => Promise<number>>) => Promise<number>,
    message: RegExp,
  ) => {
    const kernel = boot({ output: null });
    await kernel.run(async (libc: Libc) => {
      await t.throwsAsync(() => call(libc as never), { instanceOf: TypeError, message });
    });
  },
);
test('sendmsg of nothing', refuses, (libc) => libc.sendmsg!(1, undefined), /a message is/);
test('sendmsg of text', refuses, (libc) => libc.sendmsg!(1, 'x'), /a message is/);
test(
  'recvmsg into no list',
  refuses,
  (libc) => libc.recvmsg!(1, { iov: new Uint8Array(1) }),
  /iov is a list of buffers/,
);
test(
  'sendmsg with null among the control messages',
  refuses,
  (libc) => libc.sendmsg!(1, { control: [null] }),
  /a control message is/,
);
test('sendmmsg of one message', refuses, (libc) => libc.sendmmsg!(1, { iov: [] }), /msgvec is a list of messages/);
