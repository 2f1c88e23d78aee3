/** Time limits of sleeping calls: descriptors like any other, so that one loop waits for all. */
import { F_DUPFD_CLOEXEC } from '../kernel-mock/include/uapi/fcntl.js';
import { put_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { CLOCK_MONOTONIC } from '../kernel-mock/include/uapi/time.js';
import { TFD_CLOEXEC, TFD_NONBLOCK } from '../kernel-mock/include/uapi/timerfd.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import type { Driver } from './driver.js';
import { Block } from './memory.js';
import type { HostTask } from './task.js';

const ITIMERSPEC = layout_x86_64.itimerspec;
/** Our descriptors stand above those that a program counts on: the lowest free one is what it gets. */
const LOWEST = 768;
const MAX_FREE = 16;

export class Timers {
  readonly #driver: Driver;
  readonly #spec: Block;
  /** Disarmed ones of CLOCK_MONOTONIC, for the next call. */
  readonly #free: number[] = [];
  /** Those that are lent out, and their clocks. */
  readonly #clocks = new Map<number, number>();

  constructor(driver: Driver) {
    this.#driver = driver;
    this.#spec = new Block(driver, ITIMERSPEC.size);
  }

  /** Number `fd`, or the same file under a number out of the way. It is `fd` itself where there is no room for another. */
  hold(fd: number): number {
    const held = this.#driver.syscall(NR.fcntl, fd, F_DUPFD_CLOEXEC, LOWEST, 0, 0, 0);
    return held < 0 ? fd : held;
  }

  /** The end of `hold(fd)`, which answered with `held`. */
  let_go(held: number, fd: number): void {
    if (held !== fd) this.release(held);
  }

  release(fd: number): void {
    this.#driver.syscall(NR.close, fd, 0, 0, 0, 0, 0);
  }

  #take(clock: number): number {
    const free = clock === CLOCK_MONOTONIC ? this.#free.pop() : undefined;
    if (free !== undefined) return free;
    const made = this.#driver.syscall(NR.timerfd_create, clock, TFD_CLOEXEC | TFD_NONBLOCK, 0, 0, 0, 0);
    if (made < 0) return made;
    return this.moved(made);
  }

  /** `made` out of the way of the program's numbers. */
  moved(made: number): number {
    const fd = this.hold(made);
    if (fd !== made) this.release(made);
    return fd;
  }

  /** A pidfd; -errno. */
  open_pidfd(pid: number): number {
    const made = this.#driver.syscall(NR.pidfd_open, pid, 0, 0, 0, 0, 0);
    return made < 0 ? made : this.moved(made);
  }

  /** A timer that runs out then; -errno: this clock has none. `flags`: TFD_TIMER_ABSTIME. */
  start(clock: number, flags: number, sec: number, nsec: number): number {
    const fd = this.#take(clock);
    if (fd < 0) return fd;
    this.#clocks.set(fd, clock);
    const { bytes, address } = this.#spec;
    bytes.fill(0);
    put_u64(bytes, ITIMERSPEC.it_value, sec);
    // Linux: a timer of no time at all is one that is not armed.
    put_u64(bytes, ITIMERSPEC.it_value + 8, sec === 0 && nsec === 0 ? 1 : nsec);
    const err = this.#driver.syscall(NR.timerfd_settime, fd, flags, address, 0, 0, 0);
    if (err < 0) this.give_back(fd);
    return err < 0 ? err : fd;
  }

  start_ms(ms: number): number {
    return this.start(CLOCK_MONOTONIC, 0, Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6));
  }

  give_back(fd: number): void {
    const clock = this.#clocks.get(fd);
    this.#clocks.delete(fd);
    // Arming it again forgets what has run out.
    if (clock === CLOCK_MONOTONIC && this.#free.length < MAX_FREE) this.#free.push(fd);
    else this.release(fd);
  }

  /** Nothing but time: what woke the task. */
  async pause(task: HostTask, ms: number): Promise<number> {
    const timer = this.start_ms(ms);
    try {
      return await task.sleep([], timer);
    } finally {
      if (timer >= 0) this.give_back(timer);
    }
  }

  finish(): void {
    for (const fd of this.#free.splice(0)) this.release(fd);
  }
}
