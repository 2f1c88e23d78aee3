/**
 * Waiting for children: those that the program has started, and no others: the runtime has children of its own. Each has a
 * pidfd, which becomes ready when it ends.
 */
import { ECHILD, EINTR, EINVAL, ESRCH } from '../kernel-mock/include/uapi/errno.js';
import { get_s32, put_u32 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { POLLIN } from '../kernel-mock/include/uapi/poll.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import {
  P_ALL,
  P_PGID,
  P_PID,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WUNTRACED,
} from '../kernel-mock/include/uapi/wait.js';
import type { Driver } from './driver.js';
import { type Handler, type HostTask, INTERRUPTED } from './task.js';
import type { Timers } from './timers.js';

const SIGINFO = layout_x86_64.siginfo;

interface Child {
  readonly pid: number;
  /** -1: it never became a process: the program could not be executed. Then this is its wait status. */
  readonly pidfd: number;
  readonly status: number;
}

export class Children {
  readonly #children = new Map<number, Child>();
  readonly #driver: Driver;
  readonly #timers: Timers;

  constructor(driver: Driver, timers: Timers) {
    this.#driver = driver;
    this.#timers = timers;
  }

  add(pid: number): void {
    this.#children.set(pid, { pid, pidfd: this.#timers.open_pidfd(pid), status: 0 });
  }

  /** A child that ended before it ran anything. */
  add_ended(pid: number, status: number): void {
    this.#children.set(pid, { pid, pidfd: -1, status });
  }

  remove(pid: number): void {
    const child = this.#children.get(pid);
    if (child !== undefined && child.pidfd >= 0) this.#timers.release(child.pidfd);
    this.#children.delete(pid);
  }

  /** As wait4 means it: one, those of a group, or all. */
  matching(pid: number): Child[] {
    if (pid > 0) return [...this.#children.values()].filter((child) => child.pid === pid);
    if (pid === -1) return [...this.#children.values()];
    const group = pid === 0 ? this.#driver.syscall(NR.getpgid, 0, 0, 0, 0, 0, 0) : -pid;
    const group_of = (child: Child): number => this.#driver.syscall(NR.getpgid, child.pid, 0, 0, 0, 0, 0);
    return [...this.#children.values()].filter((child) => group_of(child) === group);
  }

  finish(): void {
    for (const pid of [...this.#children.keys()]) this.remove(pid);
  }
}

/** Sleep until `attempt` finds a child, or there is none left. 0: look again. */
async function sleep(task: HostTask, pid: number, stops: boolean, attempt: () => number): Promise<number> {
  const { children, timers } = task.process;
  // Nothing but the signal tells of a child that stops or goes on.
  const wake = (): void => task.wake();
  if (stops) process.on('SIGCHLD', wake);
  try {
    for (;;) {
      const pidfds = children.matching(pid).map((child) => child.pidfd);
      const held = pidfds.map((fd) => ({ fd: timers.hold(fd), events: POLLIN }));
      const by = await task.sleep(held).finally(() => held.forEach(({ fd }, i) => timers.let_go(fd, pidfds[i]!)));
      const ret = attempt();
      if (ret !== 0) return ret;
      if (by === INTERRUPTED) return -EINTR;
    }
  } finally {
    process.removeListener('SIGCHLD', wake);
  }
}

export const sys_wait4: Handler = (task, a1, status, a3, rusage) => {
  const { children, driver, memory, scratch } = task.process;
  const pid = a1 | 0;
  const options = a3 | 0;
  const word = new Uint8Array(4);
  const attempt = (): number => {
    const some = children.matching(pid);
    for (const child of some) {
      if (child.pidfd === -1) {
        put_u32(word, 0, child.status);
        if (status !== 0) memory.write(status, word);
        children.remove(child.pid);
        return child.pid;
      }
      const { address } = scratch;
      const ret = driver.syscall(NR.wait4, child.pid, address, options | WNOHANG, rusage, 0, 0);
      if (ret === 0) continue;
      if (ret < 0) return ret;
      const got = get_s32(scratch.bytes, 0);
      put_u32(word, 0, got);
      if (status !== 0) memory.write(status, word);
      // 0x7f in the low byte: stopped; 0xffff: goes on. It is still there.
      if ((got & 0xff) !== 0x7f && got !== 0xffff) children.remove(child.pid);
      return ret;
    }
    return some.length === 0 ? -ECHILD : 0;
  };
  if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED | 0xe0000000)) !== 0) return -EINVAL;
  // Linux: kernel_wait4.
  if (pid === INT_MIN) return -ESRCH;
  const ret = attempt();
  if (ret !== 0 || (options & WNOHANG) !== 0) return ret;
  return sleep(task, pid, (options & (WUNTRACED | WCONTINUED)) !== 0, attempt);
};

const INT_MIN = -(2 ** 31);

/** What waitid calls the children that wait4 calls so. */
function as_wait4(type: number, id: number): number {
  if (type === P_ALL) return -1;
  return type === P_PID ? id : -id;
}

export const sys_waitid: Handler = (task, a1, a2, info, a4, rusage) => {
  const { children, driver, memory } = task.process;
  const type = a1 | 0;
  const options = a4 | 0;
  // A pidfd of the program names one process; P_PGID 0 is the caller's own group. The kernel judges the rest.
  if (type !== P_ALL && type !== P_PID && type !== P_PGID)
    return driver.syscall(NR.waitid, type, a2, info, options | WNOHANG, rusage, 0);
  // Without reaping anybody the kernel judges the arguments.
  const judged = driver.syscall(NR.waitid, type, a2, 0, options | WNOHANG | WNOWAIT, 0, 0);
  if (judged < 0 && judged !== -ECHILD) return judged;
  const pid = as_wait4(type, a2 | 0);
  const raw = new Uint8Array(SIGINFO.size);
  const at = driver.address(raw);
  const attempt = (): number => {
    const some = children.matching(pid).filter((child) => child.pidfd !== -1);
    for (const child of some) {
      raw.fill(0);
      const ret = driver.syscall(NR.waitid, P_PID, child.pid, at, options | WNOHANG, rusage, 0);
      if (ret < 0) return ret;
      if (get_s32(raw, SIGINFO.si_pid) === 0) continue;
      if (info !== 0) memory.write(info, raw);
      if (
        (options & WEXITED) !== 0 &&
        driver.syscall(NR.waitid, P_PID, child.pid, 0, WEXITED | WNOHANG | WNOWAIT, 0, 0) < 0
      )
        children.remove(child.pid);
      return 1;
    }
    return some.length === 0 ? -ECHILD : 0;
  };
  const found = (ret: number): number => (ret === 1 ? 0 : ret);
  const ret = attempt();
  if (ret !== 0 || (options & WNOHANG) !== 0) {
    raw.fill(0);
    if (ret === 0 && info !== 0) memory.write(info, raw);
    return found(ret);
  }
  return sleep(task, pid, (options & (WUNTRACED | WCONTINUED)) !== 0, attempt).then(found);
};
