/** What goes along with AF_UNIX messages (net/unix/scm.c, and the unix_scm_* of net/unix/af_unix.c). */
import { SCM_RECV_CREDENTIALS, SCM_RECV_PIDFD, SCM_RECV_RIGHTS, type MsgHdr } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EPERM, ETOOMANYREFS } from '../../include/uapi/errno.js';
import { capable } from '../../kernel/capability.js';
import { rlimit_nofile } from '../../fs/file.js';
import { type ScmCookie, scm_cookie, scm_destroy, scm_fp_dup, scm_recv, scm_set_current } from '../core/scm.js';
import type { UnixSock } from './af_unix.js';
import { unix_inflight, unix_inflight_of_user, unix_notinflight } from './garbage.js';
import type { UnixSkb } from './skbuff.js';

const SCM_RECV_CREDS = SCM_RECV_CREDENTIALS | SCM_RECV_PIDFD;

/** Does the socket want to know who sends? Then its own messages say so too, and it gets a name. Linux: unix_may_passcred. */
export function unix_may_passcred(sk: UnixSock): boolean {
  return (sk.sk_scm_recv_flags & SCM_RECV_CREDS) !== 0;
}

/** May `task` put these descriptors in flight? -ETOOMANYREFS. Linux: unix_attach_fds, too_many_unix_fds. */
export function too_many_unix_fds(task: Task, scm: ScmCookie | null): number {
  if (scm === null || scm.fp === null || !task.kernel.release.unix_inflight_limit) return 0;
  if (unix_inflight_of_user(task.kernel, scm.fp.user) <= rlimit_nofile(task)) return 0;
  return capable(task.cred) ? 0 : -ETOOMANYREFS;
}

/** Does `other` take messages with descriptors? -EPERM. */
export function unix_rights_refused(other: UnixSock, scm: ScmCookie | null): number {
  return scm !== null && scm.fp !== null && (other.sk_scm_recv_flags & SCM_RECV_RIGHTS) === 0 ? -EPERM : 0;
}

/**
 * What the next buffer to `other` carries: the descriptors, which leave `scm` for the first one, and credentials, where the
 * program gave some or one of the ends wants to know. Linux: unix_scm_to_skb, unix_maybe_add_creds.
 */
export function unix_scm_to_skb(task: Task, sk: UnixSock, other: UnixSock, scm: ScmCookie | null): ScmCookie | null {
  // An embryo cannot say yet what it wants.
  const wanted = unix_may_passcred(sk) || unix_may_passcred(other) || other.sk_socket === null;
  if (scm === null && !wanted) return null;
  const own = scm === null ? scm_cookie() : { ...scm };
  if (scm !== null) scm.fp = null;
  if (own.fp !== null) unix_inflight(task.kernel, own.fp);
  if (own.pid === 0 && wanted) scm_set_current(own, task);
  return own;
}

/** The descriptors leave the message. */
export function unix_detach_fds(skb: UnixSkb, scm: ScmCookie): void {
  const list = skb.scm!.fp!;
  skb.scm!.fp = null;
  unix_notinflight(skb.sender.kernel, list);
  scm.fp = list;
}

/** The message is dropped with all it carries. Linux: unix_destruct_scm. */
export function unix_destruct_scm(skb: UnixSkb): void {
  if (skb.scm === null || skb.scm.fp === null) return;
  const scm = scm_cookie();
  unix_detach_fds(skb, scm);
  scm_destroy(scm);
}

/** What a receive learns of `skb`: its credentials, and with `peek` copies of its descriptors, else these themselves. */
export function unix_skb_to_scm(skb: UnixSkb, scm: ScmCookie): void {
  if (skb.scm === null) return;
  scm.pid = skb.scm.pid;
  scm.group = skb.scm.group;
  scm.uid = skb.scm.uid;
  scm.gid = skb.scm.gid;
}

export function unix_take_fds(skb: UnixSkb, scm: ScmCookie, peek: boolean): void {
  const list = skb.scm?.fp ?? null;
  if (list === null) return;
  if (peek) scm.fp = scm_fp_dup(list);
  else unix_detach_fds(skb, scm);
}

/** Are both from one writer? */
export function unix_skb_scm_eq(skb: UnixSkb, scm: ScmCookie): boolean {
  const { pid, uid, gid } = skb.scm ?? NOBODY;
  return pid === scm.pid && uid === scm.uid && gid === scm.gid;
}

const NOBODY = scm_cookie();

/** Must a receive tell anything besides bytes? */
export function unix_wants_scm(sk: UnixSock, scm: ScmCookie | null): boolean {
  return unix_may_passcred(sk) || (scm !== null && scm.fp !== null);
}

/** The end of a receive: hand over what came. */
export function unix_scm_recv(task: Task, sk: UnixSock, msg: MsgHdr, scm: ScmCookie | null): void {
  // ABI: where nothing was read, at end of file, the ids are 0, not those of nobody.
  if (unix_wants_scm(sk, scm)) scm_recv(task, sk, msg, scm ?? { pid: 0, group: null, uid: 0, gid: 0, fp: null });
}
