/** Locks of files, and calls that move bytes between descriptors: those that may sleep, and have nothing that tells when to go on. */
import { EACCES, EAGAIN, EBADF, EINTR } from '../kernel-mock/include/uapi/errno.js';
import { F_OFD_SETLK, F_OFD_SETLKW, F_SETLK, F_SETLKW, LOCK_NB } from '../kernel-mock/include/uapi/fcntl.js';
import { POLLIN, POLLOUT } from '../kernel-mock/include/uapi/poll.js';
import { SPLICE_F_NONBLOCK } from '../kernel-mock/include/uapi/splice.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import { do_fcntl } from './descriptors.js';
import { FILE } from './files.js';
import { is_ready, with_nonblock } from './read_write.js';
import { type Handler, type HostTask, INTERRUPTED } from './task.js';

const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;

/** Try again and again, less and less often: Linux tells nobody that a lock is free but those that sleep on it in a thread. */
export async function retry(task: HostTask, attempt: () => number): Promise<number> {
  for (let ms = FIRST_PAUSE_MS; ; ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
    if ((await task.process.timers.pause(task, ms)) === INTERRUPTED) return -EINTR;
    const ret = attempt();
    if (ret !== -EAGAIN) return ret;
  }
}

export const sys_flock: Handler = (task, a1, operation) => {
  const fd = a1 | 0;
  const { driver, files } = task.process;
  if (files.is_foreign(fd)) return -EBADF;
  const attempt = (): number => driver.syscall(NR.flock, fd, operation | LOCK_NB, 0, 0, 0, 0);
  const ret = attempt();
  return ret !== -EAGAIN || (operation & LOCK_NB) !== 0 ? ret : retry(task, attempt);
};

/** The commands that wait, and those that do the same without. */
const WITHOUT_WAITING: Readonly<Record<number, number>> = { [F_SETLKW]: F_SETLK, [F_OFD_SETLKW]: F_OFD_SETLK };

export const sys_fcntl: Handler = (task, a1, a2, arg) => {
  const fd = a1 | 0;
  const cmd = a2 | 0;
  const at_once = WITHOUT_WAITING[cmd];
  if (at_once === undefined) return do_fcntl(task, fd, cmd, arg);
  const attempt = (): number => {
    const ret = do_fcntl(task, fd, at_once, arg);
    return ret === -EACCES ? -EAGAIN : ret;
  };
  const ret = attempt();
  return ret === -EAGAIN ? retry(task, attempt) : ret;
};

/** From `from` to `to`: sleeps while the one is empty or the other full. */
async function sleep_between(task: HostTask, from: number, to: number, attempt: () => number): Promise<number> {
  for (;;) {
    // First the one that is not ready; if both are, a moment: what they have does not suffice.
    const waits = [
      { fd: from, events: POLLIN },
      { fd: to, events: POLLOUT },
    ].filter(({ fd, events }) => !is_ready(task, fd, events));
    const by =
      waits[0] === undefined
        ? await task.process.timers.pause(task, FIRST_PAUSE_MS)
        : await sleep_held(task, waits[0].fd, waits[0].events);
    if (by === INTERRUPTED) return -EINTR;
    const ret = attempt();
    if (ret !== -EAGAIN) return ret;
  }
}

async function sleep_held(task: HostTask, fd: number, events: number): Promise<number> {
  const { timers } = task.process;
  const held = timers.hold(fd);
  return task.sleep([{ fd: held, events }]).finally(() => timers.let_go(held, fd));
}

function between(
  task: HostTask,
  from: number,
  to: number,
  may_sleep: boolean,
  call: () => number,
): number | Promise<number> {
  const { files } = task.process;
  if (files.is_foreign(from) || files.is_foreign(to)) return -EBADF;
  const attempt = (): number => with_nonblock(task, from, () => with_nonblock(task, to, call));
  const ret = attempt();
  const blocking = [from, to].every((fd) => files.kind(fd) === FILE || !files.is_nonblocking(fd));
  return ret !== -EAGAIN || !may_sleep || !blocking ? ret : sleep_between(task, from, to, attempt);
}

export const sys_splice: Handler = (task, from, off_in, to, off_out, size, flags) =>
  between(task, from | 0, to | 0, (flags & SPLICE_F_NONBLOCK) === 0, () =>
    task.process.driver.syscall(NR.splice, from, off_in, to, off_out, size, flags | SPLICE_F_NONBLOCK),
  );

export const sys_tee: Handler = (task, from, to, size, flags) =>
  between(task, from | 0, to | 0, (flags & SPLICE_F_NONBLOCK) === 0, () =>
    task.process.driver.syscall(NR.tee, from, to, size, flags | SPLICE_F_NONBLOCK, 0, 0),
  );

// DEVIATION: to a full socket or pipe it may return less than a blocking sendfile.
export const sys_sendfile: Handler = (task, to, from, offset, count) =>
  between(task, from | 0, to | 0, true, () => task.process.driver.syscall(NR.sendfile, to, from, offset, count, 0, 0));
