/** signalfd: pending signals to read (fs/signalfd.c). */
import { should_fail } from '../include/linux/inject.js';
import type { FileOperations, OpenFile } from '../include/linux/fs.js';
import type { IovIter } from '../include/linux/mm.js';
import type { Result, SigInfo, SigSet, Sleep, Task } from '../include/linux/sched.js';
import type { PollTable } from '../include/linux/wait.js';
import { ENOMEM, EAGAIN, EBADF, EFAULT, EINVAL, ERESTARTSYS } from '../include/uapi/errno.js';
import { O_NONBLOCK } from '../include/uapi/fcntl.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { POLLIN } from '../include/uapi/poll.js';
import {
  POLL_HUP,
  SIGBUS,
  SIGCHLD,
  SIGFPE,
  SIGILL,
  SIGSEGV,
  SIGSYS,
  SIGTRAP,
  SI_KERNEL,
  SI_SIGIO,
  SI_TIMER,
  SI_USER,
} from '../include/uapi/signal.js';
import { SFD_CLOEXEC, SFD_NONBLOCK } from '../include/uapi/signalfd.js';
import { put_u32, put_u64 } from '../lib/bytes.js';
import { indirect_file_flags } from '../kernel/indirect.js';
import { dequeue_signal, recalc_sigpending } from '../kernel/signal.js';
import { SIGSET_SIZE, get_sigset, next_signal, without_unblockable } from '../kernel/sigset.js';
import { finish_wait, prepare_to_wait, signal_pending, wake_up_all } from '../kernel/wait.js';
import { copy_to_iter } from '../mm/iov_iter.js';
import { size_t } from '../mm/uaccess.js';
import { anon_inode_getfd } from './anon_inodes.js';
import { fget } from './file.js';
import { noop_llseek } from './read_write.js';

const S = layout_x86_64.signalfd_siginfo;

interface SignalfdCtx {
  /** The complement of what the program asks for: a blocked set, as dequeue_signal takes it. */
  sigmask: SigSet;
}

function ctx_of(file: OpenFile): SignalfdCtx {
  return file.private_data as SignalfdCtx;
}

/** Signals whose codes above 0 are their own; of all others POLL_IN to POLL_HUP mean what they do of SIGIO. Linux: sig_sicodes. */
const OWN_CODES: ReadonlySet<number> = new Set([SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP, SIGCHLD, SIGSYS]);

const scratch = new Uint8Array(S.size);

/** `info` as struct signalfd_siginfo: what its code says that it holds. Linux: signalfd_copyinfo, siginfo_layout. */
function signalfd_siginfo({ si_signo, si_code, si_pid, si_uid, si_status, si_value }: SigInfo): Uint8Array {
  scratch.fill(0);
  put_u32(scratch, S.ssi_signo, si_signo);
  put_u32(scratch, S.ssi_code, si_code);
  const by_kernel = si_code > SI_USER && si_code < SI_KERNEL;
  if (si_code === SI_SIGIO || (by_kernel && si_code <= POLL_HUP && !OWN_CODES.has(si_signo))) {
    put_u32(scratch, S.ssi_band, si_pid);
    put_u32(scratch, S.ssi_fd, si_value);
    return scratch;
  }
  if (si_code === SI_TIMER) {
    put_u32(scratch, S.ssi_tid, si_pid);
    put_u32(scratch, S.ssi_overrun, si_uid);
  } else {
    put_u32(scratch, S.ssi_pid, si_pid);
    put_u32(scratch, S.ssi_uid, si_uid);
  }
  if (by_kernel && si_signo === SIGCHLD) put_u32(scratch, S.ssi_status, si_status);
  else if (si_code < 0) {
    put_u64(scratch, S.ssi_ptr, si_value);
    put_u32(scratch, S.ssi_int, si_value);
  }
  return scratch;
}

/** Take signals while there are some and room for them: bytes, 0 if there was none, or -EFAULT with the first one lost. */
function take(task: Task, ctx: SignalfdCtx, iter: IovIter): number {
  let done = 0;
  while (iter.count >= S.size) {
    const info = dequeue_signal(task, ctx.sigmask);
    if (info === undefined) break;
    if (copy_to_iter(task.mm, iter, signalfd_siginfo(info), 0, S.size) < 0) {
      if (done === 0) done = -EFAULT;
      break;
    }
    done += S.size;
  }
  if (done !== 0) recalc_sigpending(task);
  return done;
}

