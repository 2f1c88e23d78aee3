/** Control messages: objects of the program, bytes of the ABI (struct cmsghdr, CMSG_DATA and its like). */
import { get_s32, get_u32, get_u64, put_u32, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { SCM_CREDENTIALS, SCM_PIDFD, SCM_RIGHTS, SOL_SOCKET } from '../../kernel-mock/include/uapi/socket.js';
import { describe } from './describe.js';

const { cmsghdr: CMSGHDR, ucred: UCRED } = layout_x86_64;

export interface Ucred {
  pid: number;
  uid: number;
  gid: number;
}

/** One control message. What it holds is in `fds`, `cred` or `data`. */
export interface Cmsg {
  /** SOL_SOCKET … */
  level: number;
  /** SCM_RIGHTS, SCM_CREDENTIALS … */
  type: number;
  /** SCM_RIGHTS (SCM_PIDFD: the one): descriptors. */
  fds?: readonly number[];
  /** SCM_CREDENTIALS. */
  cred?: Ucred;
  /** Any other: its bytes. */
  data?: Uint8Array;
}

function align(n: number): number {
  return Math.ceil(n / 8) * 8;
}

function data_len({ fds, cred, data }: Cmsg): number {
  if (fds !== undefined) return 4 * fds.length;
  return cred !== undefined ? UCRED.size : (data?.length ?? 0);
}

/** Bytes that the control message takes in a buffer: CMSG_SPACE. */
function space(cmsg: Cmsg): number {
  return CMSGHDR.size + align(data_len(cmsg));
}

function put_data(raw: Uint8Array, at: number, { fds, cred, data }: Cmsg): void {
  if (fds !== undefined) fds.forEach((fd, i) => put_u32(raw, at + 4 * i, fd));
  else if (cred !== undefined) {
    put_u32(raw, at + UCRED.pid, cred.pid);
    put_u32(raw, at + UCRED.uid, cred.uid);
    put_u32(raw, at + UCRED.gid, cred.gid);
  } else if (data !== undefined) raw.set(data, at);
}

/** The buffer of msg_control. */
export function encode_cmsgs(list: readonly Cmsg[]): Uint8Array {
  for (const cmsg of list as readonly unknown[])
    if (typeof cmsg !== 'object' || cmsg === null)
      throw new TypeError(`a control message is { level, type, fds, cred or data }, not ${describe(cmsg)}`);
  const raw = new Uint8Array(list.reduce((n, cmsg) => n + space(cmsg), 0));
  let at = 0;
  for (const cmsg of list) {
    put_u64(raw, at + CMSGHDR.cmsg_len, CMSGHDR.size + data_len(cmsg));
    put_u32(raw, at + CMSGHDR.cmsg_level, cmsg.level);
    put_u32(raw, at + CMSGHDR.cmsg_type, cmsg.type);
    put_data(raw, at + CMSGHDR.size, cmsg);
    at += space(cmsg);
  }
  return raw;
}

function decode_cmsg(level: number, type: number, data: Uint8Array): Cmsg {
  if (level === SOL_SOCKET && (type === SCM_RIGHTS || type === SCM_PIDFD))
    return { level, type, fds: Array.from({ length: data.length >> 2 }, (_, i) => get_s32(data, 4 * i)) };
  if (level !== SOL_SOCKET || type !== SCM_CREDENTIALS || data.length < UCRED.size)
    return { level, type, data: data.slice() };
  const cred = { pid: get_s32(data, UCRED.pid), uid: get_u32(data, UCRED.uid), gid: get_u32(data, UCRED.gid) };
  return { level, type, cred };
}

/** Put the control messages of what a call wrote into `list`, in the place of what was there. */
export function decode_cmsgs(raw: Uint8Array, list: Cmsg[]): void {
  list.length = 0;
  for (let at = 0; at + CMSGHDR.size <= raw.length;) {
    const len = Math.min(get_u64(raw, at + CMSGHDR.cmsg_len), raw.length - at);
    if (len < CMSGHDR.size) break;
    const level = get_s32(raw, at + CMSGHDR.cmsg_level);
    const type = get_s32(raw, at + CMSGHDR.cmsg_type);
    list.push(decode_cmsg(level, type, raw.subarray(at + CMSGHDR.size, at + len)));
    at += align(len);
  }
}
