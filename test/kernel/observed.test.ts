/** What random programs saw on Linux 6.18 and not here, each as small as it got. */
import test from 'ava';
import type { Libc } from '../../index.js';
import {
  AF_INET,
  AF_UNIX,
  EFAULT,
  EOPNOTSUPP,
  F_GETFL,
  F_SETLEASE,
  F_UNLCK,
  F_WRLCK,
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_PEEK,
  MSG_WAITALL,
  NR,
  O_ASYNC,
  O_CREAT,
  O_PATH,
  O_RDWR,
  POLLOUT,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  SO_SNDBUF,
  TCP_NODELAY,
} from '../../kernel-mock/include/uapi/index.js';
import { boot_for } from '../helpers.js';

/** An address that no program can have. */
const KERNEL = -1;

/** A raw call: what it answers, -errno for an error. */
async function raw(libc: Libc, nr: number, ...args: (number | Uint8Array | null)[]): Promise<number> {
  const ret = await libc.syscall(nr, ...args);
  return ret === -1 ? -libc.errno : ret;
}

async function two(libc: Libc, type = SOCK_STREAM): Promise<number[]> {
  const fds: number[] = [];
  await libc.socketpair(AF_UNIX, type, 0, fds);
  return fds;
}

/** The last bytes of an area: `n` of them. */
async function at_the_end(libc: Libc, n: number, call: (address: number) => Promise<number>): Promise<number> {
  const area = new Uint8Array(64);
  const address = libc.cpu.memory.map(area);
  const ret = await call(address + area.length - n);
  libc.cpu.memory.unmap(address);
  return ret;
}

type Row = readonly [title: string, program: (libc: Libc) => Promise<number>, expected: number];

const rows: readonly Row[] = [
  [
    'the owner of an anonymous inode does not change',
    async (libc) => raw(libc, NR.fchown, await libc.eventfd(0, 0), 0, -1),
    -EOPNOTSUPP,
  ],
  ['sendto looks at the range before the descriptor', (libc) => raw(libc, NR.sendto, -1, KERNEL, 8, 0, 0, 0), -EFAULT],
  [
    'recvfrom looks at the range before the descriptor',
    (libc) => raw(libc, NR.recvfrom, -1, KERNEL, 8, 0, 0, 0),
    -EFAULT,
  ],
  [
    'readv looks at each range before the object',
    async (libc) => {
      const iov = new Uint8Array(16).fill(0xff, 0, 8);
      iov[8] = 8;
      return raw(libc, NR.readv, (await two(libc))[0]!, iov, 1);
    },
    -EFAULT,
  ],
  [
    'a file is read as far as there is room',
    async (libc) => {
      const fd = await libc.open('f', O_RDWR | O_CREAT, 0o600);
      await libc.pwrite(fd, new TextEncoder().encode('eight by'), 8, 0);
      return at_the_end(libc, 3, (address) => raw(libc, NR.read, fd, address, 8));
    },
    3,
  ],
  [
    'a file is written as far as there are bytes',
    async (libc) => {
      const fd = await libc.open('f', O_RDWR | O_CREAT, 0o600);
      return at_the_end(libc, 3, (address) => raw(libc, NR.write, fd, address, 8));
    },
    3,
  ],
  ['poll of nothing, nowhere', (libc) => raw(libc, NR.poll, KERNEL, 0, 0), -EFAULT],
  ['poll of nothing, nowhere, after a while', (libc) => raw(libc, NR.poll, KERNEL, 0, 5), -EFAULT],
  [
    'a UNIX socket has no options of TCP, wherever the length is',
    async (libc) => raw(libc, NR.getsockopt, (await two(libc))[0]!, SOL_TCP, TCP_NODELAY, null, null),
    -EOPNOTSUPP,
  ],
  [
    'a UNIX socket has no options of TCP, wherever the value is',
    async (libc) => raw(libc, NR.setsockopt, (await two(libc))[0]!, SOL_TCP, TCP_NODELAY, null, 4),
    -EOPNOTSUPP,
  ],
  [
    'to look at bytes does not wait for more of them',
    async (libc) => {
      const [a, b] = await two(libc);
      await libc.write(a!, 'nine byte');
      return libc.recv(b!, new Uint8Array(100), MSG_PEEK | MSG_WAITALL | MSG_DONTWAIT);
    },
    9,
  ],
  [
    'sendfile of nothing out of a pipe into it',
    async (libc) => {
      const fds: number[] = [];
      await libc.pipe(fds);
      return raw(libc, NR.sendfile, fds[1]!, fds[0]!, null, 0);
    },
    0,
  ],
  [
    'a lease sets O_ASYNC',
    async (libc) => {
      const fd = await libc.open('f', O_RDWR | O_CREAT, 0o600);
      await libc.fcntl(fd, F_SETLEASE, F_WRLCK);
      return (await libc.fcntl(fd, F_GETFL)) & O_ASYNC;
    },
    O_ASYNC,
  ],
  [
    'the end of a lease clears O_ASYNC',
    async (libc) => {
      const fd = await libc.open('f', O_RDWR | O_CREAT, 0o600);
      await libc.fcntl(fd, F_SETLEASE, F_WRLCK);
      await libc.fcntl(fd, F_SETLEASE, F_UNLCK);
      return (await libc.fcntl(fd, F_GETFL)) & O_ASYNC;
    },
    0,
  ],
  [
    'select takes an O_PATH descriptor, and finds it ready for everything',
    async (libc) => {
      const fd = await libc.open('/', O_PATH, 0);
      const set = new Uint8Array(8);
      set[fd >> 3] = 1 << (fd & 7);
      return raw(libc, NR.select, fd + 1, set, null, set.slice(), new Uint8Array(16));
    },
    2,
  ],
  [
    'a pending datagram fills a small buffer',
    async (libc) => {
      const fd = await libc.socket(AF_INET, SOCK_DGRAM, 0);
      await libc.sendto(fd, new Uint8Array(4096), MSG_MORE, { family: AF_INET, addr: '127.0.0.1', port: 1001 });
      await libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, 1);
      const fds = [{ fd, events: POLLOUT }];
      return libc.poll(fds, 0);
    },
    0,
  ],
];

for (const [title, program, expected] of rows)
  test(title, async (t) => {
    const kernel = boot_for(t, { release: '6.18' });
    let got = NaN;
    t.is(await kernel.run(async (libc: Libc) => ((got = await program(libc)), 0)), 0);
    t.is(got, expected);
  });

test('the length of an address stands there although the address found no room', async (t) => {
  const kernel = boot_for(t, { release: '6.18' });
  const length = new Uint8Array([110, 0, 0, 0]);
  await kernel.run(async (libc: Libc) => {
    t.is(await raw(libc, NR.getsockname, await libc.socket(AF_UNIX, SOCK_STREAM, 0), null, length), -EFAULT);
    return 0;
  });
  t.deepEqual([...length], [2, 0, 0, 0]);
});
