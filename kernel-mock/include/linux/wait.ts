/** Wait queues: include/linux/wait.h. */
import type { Task } from './sched.js';

export interface WaitQueueHead {
  first: WaitEntry | null;
  last: WaitEntry | null;
}

export interface WaitEntry {
  /** The sleeper; null for an entry that only its function serves. */
  readonly task: Task | null;
  /** Called by wake_up with what happened (POLL* bits, 0 = anything); answers whether it woke somebody. Null: wake the task. */
  func: ((entry: WaitEntry, key: number) => boolean) | null;
  exclusive: boolean;
  queue: WaitQueueHead | null;
  prev: WaitEntry | null;
  next: WaitEntry | null;
}

/** Passed to a file's poll: puts an entry on each queue that can change the answer. */
export interface PollTable {
  poll_wait(queue: WaitQueueHead): void;
}
