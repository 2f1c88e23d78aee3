/** Operations of sockets: names, connections, messages, options. */
import { IP_RECVERR, IP_TOS, IP_TTL } from '../../../kernel-mock/include/uapi/in.js';
import * as S from '../../../kernel-mock/include/uapi/socket.js';
import {
  TCP_CORK,
  TCP_KEEPIDLE,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from '../../../kernel-mock/include/uapi/tcp.js';
import { type Draw, type Kind, type Operation, SOCKETS } from '../draw.js';
import type { Value } from '../program.js';
import { awake } from './io.js';

const UNIX: readonly Kind[] = ['unix_stream', 'unix_dgram', 'unix_seqpacket'];
const STREAMS: readonly Kind[] = ['unix_stream', 'inet_stream', 'unix_seqpacket'];

/** A name, and how long it is. Few names, so that programs meet. */
function address(d: Draw, kind: Kind): [at: number, length: number] {
  d.network = true;
  const unix = UNIX.includes(kind) !== d.seldom(30);
  if (unix) {
    const name = d.of('\0a', '\0b', '\0c', 's', 't');
    if (!name.startsWith('\0')) d.files = true;
    const at = d.bytes([S.AF_UNIX, 0, ...new TextEncoder().encode(name)]);
    return [at, d.seldom(20) ? d.of(0, 1, 2, 111) : 2 + name.length + (name.startsWith('\0') ? 0 : 1)];
  }
  const family = d.seldom(20) ? d.of(S.AF_UNSPEC, S.AF_INET6) : S.AF_INET;
  const host = d.of<readonly number[]>(
    [127, 0, 0, 1],
    [127, 0, 0, 2],
    [0, 0, 0, 0],
    [127, 255, 255, 255],
    [10, 0, 0, 1],
  );
  const port = d.of(1001, 1002, 1003, 0);
  const at = d.bytes([family, 0, port >> 8, port & 0xff, ...host, 0, 0, 0, 0, 0, 0, 0, 0]);
  return [at, d.seldom(20) ? d.of(15, 2, 0, 128, -1) : 16];
}

/** Room for a name that a call fills, with its length before. */
function name_room(d: Draw): [at: number, length: number] {
  const at = d.room(112);
  const length = d.room(4);
  d.store(length, 4, d.seldom(10) ? d.of(0, 3, -1, 8) : 110);
  // A port that the kernel chose, the name of an autobound socket, and nothing else.
  d.mask(at + 2, 2, 'port');
  d.mask(at + 3, 5, 'autobind');
  return [at, length];
}

const bind: Operation = (d) => {
  const { fd, kind } = d.handle(...SOCKETS);
  const [at, length] = address(d, kind);
  d.call('bind', [fd, d.ptr(at), length]);
};

const listen: Operation = (d) => {
  d.network = true;
  d.call('listen', [d.fd(...STREAMS), d.of(8, 0, 1, -1)]);
};

const connect: Operation = (d) => {
  const { fd, kind } = awake(d, SOCKETS);
  const [at, length] = address(d, kind);
  d.call('connect', [fd, d.ptr(at), length]);
};

const accept: Operation = (d) => {
  const { fd, kind, nonblock } = awake(d, STREAMS);
  const [at, length] = name_room(d);
  const bits = S.SOCK_NONBLOCK + d.bits(S.SOCK_CLOEXEC) + (d.seldom(30) ? 1 : 0);
  const named = d.below(2) === 0;
  const made = d.call('accept4', [fd, named ? d.ptr(at) : 0, named ? d.ptr(length) : 0, bits]);
  d.made(made, kind, nonblock);
};

/** A listener, somebody who connects to it, and the connection. */
const connection: Operation = (d) => {
  d.network = true;
  const unix = d.below(2) === 0;
  const kind: Kind = unix ? d.of('unix_stream', 'unix_seqpacket') : 'inet_stream';
  const type = kind === 'unix_seqpacket' ? S.SOCK_SEQPACKET : S.SOCK_STREAM;
  const make = (): Value => d.call('socket', [unix ? S.AF_UNIX : S.AF_INET, type + S.SOCK_NONBLOCK, 0]);
  const port = 2000 + d.steps.length;
  const name = unix
    ? [1, 0, 0, 200 + d.steps.length]
    : [2, 0, port >> 8, port & 0xff, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
  const listener = make();
  d.call('bind', [listener, { is: 'pointer', n: d.bytes(name) }, name.length]);
  d.call('listen', [listener, 4]);
  const client = make();
  d.call('connect', [client, { is: 'pointer', n: d.bytes(name) }, name.length]);
  const server = d.call('accept4', [listener, 0, 0, S.SOCK_NONBLOCK]);
  d.made(listener, kind, true);
  d.made(client, kind, true);
  d.made(server, kind, true);
};

const names: Operation = (d) => {
  const [at, length] = name_room(d);
  d.call(d.of('getsockname', 'getpeername'), [d.fd(...SOCKETS), d.ptr(at), d.ptr(length)]);
};

const shutdown: Operation = (d) => {
  d.call('shutdown', [d.fd(...SOCKETS), d.of(1, 0, 2, 3)]);
};

const LENGTHS = [8, 1, 0, 100, 4096] as const;

const send: Operation = (d) => {
  const { fd, kind } = d.handle(...SOCKETS);
  const length = d.of(...LENGTHS);
  const at = d.room(Math.max(length, 8));
  d.store(at, 8, 0x4142_4344_4500 + d.steps.length);
  const flags = S.MSG_DONTWAIT + d.bits(S.MSG_NOSIGNAL, S.MSG_OOB, S.MSG_MORE, S.MSG_EOR);
  if (d.below(2) === 0) {
    d.call('sendto', [fd, d.ptr(at), length, flags, 0, 0]);
    return;
  }
  const [name, size] = address(d, kind);
  d.call('sendto', [fd, d.ptr(at), length, flags, d.ptr(name), size]);
};

const recv: Operation = (d) => {
  const length = d.of(...LENGTHS);
  const at = d.room(length);
  const flags = S.MSG_DONTWAIT + d.bits(S.MSG_PEEK, S.MSG_TRUNC, S.MSG_OOB, S.MSG_WAITALL);
  const [name, size] = name_room(d);
  const named = d.below(2) === 0;
  d.call('recvfrom', [d.fd(...SOCKETS), d.ptr(at), length, flags, named ? d.ptr(name) : 0, named ? d.ptr(size) : 0]);
};

/** struct msghdr over one or two buffers. */
function msghdr(
  d: Draw,
  lengths: readonly number[],
  control: number,
  controllen: number,
  name = 0,
  namelen = 0,
): number {
  const at = d.room(56);
  const iov = d.room(16 * Math.max(lengths.length, 1));
  lengths.forEach((length, i) => {
    d.store(iov + 16 * i, 8, { is: 'pointer', n: d.room(length) });
    d.store(iov + 16 * i + 8, 8, length);
  });
  const fields: [number, Value | number][] = [
    [0, name === 0 ? 0 : d.ptr(name)],
    [8, namelen],
    [16, lengths.length === 0 ? 0 : d.ptr(iov)],
    [24, lengths.length],
    [32, control === 0 ? 0 : d.ptr(control)],
    [40, controllen],
    [48, 0],
  ];
  for (const [offset, value] of fields) d.store(at + offset, 8, value);
  return at;
}

const sendmsg: Operation = (d) => {
  const { fd } = d.handle('unix_stream', 'unix_dgram', 'unix_seqpacket');
  const fds = d.of(1, 2, 0, 3);
  const control = d.room(16 + 16);
  d.store(control, 8, d.seldom(15) ? d.of(15, 1000, 0) : 16 + 4 * fds);
  d.store(control + 8, 4, d.seldom(20) ? 0 : S.SOL_SOCKET);
  d.store(control + 12, 4, d.seldom(20) ? 99 : S.SCM_RIGHTS);
  for (let i = 0; i < fds; i++) d.store(control + 16 + 4 * i, 4, d.fd());
  const carries = d.below(3) !== 2;
  const at = msghdr(
    d,
    d.of<readonly number[]>([8], [1, 5], [], [0]),
    carries ? control : 0,
    carries ? 16 + ((4 * fds + 7) & ~7) : 0,
  );
  d.call('sendmsg', [fd, d.ptr(at), S.MSG_DONTWAIT + d.bits(S.MSG_NOSIGNAL)]);
};

const recvmsg: Operation = (d) => {
  const { fd, kind } = d.handle(...SOCKETS);
  const controllen = d.of(64, 24, 20, 15, 0, 16);
  const control = d.room(64);
  const [name] = name_room(d);
  const at = msghdr(
    d,
    d.of<readonly number[]>([8], [1, 5], [], [0], [100]),
    control,
    controllen,
    d.below(2) === 0 ? 0 : name,
    110,
  );
  d.call('recvmsg', [fd, d.ptr(at), S.MSG_DONTWAIT + d.bits(S.MSG_PEEK, S.MSG_CMSG_CLOEXEC, S.MSG_TRUNC)]);
  // What came along, if it did: the first two.
  if (UNIX.includes(kind)) d.made({ is: 'int_at', n: control + 16 }, 'pipe', false);
};

const OPTIONS: readonly (readonly [level: number, option: number])[] = [
  ...[
    S.SO_REUSEADDR,
    S.SO_KEEPALIVE,
    S.SO_BROADCAST,
    S.SO_OOBINLINE,
    S.SO_SNDBUF,
    S.SO_RCVBUF,
    S.SO_PASSCRED,
    S.SO_RCVLOWAT,
  ].map((option) => [S.SOL_SOCKET, option] as const),
  ...[
    S.SO_TYPE,
    S.SO_ERROR,
    S.SO_ACCEPTCONN,
    S.SO_PROTOCOL,
    S.SO_DOMAIN,
    S.SO_REUSEPORT,
    S.SO_PRIORITY,
    S.SO_SNDLOWAT,
  ].map((option) => [S.SOL_SOCKET, option] as const),
  ...[S.SO_LINGER, S.SO_RCVTIMEO, S.SO_SNDTIMEO, S.SO_PEEK_OFF, 9999].map((option) => [S.SOL_SOCKET, option] as const),
  ...[TCP_NODELAY, TCP_CORK, TCP_KEEPIDLE, TCP_MAXSEG, TCP_USER_TIMEOUT].map((option) => [6, option] as const),
  ...[IP_TOS, IP_TTL, IP_RECVERR].map((option) => [0, option] as const),
];

const setsockopt: Operation = (d) => {
  const [level, option] = d.of(...OPTIONS);
  const at = d.room(16);
  d.store(at, 8, d.of(1, 0, -1, 4096, 100));
  d.store(at + 8, 8, 0);
  const wide = option === S.SO_RCVTIMEO || option === S.SO_SNDTIMEO;
  d.call('setsockopt', [
    d.fd(...SOCKETS),
    level,
    option,
    d.ptr(at),
    d.seldom(10) ? d.of(0, 1, 3, 8, -1) : wide ? 16 : option === S.SO_LINGER ? 8 : 4,
  ]);
};

const getsockopt: Operation = (d) => {
  const [level, option] = d.of(...OPTIONS);
  const at = d.room(16);
  const length = d.room(4);
  d.store(length, 4, d.of(4, 16, 0, 1, 8, -1));
  d.call('getsockopt', [d.fd(...SOCKETS), level, option, d.ptr(at), d.ptr(length)]);
};

export const sockets: readonly Operation[] = [
  ...[
    bind,
    bind,
    listen,
    connect,
    connect,
    accept,
    connection,
    connection,
    names,
    shutdown,
    send,
    send,
    send,
    recv,
    recv,
    recv,
  ],
  ...[sendmsg, sendmsg, recvmsg, recvmsg, setsockopt, setsockopt, getsockopt],
];