function* read_sleep(task: Task, ctx: SignalfdCtx, iter: IovIter): Sleep {
  try {
    for (;;) {
      prepare_to_wait(task.group.signalfd_wqh, task, false, 'a signal of a signalfd');
      const done = take(task, ctx, iter);
      if (done !== 0) return done;
      if (signal_pending(task)) return -ERESTARTSYS;
      yield;
    }
  } finally {
    finish_wait(task);
  }
}

/** ABI: signals are those of the reader, not of who made the descriptor. */
function signalfd_read(task: Task, file: OpenFile, iter: IovIter): Result {
  const ctx = ctx_of(file);
  if (iter.count < S.size) return -EINVAL;
  const done = take(task, ctx, iter);
  if (done !== 0) return done;
  return (file.f_flags & O_NONBLOCK) !== 0 ? -EAGAIN : read_sleep(task, ctx, iter);
}

/** Of the task that polls. Linux: current. */
function signalfd_poll(file: OpenFile, pt: PollTable | null): number {
  const task = file.kernel.current;
  if (task === null) return 0;
  pt?.poll_wait(task.group.signalfd_wqh);
  const { sigmask } = ctx_of(file);
  return next_signal(task.pending, sigmask) !== 0 || next_signal(task.group.pending, sigmask) !== 0 ? POLLIN : 0;
}

const signalfd_fops = {
  llseek: noop_llseek,
  read_iter: signalfd_read,
  poll: signalfd_poll,
  show: () => 'anon_inode:[signalfd]',
  show_fdinfo(file: OpenFile) {
    const { lo, hi } = ctx_of(file).sigmask;
    const hex = (word: number): string => (~word >>> 0).toString(16).padStart(8, '0');
    return `sigmask:\t${hex(hi)}${hex(lo)}\n`;
  },
} satisfies FileOperations;

function do_signalfd(task: Task, ufd: number, mask: SigSet, flags: number): number {
  const { lo, hi } = without_unblockable(mask);
  const sigmask = { lo: ~lo, hi: ~hi };
  if ((ufd | 0) === -1 && should_fail(task.kernel, 'signalfd')) return -ENOMEM;
  if ((ufd | 0) === -1) return anon_inode_getfd(task, signalfd_fops, { sigmask } satisfies SignalfdCtx, flags);
  const file = fget(task, ufd);
  if (file === null) return -EBADF;
  if (file.f_op !== signalfd_fops) return -EINVAL;
  ctx_of(file).sigmask = sigmask;
  wake_up_all(task.group.signalfd_wqh);
  return ufd | 0;
}

/** The set of a program: -EINVAL (size), -EFAULT (for a long time -EINVAL too). */
function get_mask(task: Task, user_mask: number, sizemask: number): SigSet | number {
  if (size_t(sizemask) !== SIGSET_SIZE) return -EINVAL;
  const mask = get_sigset(task.mm, user_mask);
  return mask === -EFAULT && task.kernel.release.signalfd_einval ? -EINVAL : mask;
}

/**
 * `signalfd(fd, mask, sizemask)`: a descriptor for the signals of `mask` (`fd` -1), or another mask for one.
 *
 * @returns the descriptor; -EINVAL (size), -EFAULT, -EBADF, -EINVAL (no signalfd), -EMFILE. signalfd(2).
 */
export function sys_signalfd(task: Task, ufd: number, user_mask: number, sizemask: number): number {
  const mask = get_mask(task, user_mask, sizemask);
  return typeof mask === 'number' ? mask : do_signalfd(task, ufd, mask, indirect_file_flags(task));
}

/** `signalfd4(fd, mask, sizemask, flags)`: SFD_CLOEXEC, SFD_NONBLOCK. As signalfd; -EINVAL (flags) after the mask. signalfd(2). */
export function sys_signalfd4(task: Task, ufd: number, user_mask: number, sizemask: number, flags: number): number {
  const mask = get_mask(task, user_mask, sizemask);
  if (typeof mask === 'number') return mask;
  if ((flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)) !== 0) return -EINVAL;
  return do_signalfd(task, ufd, mask, flags);
}
