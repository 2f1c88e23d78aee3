import * as u from '../../../../kernel-mock/include/uapi/index.js';
import { int_at, ints, longs, loopback, mem, struct, twin, zeros } from './twin.js';

const FLAGS = u.SOCK_CLOEXEC | u.SOCK_NONBLOCK;

/** AF_UNIX with `path` in a structure of full size. */
function unix(path: string): Uint8Array {
  const bytes = zeros(110);
  bytes[0] = u.AF_UNIX;
  bytes.set(mem(path), 2);
  return bytes;
}

export default twin(async (S) => {
  const one = ints(1);
  const two = ints(0);
  const got = zeros(16);
  const buf = zeros(64);
  const linger = ints(1, 5);
  const tv = longs(1, 500000);
  const s = await S('socket', u.AF_INET, u.SOCK_STREAM | FLAGS, u.IPPROTO_TCP);
  await S('socket', u.AF_UNIX, u.SOCK_DGRAM | 0x100000, 0);
  await S('socket', 77, u.SOCK_RAW, 9);
  await S('socket', u.AF_INET, 11, 0);
  await S('setsockopt', s, u.SOL_SOCKET, u.SO_REUSEADDR, one, 4);
  await S('setsockopt', s, u.SOL_SOCKET, u.SO_LINGER, linger, 8);
  await S('setsockopt', s, u.SOL_SOCKET, u.SO_RCVTIMEO, tv, 16);
  await S('getsockopt', s, u.SOL_SOCKET, u.SO_RCVTIMEO, tv, ints(16));
  await S('getsockopt', s, u.SOL_SOCKET, u.SO_ERROR, two, ints(4));
  await S('getsockopt', s, u.IPPROTO_TCP, u.TCP_NODELAY, two, ints(10));
  await S('getsockopt', s, u.SOL_SOCKET, u.SO_LINGER, linger, ints(8));
  await S('getsockopt', s, u.SOL_SOCKET, u.SO_TYPE, two, null);
  await S('getsockopt', s, u.SOL_SOCKET, u.SO_TYPE, two, ints(4));
  await S('setsockopt', s, u.IPPROTO_IP, u.IP_TTL, two, 4);
  await S('setsockopt', s, 99, 2, one, 4);
  await S('setsockopt', s, u.SOL_SOCKET, 999, one, 4);
  await S('setsockopt', s, u.SOL_SOCKET, u.SO_REUSEADDR, one, 3);
  await S('setsockopt', s, u.SOL_SOCKET, u.SO_REUSEADDR, null, 4);
  await S('bind', s, loopback(48123), 16);
  await S('bind', s, null, 16);
  await S('getsockname', s, got, ints(16));
  await S('getsockname', s, buf, ints(64));
  await S('getsockname', s, buf, ints(4));
  await S('getpeername', s, buf, ints(16));
  await S('listen', s, 5);
  await S('accept4', s, null, null, FLAGS);
  await S('accept4', s, got, ints(16), 0);
  await S('accept4', s, null, null, 0x40000001);
  await S('accept4', 99, null, null, u.SOCK_CLOEXEC);
  const c = await S('socket', u.AF_INET, u.SOCK_STREAM, 0);
  await S('connect', c, loopback(48123), 16);
  const a = await S('accept4', s, null, null, u.SOCK_CLOEXEC);
  await S('sendto', c, mem('hello\x01\x023\x80'), 9, u.MSG_DONTWAIT | u.MSG_NOSIGNAL, null, 0);
  await S('recvfrom', a, buf, 64, 0, null, null);
  await S('recvfrom', a, buf, 10, u.MSG_DONTWAIT, null, null);
  await S('recvfrom', a, buf, 10, u.MSG_DONTWAIT | u.MSG_PEEK, got, ints(16));
  await S('shutdown', c, u.SHUT_WR);
  await S('shutdown', c, 7);
  await S('recvfrom', a, buf, 10, 0, null, null);
  await S('close', c);
  await S('close', a);
  await S('close', s);

  const path = unix('/a"b\n');
  const d = await S('socket', u.AF_UNIX, u.SOCK_DGRAM, 0);
  await S('connect', d, path, 110);
  await S('connect', d, path, 2);
  const hidden = unix('\0x"b\n');
  await S('connect', d, hidden, 5);
  const strange = struct([2, 77], [2, 0x6261], [4, 0x63], [8, 0]);
  await S('connect', d, strange, 16);
  await S('connect', d, null, 4);
  await S('connect', d, strange, 1);
  await S('bind', d, hidden, 5);
  await S('getsockname', d, hidden, ints(110));
  const e = await S('socket', u.AF_UNIX, u.SOCK_DGRAM, 0);
  await S('sendto', e, mem('x'), 1, 0, hidden, 5);
  await S('recvfrom', d, buf, 64, 0, hidden, ints(110));
  await S('close', d);
  await S('close', e);
  const sv = zeros(8);
  await S('socketpair', u.AF_UNIX, u.SOCK_SEQPACKET | u.SOCK_CLOEXEC, 0, sv);
  const x = int_at(sv);
  await S('socketpair', u.AF_INET, u.SOCK_STREAM, 0, sv);
  await S('getsockopt', x, u.SOL_SOCKET, u.SO_PEERCRED, buf, ints(12));
  return 0;
});
