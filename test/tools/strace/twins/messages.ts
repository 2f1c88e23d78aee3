import * as u from '../../../../kernel-mock/include/uapi/index.js';
import { int_at, longs, mem, struct, twin, zeros } from './twin.js';

export default twin(async (S, libc) => {
  const at = (bytes: Uint8Array): number => libc.cpu.memory.map(bytes);
  const sv = zeros(8);
  await S('socketpair', u.AF_UNIX, u.SOCK_DGRAM | u.SOCK_CLOEXEC, 0, sv);
  const [a, b] = [int_at(sv), int_at(sv, 4)];
  const v = at(longs(at(mem('k')), 1));
  const to = at(longs(at(zeros(10)), 10));
  const rights = at(struct([8, 24], [4, u.SOL_SOCKET], [4, u.SCM_RIGHTS], [4, 0], [4, 1]));
  const header = (name: number, namelen: number, iov: number, control: number, controllen: number): Uint8Array =>
    struct([8, name], [4, namelen], [4, 0], [8, iov], [8, 1], [8, control], [8, controllen], [4, 0], [4, 0]);

  await S('sendmsg', a, header(0, 0, v, rights, 24), u.MSG_NOSIGNAL);
  const room = at(zeros(64));
  const r = header(at(zeros(110)), 110, to, room, 24);
  await S('recvmsg', b, r, u.MSG_CMSG_CLOEXEC);
  await S('recvmsg', b, r, u.MSG_DONTWAIT);
  const m = header(0, 0, v, 0, 0);
  await S('sendmsg', a, m, 0);
  await S('sendmsg', 99, m, 0);
  await S('sendmsg', a, null, 0);
  const small = header(0, 0, to, room, 0);
  await S('recvmsg', b, small, 0);
  const twice = (one: Uint8Array): Uint8Array => Uint8Array.from([...one, ...zeros(8), ...one, ...zeros(8)]);
  await S('sendmmsg', a, twice(m), 2, 0);
  const many = twice(small);
  await S('recvmmsg', b, many, 2, 0, null);
  await S('recvmmsg', b, many, 2, u.MSG_DONTWAIT, null);
  await S('sendto', a, mem('long string that does not fit into it'), 37, 0, null, 0);
  await S('recvmsg', b, small, u.MSG_TRUNC);
  await S('writev', a, v, 1);
  await S('readv', b, to, 1);
  return 0;
});
