/** Control messages of level SOL_SOCKET: descriptors and credentials that travel with a message (net/core/scm.c). */
import { should_fail } from '../../include/linux/inject.js';
import type { OpenFile } from '../../include/linux/fs.js';
import { type MsgHdr, SCM_RECV_CREDENTIALS, SCM_RECV_PIDFD, type Sock, type Socket } from '../../include/linux/net.js';
import type { Task, ThreadGroup } from '../../include/linux/sched.js';
import { ENOMEM, EBADF, EFAULT, EINVAL, EPERM, ESRCH } from '../../include/uapi/errno.js';
import { O_CLOEXEC } from '../../include/uapi/fcntl.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import {
  AF_UNIX,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  SCM_CREDENTIALS,
  SCM_PIDFD,
  SCM_RIGHTS,
  SOL_SOCKET,
} from '../../include/uapi/socket.js';
import { get_s32, get_u32, get_u64, put_u32, put_u64 } from '../../lib/bytes.js';
import { fd_install, fget_raw, fput, get_file, get_unused_fd_flags, put_unused_fd } from '../../fs/file.js';
import { capable } from '../../kernel/capability.js';
import { pidfd_file } from '../../kernel/pid.js';
import { find_vma } from '../../mm/mmap.js';
import { put_user_u32 } from '../../mm/uaccess.js';

const { cmsghdr: CMSGHDR, ucred: UCRED } = layout_x86_64;

/** Open files in a message. */
export interface ScmFpList {
  readonly fp: OpenFile[];
  /** Who sent them: they count against this user. */
  readonly user: number;
}

/** What goes along with the bytes of a message. */
export interface ScmCookie {
  /** The process that the message is from; 0: nobody has said. */
  pid: number;
  group: ThreadGroup | null;
  /** -1: nobody has said. */
  uid: number;
  gid: number;
  fp: ScmFpList | null;
}

export function scm_cookie(): ScmCookie {
  return { pid: 0, group: null, uid: -1, gid: -1, fp: null };
}

/** A message from `task` as it is. Linux: current_uid_gid, task_tgid. */
export function scm_set_current(scm: ScmCookie, { group, cred }: Task): void {
  scm.pid = group.tgid;
  scm.group = group;
  scm.uid = cred.uid;
  scm.gid = cred.gid;
}

export function cmsg_align(n: number): number {
  return (n + 7) & ~7;
}

/**
 * The control messages of `control` in turn, as offset and length of their data: -EINVAL from `each` on a length that does not fit.
 * Linux: for_each_cmsghdr, CMSG_OK.
 */
export function for_each_cmsghdr(
  control: Uint8Array,
  each: (level: number, type: number, at: number, len: number) => number,
): number {
  for (let at = 0; at + CMSGHDR.size <= control.length;) {
    const len = get_u64(control, at + CMSGHDR.cmsg_len);
    if (len < CMSGHDR.size || len > control.length - at) return -EINVAL;
    const level = get_s32(control, at + CMSGHDR.cmsg_level);
    const type = get_s32(control, at + CMSGHDR.cmsg_type);
    const err = each(level, type, at + CMSGHDR.size, len - CMSGHDR.size);
    if (err < 0) return err;
    at += cmsg_align(len);
  }
  return 0;
}

/** Only credentials that the task could give itself by setuid and setgid: -EINVAL, -EPERM. */
function scm_check_creds({ group, cred }: Task, pid: number, uid: number, gid: number): number {
  if (uid === 0xffffffff || gid === 0xffffffff) return -EINVAL;
  if (capable(cred)) return 0;
  const own =
    pid === group.tgid &&
    (uid === cred.uid || uid === cred.euid || uid === cred.suid) &&
    (gid === cred.gid || gid === cred.egid || gid === cred.sgid);
  return own ? 0 : -EPERM;
}

/** SCM_CREDENTIALS: -EINVAL (size), -EPERM, -ESRCH (no such process). */
function scm_creds_copy(task: Task, scm: ScmCookie, control: Uint8Array, at: number, len: number): number {
  if (len !== UCRED.size) return -EINVAL;
  const pid = get_s32(control, at + UCRED.pid);
  const uid = get_u32(control, at + UCRED.uid);
  const gid = get_u32(control, at + UCRED.gid);
  const err = scm_check_creds(task, pid, uid, gid);
  if (err < 0) return err;
  const { groups, tasks } = task.kernel;
  if (!groups.has(pid) && !tasks.has(pid)) return -ESRCH;
  scm.pid = pid;
  scm.group = groups.get(pid) ?? null;
  scm.uid = uid;
  scm.gid = gid;
  return 0;
}

