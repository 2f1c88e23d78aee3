/** Rows of sockets, and of calls that do nearly nothing. */
import type { Cmsg, Libc, MsgHdr, SockAddr, SockAddrOut } from '../../index.js';
import { put_u32 } from '../../kernel-mock/include/uapi/byteorder.js';
import { F_GETFD } from '../../kernel-mock/include/uapi/fcntl.js';
import {
  AF_INET,
  AF_UNIX,
  SCM_RIGHTS,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_LINGER,
} from '../../kernel-mock/include/uapi/socket.js';
import { type Prepare, type Row, type Work, check } from './row.js';

const socket_close =
  (family: number, type: number): Prepare =>
  (libc) =>
  async (n) => {
    for (let i = 0; i < n; i++) await libc.close(check(libc, await libc.socket(family, type, 0)));
  };

async function pair(libc: Libc): Promise<[number, number]> {
  const sv: [number, number] = [-1, -1];
  check(libc, await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
  return sv;
}

const transfer =
  (size: number): Prepare =>
  async (libc) => {
    const [a, b] = await pair(libc);
    const buf = new Uint8Array(size);
    return async (n) => {
      for (let i = 0; i < n; i++) {
        check(libc, await libc.write(a, buf), size);
        check(libc, await libc.read(b, buf), size);
      }
    };
  };

/** One byte and one descriptor there, and the descriptor that came closed. */
async function scm_rights(libc: Libc): Promise<Work> {
  const [a, b] = await pair(libc);
  const out: MsgHdr = {
    iov: [new Uint8Array(1)],
    control: [{ level: SOL_SOCKET, type: SCM_RIGHTS, fds: [0] }],
  };
  const control: Cmsg[] = [];
  const msg: MsgHdr = { iov: [new Uint8Array(1)], control };
  return async (n) => {
    for (let i = 0; i < n; i++) {
      check(libc, await libc.sendmsg(a, out), 1);
      check(libc, await libc.recvmsg(b, msg), 1);
      check(libc, await libc.close(control[0]!.fds![0]!));
    }
  };
}

async function listener(libc: Libc, addr: SockAddr): Promise<number> {
  const s = check(libc, await libc.socket(addr instanceof Uint8Array ? 0 : addr.family, SOCK_STREAM, 0));
  check(libc, await libc.bind(s, addr));
  check(libc, await libc.listen(s, 16));
  return s;
}

async function unix_connect(libc: Libc): Promise<Work> {
  const addr: SockAddr = { family: AF_UNIX, abstract: 'sys-indirect-bench' };
  const s = await listener(libc, addr);
  return async (n) => {
    for (let i = 0; i < n; i++) {
      const c = check(libc, await libc.socket(AF_UNIX, SOCK_STREAM, 0));
      check(libc, await libc.connect(c, addr));
      const a = check(libc, await libc.accept4(s, null, SOCK_CLOEXEC));
      await libc.close(c);
      await libc.close(a);
    }
  };
}

/** A close that resets: the real kernel would else run out of ports, all in TIME_WAIT. */
async function tcp_connect(libc: Libc): Promise<Work> {
  const s = await listener(libc, { family: AF_INET, addr: '127.0.0.1', port: 0 });
  const bound: SockAddrOut = {};
  check(libc, await libc.getsockname(s, bound));
  const addr: SockAddr = { family: AF_INET, addr: '127.0.0.1', port: bound.port! };
  const reset = new Uint8Array(8);
  put_u32(reset, 0, 1);
  return async (n) => {
    for (let i = 0; i < n; i++) {
      const c = check(libc, await libc.socket(AF_INET, SOCK_STREAM, 0));
      check(libc, await libc.setsockopt(c, SOL_SOCKET, SO_LINGER, reset));
      check(libc, await libc.connect(c, addr));
      const a = check(libc, await libc.accept4(s, null, SOCK_CLOEXEC));
      await libc.close(c);
      await libc.close(a);
    }
  };
}

async function pingpong(libc: Libc): Promise<Work> {
  const [a, b] = await pair(libc);
  const [c, d] = await pair(libc);
  const echo = async (other: Libc): Promise<void> => {
    const byte = new Uint8Array(1);
    while ((await other.read(b, byte)) === 1) check(other, await other.write(c, byte), 1);
  };
  if ((await libc.pthread_create(null, null, echo, null)) !== 0) throw new Error('no thread');
  const byte = new Uint8Array(1);
  return async (n) => {
    for (let i = 0; i < n; i++) {
      check(libc, await libc.write(a, byte), 1);
      check(libc, await libc.read(d, byte), 1);
    }
  };
}

/** The dedicated row that `socket_close_indirect` is compared with; no row of the table. */
export const dedicated: Row = {
  name: 'socket_close_dedicated',
  target: 0.1,
  options: { route: 'dedicated' },
  prepare: socket_close(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC),
};

export const indirect: Row = {
  name: 'socket_close_indirect',
  target: 0.1,
  options: { release: '2.6.24-rc3-indirect-v3', route: 'indirect' },
  prepare: socket_close(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC),
};

export const socket_rows: readonly Row[] = [
  {
    name: 'getppid',
    target: 0.5,
    prepare: (libc) => async (n) => {
      for (let i = 0; i < n; i++) await libc.getppid();
    },
  },
  {
    name: 'fcntl_getfd',
    target: 0.5,
    prepare: (libc) => async (n) => {
      for (let i = 0; i < n; i++) check(libc, await libc.fcntl(0, F_GETFD));
    },
  },
  { name: 'socket_close_unix', target: 0.1, prepare: socket_close(AF_UNIX, SOCK_STREAM) },
  { name: 'socket_close_inet', target: 0.1, prepare: socket_close(AF_INET, SOCK_STREAM) },
  indirect,
  { name: 'pair_write1_read1', target: 0.5, prepare: transfer(1) },
  { name: 'pair_write4096_read4096', target: 0.5, prepare: transfer(4096) },
  { name: 'pair_write65536_read65536', target: 0.5, prepare: transfer(65536) },
  { name: 'scm_rights_roundtrip', target: 0.5, prepare: scm_rights },
  { name: 'unix_connect_accept4_close', target: 0.1, prepare: unix_connect },
  { name: 'tcp_connect_accept4_close', target: 0.1, prepare: tcp_connect },
  { name: 'pingpong_two_threads', target: 0.5, prepare: pingpong },
];
