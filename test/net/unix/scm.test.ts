import test from 'ava';
import * as fc from 'fast-check';
import { type Cmsg, type Libc, type MsgHdr, type Release, type ThrowingLibc, boot, releases } from '../../../index.js';
import {
  AF_UNIX,
  FD_CLOEXEC,
  F_GETFD,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  NR,
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_PASSCRED,
  SO_PASSRIGHTS,
  SO_PEERCRED,
} from '../../../kernel-mock/include/uapi/index.js';
import { answers, bytes, limit_descriptors, msleep, outcome, receive, text, thread } from '../../facts.js';
import { connection, pair } from './fixtures.js';

const today = (r: Release): boolean => r.name === '6.18';
/** The answer of today, where older releases have another or none. */
const only_today =
  (value: unknown) =>
  (r: Release): unknown =>
    today(r) ? value : undefined;

const rights = (...fds: number[]): Cmsg => ({ level: SOL_SOCKET, type: SCM_RIGHTS, fds });
const cred = (pid: number, uid = 0, gid = 0): Cmsg => ({
  level: SOL_SOCKET,
  type: SCM_CREDENTIALS,
  cred: { pid, uid, gid },
});

const send = (libc: Libc, fd: number, word: string, ...control: Cmsg[]): Promise<number> =>
  libc.sendmsg(fd, { iov: [word], control });

/** One receive: the text, the control messages, the flags. */
async function recv(libc: Libc, fd: number, room = 100, flags = 0): Promise<[string, Cmsg[], number] | string> {
  const buf = new Uint8Array(room);
  const control: Cmsg[] = [];
  const msg: MsgHdr = { iov: [buf], control };
  const n = await libc.recvmsg(fd, msg, flags | MSG_DONTWAIT);
  return n === -1 ? String(outcome(libc, -1)) : [text(buf, n), control, msg.flags!];
}

/** What a receive of one descriptor answers. */
async function recv_fd(libc: Libc, fd: number, flags = 0): Promise<number> {
  const got = await recv(libc, fd, 100, flags);
  return typeof got === 'string' ? -1 : (got[1][0]?.fds?.[0] ?? -1);
}

for (const [name, type] of [
  ['stream', SOCK_STREAM],
  ['datagram', SOCK_DGRAM],
  ['record', SOCK_SEQPACKET],
] as const) {
  test(
    `${name}: a descriptor is another number for the same file`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      const [r, w] = await pair(ok);
      await ok.sendmsg(a, { iov: ['x'], control: [rights(w)] });
      const came = await recv_fd(libc, b);
      await ok.write(came, 'hello');
      return [came, await receive(libc, r)];
    },
    [7, 'hello'],
  );
  test(
    `${name}: it comes although the sender has closed it`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      const [r, w] = await pair(ok);
      await ok.sendmsg(a, { iov: ['x'], control: [rights(w)] });
      await ok.close(w);
      await ok.write(await recv_fd(libc, b), 'hello');
      return receive(libc, r);
    },
    'hello',
  );
  test(
    `${name}: a peek gives one of its own each time`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      await ok.sendmsg(a, { iov: ['x'], control: [rights(0)] });
      return [await recv_fd(libc, b, MSG_PEEK), await recv_fd(libc, b, MSG_PEEK), await recv_fd(libc, b)];
    },
    [5, 6, 7],
  );
  test(
    `${name}: MSG_CMSG_CLOEXEC, from 2.6.23 on`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      await ok.sendmsg(a, { iov: ['x'], control: [rights(0)] });
      return ok.fcntl(await recv_fd(libc, b, MSG_CMSG_CLOEXEC), F_GETFD);
    },
    (r: Release) => (r.msg_cmsg_cloexec ? FD_CLOEXEC : 0),
  );
  test(
    `${name}: a bad descriptor among good ones: nothing is sent`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      return [outcome(libc, await send(libc, a, 'x', rights(0, 99, 1))), await recv(libc, b)];
    },
    ['EBADF', 'EAGAIN'],
  );
  test(
    `${name}: read drops descriptors`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      const [r, w] = await pair(ok);
      await ok.sendmsg(a, { iov: ['x'], control: [rights(w)] });
      await ok.close(w);
      await ok.read(b, new Uint8Array(1));
      return receive(libc, r, 9, MSG_DONTWAIT);
    },
    '',
  );
  test(
    `${name}: SO_PASSCRED tells who sends, asked for or not`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      await ok.setsockopt(b, SOL_SOCKET, SO_PASSCRED, 1);
      await ok.send(a, 'x');
      return recv(libc, b);
    },
    ['x', [cred(2)], 0],
  );
  test(
    `${name}: SO_PEERCRED of a pair`,
    answers,
    async (_libc, ok) => {
      const [a] = await pair(ok, type);
      const raw = new Uint8Array(12);
      await ok.getsockopt(a, SOL_SOCKET, SO_PEERCRED, raw);
      return [...raw];
    },
    [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  );
}

