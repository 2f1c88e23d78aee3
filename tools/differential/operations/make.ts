/** Operations that make descriptors, copy, mark and close them. */
import { CLOSE_RANGE_CLOEXEC } from '../../../kernel-mock/include/uapi/close_range.js';
import { EFD_CLOEXEC, EFD_NONBLOCK, EFD_SEMAPHORE } from '../../../kernel-mock/include/uapi/eventfd.js';
import { EPOLL_CLOEXEC } from '../../../kernel-mock/include/uapi/eventpoll.js';
import * as F from '../../../kernel-mock/include/uapi/fcntl.js';
import { IN_CLOEXEC, IN_NONBLOCK } from '../../../kernel-mock/include/uapi/inotify.js';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../../kernel-mock/include/uapi/in.js';
import * as I from '../../../kernel-mock/include/uapi/ioctls.js';
import { MFD_ALLOW_SEALING, MFD_CLOEXEC } from '../../../kernel-mock/include/uapi/memfd.js';
import * as S from '../../../kernel-mock/include/uapi/socket.js';
import { SFD_CLOEXEC, SFD_NONBLOCK } from '../../../kernel-mock/include/uapi/signalfd.js';
import { TFD_CLOEXEC, TFD_NONBLOCK } from '../../../kernel-mock/include/uapi/timerfd.js';
import { type Draw, type Kind, type Operation, number } from '../draw.js';

/** Flags of a call that makes a descriptor: mostly non-blocking, seldom a bit that nobody knows. */
function flags(d: Draw, nonblock: number, ...others: readonly number[]): number {
  const base = d.seldom(5) ? 0 : nonblock;
  return base + d.bits(...others) + (d.seldom(30) ? d.of(1 << 30, 0x100, 1 << 16) : 0);
}

const has = (value: number, bit: number): boolean => (value & bit) !== 0;

const TYPES: readonly (readonly [Kind, number, number])[] = [
  ['unix_stream', S.AF_UNIX, S.SOCK_STREAM],
  ['unix_dgram', S.AF_UNIX, S.SOCK_DGRAM],
  ['unix_seqpacket', S.AF_UNIX, S.SOCK_SEQPACKET],
];

const INET: readonly (readonly [Kind, number, number])[] = [
  ['inet_stream', S.AF_INET, S.SOCK_STREAM],
  ['inet_dgram', S.AF_INET, S.SOCK_DGRAM],
];

const socket: Operation = (d) => {
  const [kind, family, type] = d.of(...TYPES, ...INET);
  const bits = flags(d, S.SOCK_NONBLOCK, S.SOCK_CLOEXEC);
  const protocol = d.seldom(12) ? d.of(IPPROTO_TCP, IPPROTO_UDP, 1, 300) : 0;
  d.made(
    d.call('socket', [d.seldom(30) ? d.of(0, 46, 5) : family, type + bits, protocol]),
    kind,
    has(bits, S.SOCK_NONBLOCK),
  );
};

/** Two descriptors that the call stores in memory. */
function two(d: Draw): [at: number, fds: readonly [number, number]] {
  const first = d.slot();
  return [first, [first, d.slot()]];
}

const socketpair: Operation = (d) => {
  const [kind, family, type] = d.seldom(20) ? d.of(...INET) : d.of(...TYPES);
  const bits = flags(d, S.SOCK_NONBLOCK, S.SOCK_CLOEXEC);
  const [at, fds] = two(d);
  for (const slot of fds) d.store(slot, 4, -1);
  d.call('socketpair', [family, type + bits, 0, d.ptr(at)]);
  for (const n of fds) d.made({ is: 'int_at', n }, kind, has(bits, S.SOCK_NONBLOCK));
};

const pipe2: Operation = (d) => {
  const bits = flags(d, F.O_NONBLOCK, F.O_CLOEXEC, F.O_DIRECT);
  const [at, fds] = two(d);
  for (const slot of fds) d.store(slot, 4, -1);
  if (d.seldom(6)) d.call('pipe', [d.ptr(at)]);
  else d.call('pipe2', [d.ptr(at), bits]);
  for (const n of fds) d.made({ is: 'int_at', n }, 'pipe', has(bits, F.O_NONBLOCK));
};