/** SCM_RIGHTS: -EINVAL (too many), -EBADF. */
function scm_fp_copy(task: Task, scm: ScmCookie, control: Uint8Array, at: number, len: number): number {
  const num = len >> 2;
  if (num === 0) return 0;
  const max = task.kernel.release.scm_max_fd;
  if (num > max) return -EINVAL;
  if (scm.fp === null && should_fail(task.kernel, 'scm_fp_list')) return -ENOMEM;
  scm.fp ??= { fp: [], user: task.cred.uid };
  const { fp } = scm.fp;
  if (fp.length + num > max) return -EINVAL;
  for (let i = 0; i < num; i++) {
    const fd = get_s32(control, at + 4 * i);
    const file = fd < 0 ? null : fget_raw(task, fd);
    if (file === null) return -EBADF;
    fp.push(get_file(file));
  }
  return 0;
}

/** Drop the files of a message. */
export function scm_destroy(scm: ScmCookie): void {
  const list = scm.fp;
  if (list === null) return;
  scm.fp = null;
  for (let i = list.fp.length - 1; i >= 0; i--) fput(list.fp[i]!);
}

/** -EINVAL (a length, an unknown type, too many descriptors), -EBADF, -EPERM, -ESRCH. Other levels are skipped. */
function __scm_send(task: Task, sock: Socket, control: Uint8Array, scm: ScmCookie): number {
  return for_each_cmsghdr(control, (level, type, at, len) => {
    if (level !== SOL_SOCKET) return 0;
    if (type === SCM_RIGHTS && sock.ops.family === AF_UNIX) return scm_fp_copy(task, scm, control, at, len);
    return type === SCM_CREDENTIALS ? scm_creds_copy(task, scm, control, at, len) : -EINVAL;
  });
}

/** What is to go along with `msg`, null for nothing, or the error of __scm_send. */
export function scm_send(task: Task, sock: Socket, msg: MsgHdr): ScmCookie | null | number {
  const always = task.kernel.release.scm_always_creds;
  if (msg.control === null && !always) return null;
  const scm = scm_cookie();
  if (always) scm_set_current(scm, task);
  if (msg.control === null) return scm;
  const err = __scm_send(task, sock, msg.control, scm);
  if (err === 0) return scm;
  scm_destroy(scm);
  return err;
}

/** One control message to the program, cut to the room there is, which MSG_CTRUNC tells. -EFAULT. */
export function put_cmsg(task: Task, msg: MsgHdr, level: number, type: number, data: Uint8Array): number {
  const room = msg.msg_controllen;
  if (msg.msg_control === 0 || room < CMSGHDR.size) {
    msg.out_flags |= MSG_CTRUNC;
    return 0;
  }
  const len = CMSGHDR.size + data.length;
  const cmlen = Math.min(len, room);
  if (cmlen < len) msg.out_flags |= MSG_CTRUNC;
  const area = find_vma(task.mm, msg.msg_control, cmlen);
  if (area === null) return -EFAULT;
  const at = msg.msg_control - area.start;
  put_u64(area.bytes, at + CMSGHDR.cmsg_len, cmlen);
  put_u32(area.bytes, at + CMSGHDR.cmsg_level, level);
  put_u32(area.bytes, at + CMSGHDR.cmsg_type, type);
  area.bytes.set(data.subarray(0, cmlen - CMSGHDR.size), at + CMSGHDR.size);
  advance(msg, cmsg_align(len));
  return 0;
}

function advance(msg: MsgHdr, n: number): void {
  const used = Math.min(n, msg.msg_controllen);
  msg.msg_control += used;
  msg.msg_controllen -= used;
}

/** Open `file` under a new descriptor and write its number: -EMFILE, -EFAULT. Linux: receive_fd. */
function receive_fd(task: Task, file: OpenFile, ufd: number, flags: number): number {
  const fd = get_unused_fd_flags(task, flags);
  if (fd < 0) return fd;
  if (put_user_u32(task.mm, ufd, fd) < 0) {
    put_unused_fd(task, fd);
    return -EFAULT;
  }
  fd_install(task, fd, get_file(file));
  return 0;
}