// Streams: where a receive stops.

test(
  'a receive stops behind descriptors, not before them',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    for (const word of ['a', 'b']) await ok.send(a, word);
    await ok.sendmsg(a, { iov: ['c'], control: [rights(0)] });
    await ok.send(a, 'd');
    return [await receive(libc, b), await receive(libc, b)];
  },
  ['abc', 'd'],
);
test(
  'descriptors come with the first byte of their message',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.sendmsg(a, { iov: ['abc'], control: [rights(0)] });
    return [await recv(libc, b, 1), await recv(libc, b)];
  },
  [
    ['a', [rights(5)], 0],
    ['bc', [], 0],
  ],
);
test(
  'no bytes, no descriptors',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    return [await send(libc, a, '', rights(0)), await recv(libc, b)];
  },
  [0, 'EAGAIN'],
);

// Limits.

test(
  'as many descriptors as a message takes, and one more',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    const most = new Array<number>(253).fill(0);
    return [await send(libc, a, 'x', rights(...most)), outcome(libc, await send(libc, a, 'x', rights(...most, 0)))];
  },
  (r: Release) => [1, r.scm_max_fd === 253 ? 'EINVAL' : 1],
);
test(
  'they count over all control messages',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    return send(libc, a, 'x', rights(...new Array<number>(200).fill(0)), rights(...new Array<number>(60).fill(0)));
  },
  'EINVAL',
);
test(
  'a table that is full in the middle: MSG_CTRUNC, what fits is open',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.sendmsg(a, { iov: ['x'], control: [rights(0, 0, 0)] });
    await limit_descriptors(ok, 7);
    return recv(libc, b);
  },
  ['x', [rights(5, 6)], MSG_CTRUNC],
);
test(
  'room for one of three',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.sendmsg(a, { iov: ['x'], control: [rights(0, 0, 0)] });
    const msg: MsgHdr = { iov: [new Uint8Array(1)], control: [], controllen: 20 };
    await ok.recvmsg(b, msg);
    return [msg.control, msg.controllen, msg.flags, outcome(libc, await libc.fcntl(6, F_GETFD))];
  },
  [[rights(5)], 20, MSG_CTRUNC, 'EBADF'],
);
test(
  'more descriptors in flight than a user may have open',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok, SOCK_STREAM);
    await limit_descriptors(ok, 6);
    await ok.setresuid(7, 7, 7);
    for (let i = 0; i < 3; i++) await ok.sendmsg(a, { iov: ['x'], control: [rights(0, 0, 0)] });
    return send(libc, a, 'x', rights(0));
  },
  (r: Release) => (r.unix_inflight_limit ? 'ETOOMANYREFS' : 1),
);

// Control messages that are none.

