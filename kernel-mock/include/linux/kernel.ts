/** The record of everything that one booted kernel owns. Behaviour lives in the functions of the subsystems. */
import type { Image } from '../uapi/seam.js';
import type { Bytes } from './mm.js';
import type { Fifo } from '../../lib/fifo.js';
import type { Prng } from '../../lib/prng.js';
import type { TimerQueue } from '../../lib/timerqueue.js';
import type { Vfs } from './dcache.js';
import type { OpenFile } from './fs.js';
import type { Injector } from './inject.js';
import type { Net } from './net.js';
import type { Policy, Run, SyscallHandler, Task, ThreadGroup } from './sched.js';
import type { Binfmt } from './binfmts.js';
import type { HostClock } from './timekeeping.js';
import type { Release } from './release.js';
import type { Tracer } from './trace.js';

export interface Kernel {
  readonly release: Release;
  readonly arch: string;
  /** By number. Overlays put another one in its place. */
  sys_call_table: readonly (SyscallHandler | undefined)[];
  /** By number: the bits of `file_flags.flags` that this release heeds inside the call; undefined: not on the white-list. */
  readonly indirect_calls: readonly (number | undefined)[];
  /** Every live task by thread id. */
  readonly tasks: Map<number, Task>;
  /** Every process by its id, zombies too. */
  readonly groups: Map<number, ThreadGroup>;
  /** The processes of each process group. */
  readonly pgrps: Map<number, Set<ThreadGroup>>;
  /** Process 1: adopts orphans and reaps them; it runs no program. */
  readonly init: ThreadGroup;
  next_pid: number;
  /** Numbers the children of all processes. */
  next_sibling: number;
  /** Processes that are stopped or being stopped. */
  nr_stopped: number;
  next_ino: number;
  /** The task in user mode or in a call that has not slept; null while every task sleeps. */
  current: Task | null;
  /** Tasks that could run, in the order of waking up. */
  readonly ready: Fifo<Task>;
  /** Calls until the next tick of the clock: what keeps a program that never sleeps from starving the others. */
  budget: number;
  /** A tracer, an injector or a policy listens: calls take the long way. */
  slow: boolean;
  trace: Tracer | null;
  inject: Injector | null;
  policy: Policy | null;
  /** CLOCK_MONOTONIC at the last tick, in nanoseconds; on the host's clock: what that showed at boot. */
  ticks_ns: number;
  readonly timers: TimerQueue;
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC: whole seconds, and nanoseconds below one second. */
  wall_sec: number;
  wall_nsec: number;
  /** Called after the date was set, with the nanoseconds by which it moved. Linux: clock_was_set. */
  readonly clock_was_set: Set<(delta: number) => void>;
  /** The host's clock; null: time is virtual. */
  readonly clock: HostClock | null;
  /** Takes back what the host's clock was asked to do. */
  cancel_wait: (() => void) | null;
  /** CLOCK_MONOTONIC when the current task got the processor. */
  exec_start: number;
  readonly prng: Prng;
  /** Fill byte of fresh user memory; undefined: zeros. */
  readonly junk: number | undefined;
  /** Buffers that were given back, by log2 of their size. */
  readonly pages: Bytes[][];
  readonly net: Net;
  /** Null until a path is first used. */
  fs: Vfs | null;
  readonly console: OpenFile;
  /** Runs that the host waits for. */
  readonly runs: Run[];
  /** The error of the first oops: nothing runs after it. */
  panic: Error | null;
  /** Open files that exist, in tables or in flight: 0 when the last process is gone. */
  nr_files: number;
  /** Makes an image from what the host wants to run. */
  readonly load_binary: (program: unknown) => Image;
  /** Finds executable files. */
  readonly binfmt: Binfmt;
}
