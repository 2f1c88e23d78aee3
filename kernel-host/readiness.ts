/**
 * What sleeping calls wait on: one epoll instance for all of them, and one thread in epoll_wait while there is nothing else
 * to do. Each sleep registers descriptors of its own (see `hold`), so two sleeps on one file do not meet.
 */
import { EPERM } from '../kernel-mock/include/uapi/errno.js';
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLIN,
  EPOLLONESHOT,
} from '../kernel-mock/include/uapi/eventpoll.js';
import { EFD_CLOEXEC, EFD_NONBLOCK } from '../kernel-mock/include/uapi/eventfd.js';
import { get_u32, put_u32, put_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import type { Driver } from './driver.js';
import { Block } from './memory.js';
import type { Timers } from './timers.js';

const EVENT = layout_x86_64.epoll_event;
const MAX_EVENTS = 64;
/** How long the thread stays when nobody sleeps any more: the next one usually comes soon. */
const LINGER_MS = 50;

/** A descriptor to wait on, and for what (POLLIN …). */
export interface Interest {
  readonly fd: number;
  readonly events: number;
}

/** One sleeping call. */
export interface Sleep {
  readonly id: number;
  readonly interests: readonly Interest[];
  /** Is told the index of the interest that is ready. */
  readonly ready: (index: number) => void;
}

/** Those whose thread waits. The runtime joins its threads when the process ends, so it has to be called back before. */
const waiting = new Set<() => void>();
let exit_is_watched = false;

function at_exit(call_back: () => void): void {
  waiting.add(call_back);
  if (exit_is_watched) return;
  exit_is_watched = true;
  process.on('exit', () => {
    for (const each of waiting) each();
  });
}

export class Readiness {
  readonly #driver: Driver;
  readonly #epfd: number;
  readonly #eventfd: number;
  /** For looks of our own, and for the thread: it may write at any time. */
  readonly #events: Block;
  readonly #thread_events: Block;
  readonly #event: Block;
  readonly #eight: Block;
  readonly #sleeps = new Map<number, Sleep>();
  #next_id = 1;
  #in_thread = false;
  #finished = false;
  #look_is_due = false;
  #linger: NodeJS.Timeout | null = null;

  constructor(driver: Driver, timers: Timers) {
    this.#driver = driver;
    this.#events = new Block(driver, MAX_EVENTS * EVENT.size);
    this.#thread_events = new Block(driver, MAX_EVENTS * EVENT.size);
    this.#event = new Block(driver, EVENT.size);
    this.#eight = new Block(driver, 8);
    this.#epfd = this.#made(timers, driver.syscall(NR.epoll_create1, EPOLL_CLOEXEC, 0, 0, 0, 0, 0));
    this.#eventfd = this.#made(timers, driver.syscall(NR.eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK, 0, 0, 0, 0));
    this.#control(EPOLL_CTL_ADD, this.#eventfd, EPOLLIN, 0, 0);
  }

  #made(timers: Timers, ret: number): number {
    if (ret < 0) throw new Error(`no descriptor for the readiness loop: error ${-ret}`);
    return timers.moved(ret);
  }

  #control(op: number, fd: number, events: number, id: number, index: number): number {
    const { bytes, address } = this.#event;
    put_u32(bytes, EVENT.events, events);
    put_u32(bytes, EVENT.data, id);
    put_u32(bytes, EVENT.data + 4, index);
    return this.#driver.syscall(NR.epoll_ctl, this.#epfd, op, fd, address, 0, 0);
  }

  /** Sleep until one of `interests` is ready: `ready` is called once, never from within this call. -errno: it cannot be waited for. */
  add(interests: readonly Interest[], ready: (index: number) => void): Sleep | number {
    const id = this.#next_id++;
    for (const [index, { fd, events }] of interests.entries()) {
      const err = this.#control(EPOLL_CTL_ADD, fd, events | EPOLLONESHOT, id, index);
      // What epoll does not take, as a file, is always ready.
      if (err >= 0 || err === -EPERM) continue;
      for (const done of interests.slice(0, index)) this.#control(EPOLL_CTL_DEL, done.fd, 0, 0, 0);
      return err;
    }
    const sleep = { id, interests, ready };
    this.#sleeps.set(id, sleep);
    this.#look_soon();
    return sleep;
  }

  /** Nothing of `sleep` is left. Its `ready` is not called any more. */
  remove(sleep: Sleep): void {
    if (!this.#sleeps.delete(sleep.id)) return;
    for (const { fd } of sleep.interests) this.#control(EPOLL_CTL_DEL, fd, 0, 0, 0);
    if (this.#sleeps.size === 0 && this.#in_thread) this.#linger ??= setTimeout(() => this.#dismiss(), LINGER_MS);
  }

  /**
   * When the microtasks are through, one look without the thread: in a program whose threads wait for each other something is
   * ready already, and to ask another thread would take ten times as long.
   */
  #look_soon(): void {
    if (this.#in_thread || this.#look_is_due) return;
    this.#look_is_due = true;
    setImmediate(() => this.#look());
  }

  #look(): void {
    this.#look_is_due = false;
    if (this.#sleeps.size === 0 || this.#in_thread || this.#finished) return;
    const { address, bytes } = this.#events;
    const n = this.#driver.syscall(NR.epoll_pwait, this.#epfd, address, MAX_EVENTS, 0, 0, 8);
    if (n > 0) {
      this.#deliver(bytes, n);
      if (this.#sleeps.size > 0) this.#look_soon();
    } else this.#ask_thread();
  }

  #ask_thread(): void {
    this.#in_thread = true;
    at_exit(this.#call_back);
    const { address, bytes } = this.#thread_events;
    this.#driver.epoll_wait_in_thread(this.#epfd, address, MAX_EVENTS, (n) => {
      this.#in_thread = false;
      waiting.delete(this.#call_back);
      if (n > 0) this.#deliver(bytes, n);
      if (this.#finished) this.#close();
      else if (this.#sleeps.size > 0) this.#look_soon();
    });
  }

  #deliver(bytes: Uint8Array, n: number): void {
    for (let i = 0; i < n; i++) {
      const at = i * EVENT.size;
      const id = get_u32(bytes, at + EVENT.data);
      if (id === 0) this.#driver.syscall(NR.read, this.#eventfd, this.#eight.address, 8, 0, 0, 0);
      else this.#sleeps.get(id)?.ready(get_u32(bytes, at + EVENT.data + 4));
    }
  }

  /** Bring the thread back: as long as it waits, the runtime does not end. */
  #dismiss(): void {
    this.#linger = null;
    if (this.#sleeps.size === 0 && this.#in_thread) this.#call_back();
  }

  /** The thread comes back from epoll_wait. */
  readonly #call_back = (): void => {
    put_u64(this.#eight.bytes, 0, 1);
    this.#driver.syscall(NR.write, this.#eventfd, this.#eight.address, 8, 0, 0, 0);
  };

  /** The program has ended: nobody sleeps any more. */
  finish(): void {
    this.#finished = true;
    if (this.#linger !== null) clearTimeout(this.#linger);
    if (this.#in_thread) this.#dismiss();
    else this.#close();
  }

  #close(): void {
    this.#driver.syscall(NR.close, this.#epfd, 0, 0, 0, 0, 0);
    this.#driver.syscall(NR.close, this.#eventfd, 0, 0, 0, 0, 0);
  }
}