for (const [name, control, expected] of [
  ['of another level', { level: 77, type: 77, data: bytes('abcd') }, 1],
  ['of no known type', { level: SOL_SOCKET, type: 77, data: bytes('abcd') }, 'EINVAL'],
  ['credentials cut short', { level: SOL_SOCKET, type: SCM_CREDENTIALS, data: bytes('abcd') }, 'EINVAL'],
  ['credentials of a process that is none', cred(99999), 'ESRCH'],
  ['no descriptors', rights(), 1],
] as const)
  test(
    `a control message: ${name}`,
    answers,
    async (libc, ok) => send(libc, (await pair(ok))[0], 'x', control),
    expected,
  );

test(
  'credentials that the task could not have',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    const pid = await ok.getpid();
    await ok.setresgid(8, 8, 8);
    await ok.setresuid(7, 7, 7);
    const results: unknown[] = [];
    for (const control of [cred(pid, 7, 8), cred(pid, 0, 8), cred(pid, 7, 0), cred(1, 7, 8)])
      results.push(outcome(libc, await send(libc, a, 'x', control)));
    return results;
  },
  [1, 'EPERM', 'EPERM', 'EPERM'],
);
test(
  'lengths that do not fit',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    const results: unknown[] = [];
    for (const len of [0, 15, 16, 20, 24, 25]) {
      const control = new Uint8Array(24);
      control[0] = len;
      control.set([SOL_SOCKET, 0, 0, 0, SCM_RIGHTS], 8);
      results.push(outcome(libc, await libc.sendmsg(a, { iov: ['x'], control })));
    }
    return results;
  },
  ['EINVAL', 'EINVAL', 1, 1, 1, 'EINVAL'],
);

// A fault at the end.

test(
  'a name that cannot be written: the error comes, and the descriptor is open',
  answers,
  async (libc, ok) => {
    // The sender has a name.
    const [, b, a] = await connection(ok);
    await ok.sendmsg(a, { iov: ['x'], control: [rights(0)] });
    const iov = new Uint8Array(16);
    const byte = new Uint8Array(1);
    const control = new Uint8Array(24);
    const view = new DataView(iov.buffer);
    view.setBigUint64(0, BigInt(libc.map(byte)), true);
    view.setBigUint64(8, 1n, true);
    const header = new DataView(new ArrayBuffer(56));
    header.setBigUint64(0, 8n, true); // msg_name: nothing is mapped there
    header.setUint32(8, 16, true);
    header.setBigUint64(16, BigInt(libc.map(iov)), true);
    header.setBigUint64(24, 1n, true);
    header.setBigUint64(32, BigInt(libc.map(control)), true);
    header.setBigUint64(40, 24n, true);
    const ret = await libc.syscall(NR.recvmsg, b, new Uint8Array(header.buffer), 0);
    return [outcome(libc, ret), await ok.fcntl(6, F_GETFD)];
  },
  ['EFAULT', 0],
);

// Connections.

test(
  'SO_PASSCRED of a listening socket is that of its connections',
  answers,
  async (libc, ok) => {
    const [l, c] = await connection(ok);
    await ok.close(c);
    await ok.setsockopt(l, SOL_SOCKET, SO_PASSCRED, 1);
    const d = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.connect(d, { family: AF_UNIX, abstract: 'a' });
    await ok.send(d, 'x');
    const got = await recv(libc, await ok.accept(l));
    return got[1];
  },
  (r: Release) => (r.unix_scm_inherit ? [cred(2)] : []),
);
test(
  'SO_PASSRIGHTS off: descriptors are refused',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.setsockopt(b, SOL_SOCKET, SO_PASSRIGHTS, 0);
    return [outcome(libc, await send(libc, a, 'x', rights(0))), await send(libc, a, 'y')];
  },
  only_today(['EPERM', 1]),
);

// A byte out of band, 5.15.

test(
  'MSG_OOB: read apart, and a mark where it was',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.send(a, 'abc', MSG_OOB);
    await ok.send(a, 'de');
    return [
      await receive(libc, b, 9, MSG_OOB),
      await receive(libc, b),
      await receive(libc, b),
      await receive(libc, b, 9, MSG_OOB),
    ];
  },
  only_today(['c', 'ab', 'de', 'EINVAL']),
);

