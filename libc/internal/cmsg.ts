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
  return (n + 7) & ~7;
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
  if (fds !== undefined) for (let i = 0; i < fds.length; i++) put_u32(raw, at + 4 * i, fds[i]!);
  else if (cred !== undefined) {
    put_u32(raw, at + UCRED.pid, cred.pid);
    put_u32(raw, at + UCRED.uid, cred.uid);
    put_u32(raw, at + UCRED.gid, cred.gid);
  } else if (data !== undefined) raw.set(data, at);
}

/** The buffer of msg_control. */
export function encode_cmsgs(list: readonly Cmsg[]): Uint8Array {
  let size = 0;
  for (const cmsg of list) {
    const it: unknown = cmsg;
    if (typeof it !== 'object' || it === null)
      throw new TypeError(`a control message is { level, type, fds, cred or data }, not ${describe(it)}`);
    size += space(cmsg);
  }
  const raw = new Uint8Array(size);
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

/** The control message whose data stand in `raw` from `at` to `end`. */
function decode_cmsg(level: number, type: number, raw: Uint8Array, at: number, end: number): Cmsg {
  if (level === SOL_SOCKET && (type === SCM_RIGHTS || type === SCM_PIDFD)) {
    const fds = new Array<number>((end - at) >> 2);
    for (let i = 0; i < fds.length; i++) fds[i] = get_s32(raw, at + 4 * i);
    return { level, type, fds };
  }
  if (level !== SOL_SOCKET || type !== SCM_CREDENTIALS || end - at < UCRED.size)
    return { level, type, data: raw.slice(at, end) };
  const cred = {
    pid: get_s32(raw, at + UCRED.pid),
    uid: get_u32(raw, at + UCRED.uid),
    gid: get_u32(raw, at + UCRED.gid),
  };
  return { level, type, cred };
}

/** Put the control messages that a call wrote, `used` bytes of `raw`, into `list`, in the place of what was there. */
export function decode_cmsgs(raw: Uint8Array, used: number, list: Cmsg[]): void {
  list.length = 0;
  for (let at = 0; at + CMSGHDR.size <= used;) {
    const len = Math.min(get_u64(raw, at + CMSGHDR.cmsg_len), used - at);
    if (len < CMSGHDR.size) break;
    const level = get_s32(raw, at + CMSGHDR.cmsg_level);
    const type = get_s32(raw, at + CMSGHDR.cmsg_type);
    list.push(decode_cmsg(level, type, raw, at + CMSGHDR.size, at + len));
    at += align(len);
  }
}