/**
 * The descriptors of a message, as many as there is room for, in the message and in the table; MSG_CTRUNC if some are lost.
 * ABI: a fault or a full table in the middle is no error; what was opened before stays open.
 */
export function scm_detach_fds(task: Task, msg: MsgHdr, scm: ScmCookie): void {
  const { fp } = scm.fp!;
  const cm = msg.msg_control;
  const fdmax = Math.min(Math.max(msg.msg_controllen - CMSGHDR.size, 0) >> 2, fp.length);
  const flags = (msg.flags & MSG_CMSG_CLOEXEC) !== 0 && task.kernel.release.msg_cmsg_cloexec ? O_CLOEXEC : 0;
  let i = 0;
  while (i < fdmax && receive_fd(task, fp[i]!, cm + CMSGHDR.size + 4 * i, flags) === 0) i++;
  const area = i > 0 ? find_vma(task.mm, cm, CMSGHDR.size) : null;
  if (area !== null) {
    const at = cm - area.start;
    put_u64(area.bytes, at + CMSGHDR.cmsg_len, CMSGHDR.size + 4 * i);
    put_u32(area.bytes, at + CMSGHDR.cmsg_level, SOL_SOCKET);
    put_u32(area.bytes, at + CMSGHDR.cmsg_type, SCM_RIGHTS);
    advance(msg, cmsg_align(CMSGHDR.size + 4 * i));
  }
  if (i < fp.length) msg.out_flags |= MSG_CTRUNC;
  scm_destroy(scm);
}

/** The 12 bytes of a struct ucred; what nobody has said is 0 and the overflow id. */
function put_ucred(scm: ScmCookie): Uint8Array {
  const raw = new Uint8Array(UCRED.size);
  put_u32(raw, UCRED.pid, scm.pid);
  put_u32(raw, UCRED.uid, scm.uid === -1 ? OVERFLOW_ID : scm.uid);
  put_u32(raw, UCRED.gid, scm.gid === -1 ? OVERFLOW_ID : scm.gid);
  return raw;
}

/** DEFAULT_OVERFLOWUID. */
const OVERFLOW_ID = 65534;

/** A descriptor for the sender's process. No room: MSG_CTRUNC. Linux: scm_pidfd_recv. */
function scm_pidfd_recv(task: Task, msg: MsgHdr, group: ThreadGroup | null): void {
  if (msg.msg_controllen < CMSGHDR.size + 4) {
    msg.out_flags |= MSG_CTRUNC;
    return;
  }
  if (group === null) return;
  const fd = get_unused_fd_flags(task, O_CLOEXEC);
  const raw = new Uint8Array(4);
  put_u32(raw, 0, fd);
  const err = put_cmsg(task, msg, SOL_SOCKET, SCM_PIDFD, raw);
  if (fd < 0) return;
  if (err < 0) put_unused_fd(task, fd);
  else fd_install(task, fd, pidfd_file(group, 0));
}

/** Hand over what came with a message, and drop it. Linux: scm_recv_unix. */
export function scm_recv(task: Task, sk: Sock, msg: MsgHdr, scm: ScmCookie): void {
  const wanted = sk.sk_scm_recv_flags;
  if (msg.msg_control === 0) {
    if ((wanted & (SCM_RECV_CREDENTIALS | SCM_RECV_PIDFD)) !== 0 || scm.fp !== null) msg.out_flags |= MSG_CTRUNC;
    scm_destroy(scm);
    return;
  }
  if ((wanted & SCM_RECV_CREDENTIALS) !== 0) put_cmsg(task, msg, SOL_SOCKET, SCM_CREDENTIALS, put_ucred(scm));
  if (scm.fp !== null) scm_detach_fds(task, msg, scm);
  if ((wanted & SCM_RECV_PIDFD) !== 0) scm_pidfd_recv(task, msg, scm.group);
}

/** A second list of the same files, for a peek. */
export function scm_fp_dup(list: ScmFpList): ScmFpList {
  for (const file of list.fp) get_file(file);
  return { fp: list.fp.slice(), user: list.user };
}