// Several messages in one call.

test(
  'sendmmsg and recvmmsg: one element, one message',
  answers,
  async (_libc, ok) => {
    const [a, b] = await pair(ok, SOCK_DGRAM);
    const sent = [{ iov: ['one'] }, { iov: ['t', 'wo'] }, { iov: [''] }] as { iov: string[]; len?: number }[];
    const n = await ok.sendmmsg(a, sent);
    const got = [3, 3, 3, 3].map((room) => ({ iov: [new Uint8Array(room)], len: -1 }));
    const m = await ok.recvmmsg(b, got, MSG_DONTWAIT);
    return [n, sent.map((s) => s.len), m, got.map((g) => g.len), got.map((g) => text(g.iov[0]!))];
  },
  only_today([3, [3, 3, 0], 3, [3, 3, 0, -1], ['one', 'two', '\0\0\0', '\0\0\0']]),
);
test(
  'recvmmsg: the limit is looked at after a message, not while none comes',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_DGRAM);
    const join = await thread(libc, async (_own, own) => {
      const got = [1, 1].map((room) => ({ iov: [new Uint8Array(room)] }));
      return own.recvmmsg(b, got, 0, { tv_sec: 0, tv_nsec: 1e6 });
    });
    await msleep(libc, 10);
    await ok.send(a, 'x');
    return join();
  },
  only_today(1),
);

// Nothing is left.

/** A socket in flight in its own queue. */
async function cycle(ok: ThrowingLibc): Promise<void> {
  const [a, b] = await pair(ok);
  await ok.sendmsg(b, { iov: ['x'], control: [rights(a)] });
  await ok.close(a);
  await ok.close(b);
}

for (const { name: release } of releases)
  test(`a socket that only its own queue refers to is freed on ${release}`, async (t) => {
    const kernel = boot({ output: null, release });
    await kernel.run(async (libc) => {
      const [a, b] = [
        [-1, -1],
        [-1, -1],
      ] as [number[], number[]];
      await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, a);
      await libc.socketpair(AF_UNIX, SOCK_DGRAM, 0, b);
      await send(libc, a[1]!, 'x', rights(a[0]!, b[0]!));
      await send(libc, b[1]!, 'x', rights(a[0]!));
      for (const fd of [...a, ...b]) await libc.close(fd);
    });
    t.is(kernel.census().files, 0);
  });
test(
  'the next close of a socket collects what is garbage',
  answers,
  async (libc, ok) => {
    const [r, w] = await pair(ok, SOCK_STREAM);
    const [a, b] = await pair(ok);
    await ok.sendmsg(b, { iov: ['x'], control: [rights(a, w)] });
    for (const fd of [a, b, w]) await ok.close(fd);
    await cycle(ok);
    return receive(libc, r, 1, MSG_DONTWAIT);
  },
  '',
);

test('whatever is passed to whom, nothing is left after the last process', async (t) => {
  const step = fc.record({
    op: fc.constantFrom('send', 'send', 'send', 'recv', 'close', 'peek'),
    to: fc.nat(7),
    fds: fc.array(fc.nat(7), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.constantFrom('2.6.23', '6.18'), async (steps, release) => {
      const kernel = boot({ output: null, release });
      await kernel.run(async (libc) => {
        const fds: number[] = [];
        for (const type of [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM]) {
          const sv = [-1, -1];
          await libc.socketpair(AF_UNIX, type, 0, sv);
          fds.push(...sv);
        }
        for (const { op, to, fds: passed } of steps) {
          if (op === 'close') await libc.close(fds[to]!);
          else if (op === 'send') await send(libc, fds[to]!, 'x', rights(...passed.map((i) => fds[i]!)));
          else await recv(libc, fds[to]!, 9, op === 'peek' ? MSG_PEEK : 0);
        }
      });
      return t.is(kernel.census().files, 0);
    }),
    { numRuns: 60 },
  );
});