const eventfd: Operation = (d) => {
  const bits = flags(d, EFD_NONBLOCK, EFD_CLOEXEC, EFD_SEMAPHORE);
  d.made(d.call('eventfd2', [d.of(0, 1, 3, 0xffffffff), bits]), 'event', has(bits, EFD_NONBLOCK));
};

const timerfd: Operation = (d) => {
  const bits = flags(d, TFD_NONBLOCK, TFD_CLOEXEC);
  d.made(d.call('timerfd_create', [d.of(1, 0, 7, 2, 99), bits]), 'timer', has(bits, TFD_NONBLOCK));
};

const epoll: Operation = (d) => {
  const fd = d.seldom(5)
    ? d.call('epoll_create', [d.of(1, 0, -1)])
    : d.call('epoll_create1', [flags(d, 0, EPOLL_CLOEXEC)]);
  d.made(fd, 'epoll', true);
};

const inotify: Operation = (d) => {
  const bits = flags(d, IN_NONBLOCK, IN_CLOEXEC);
  d.made(d.call('inotify_init1', [bits]), 'inotify', has(bits, IN_NONBLOCK));
};

const memfd: Operation = (d) => {
  const name = d.bytes(d.of('m', '', 'x'.repeat(249), 'x'.repeat(250)));
  d.made(d.call('memfd_create', [d.ptr(name), flags(d, 0, MFD_CLOEXEC, MFD_ALLOW_SEALING)]), 'memfd', true);
};

const signalfd: Operation = (d) => {
  const set = d.room(8);
  d.store(set, 8, d.of(0, 2 ** 9 + 2 ** 11));
  const bits = flags(d, SFD_NONBLOCK, SFD_CLOEXEC);
  const fd = d.seldom(6) ? d.fd('signal') : number(-1);
  d.made(d.call('signalfd4', [fd, d.ptr(set), d.seldom(20) ? 4 : 8, bits]), 'signal', has(bits, SFD_NONBLOCK));
};

const dup: Operation = (d) => {
  const { fd, kind, nonblock } = d.handle();
  const target = d.of(10, 11, 3, 40, -1, 63);
  const way = d.below(5);
  const calls = [
    () => d.call('dup', [fd]),
    () => d.call('dup2', [fd, target]),
    () => d.call('dup3', [fd, target, flags(d, 0, F.O_CLOEXEC)]),
    () => d.call('fcntl', [fd, F.F_DUPFD, target]),
    () => d.call('fcntl', [fd, F.F_DUPFD_CLOEXEC, target]),
  ];
  d.made(calls[way]!(), kind, nonblock);
};

const close: Operation = (d) => {
  d.call('close', [d.fd()]);
};

const close_range: Operation = (d) => {
  const first = d.of(20, 10, 5, 3);
  d.call('close_range', [first, d.of(63, first, 2 ** 32 - 1, first - 1), flags(d, 0, CLOSE_RANGE_CLOEXEC)]);
};

const set_flags: Operation = (d) => {
  const { fd } = d.handle();
  const calls = [
    () => d.call('fcntl', [fd, F.F_SETFD, d.of(1, 0, 3, -1)]),
    () => d.call('fcntl', [fd, F.F_SETFL, F.O_NONBLOCK + d.bits(F.O_APPEND, F.O_ASYNC, F.O_DIRECT, F.O_NOATIME)]),
    () => d.call('ioctl', [fd, d.of(I.FIOCLEX, I.FIONCLEX), 0]),
    () => d.call('fcntl', [fd, d.of(F.F_GETOWN, F.F_GETSIG, F.F_GETLEASE, F.F_GET_SEALS, F.F_GETPIPE_SZ, 99), 0]),
    () => d.call('fcntl', [fd, F.F_SETSIG, d.of(0, 10, 64, 65, -1)]),
  ];
  calls[d.below(calls.length)]!();
};

const ioctl: Operation = (d) => {
  const at = d.room(8);
  d.store(at, 4, 1);
  const command = d.of(I.FIONREAD, I.FIONBIO, I.SIOCOUTQ, I.SIOCATMARK, I.FIOASYNC, I.TCGETS, 0x1234);
  d.call('ioctl', [d.fd(), command, d.ptr(at)]);
};

export const make: readonly Operation[] = [
  ...[socket, socket, socketpair, socketpair, pipe2, pipe2, eventfd, timerfd, epoll, epoll, inotify, memfd, signalfd],
  ...[dup, dup, close, close, close, close_range, set_flags, set_flags, ioctl, ioctl],
];
