/** Wait queues (kernel/sched/wait.c). A sleeper queues itself, looks at its condition, and only then gives the processor away. */
import { TASK_INTERRUPTIBLE, TASK_RUNNING, TIF_SIGPENDING, type Task } from '../include/linux/sched.js';
import type { WaitEntry, WaitQueueHead } from '../include/linux/wait.js';
import { ERESTARTSYS } from '../include/uapi/errno.js';
import { add_timer, del_timer, timer } from '../lib/timerqueue.js';
import { wake_up_process } from './sched.js';
import { ktime_get } from './time.js';

export function wait_queue_head(): WaitQueueHead {
  return { first: null, last: null };
}

export function wait_entry(task: Task | null, func: WaitEntry['func']): WaitEntry {
  return { task, func, exclusive: false, queue: null, prev: null, next: null };
}

/** Queue `entry`: exclusive ones at the end, the others at the front, so that a wake-up meets these first. */
export function add_wait_queue(q: WaitQueueHead, entry: WaitEntry, exclusive: boolean): void {
  entry.queue = q;
  entry.exclusive = exclusive;
  if (exclusive) {
    entry.next = null;
    entry.prev = q.last;
    if (q.last === null) q.first = entry;
    else q.last.next = entry;
    q.last = entry;
  } else {
    entry.prev = null;
    entry.next = q.first;
    if (q.first === null) q.last = entry;
    else q.first.prev = entry;
    q.first = entry;
  }
}

/** Queue `entry` so that of the exclusive ones it is woken first. */
export function __add_wait_queue_exclusive(q: WaitQueueHead, entry: WaitEntry): void {
  add_wait_queue(q, entry, false);
  entry.exclusive = true;
}

export function remove_wait_queue(entry: WaitEntry): void {
  const q = entry.queue;
  if (q === null) return;
  if (entry.prev === null) q.first = entry.next;
  else entry.prev.next = entry.next;
  if (entry.next === null) q.last = entry.prev;
  else entry.next.prev = entry.prev;
  entry.queue = null;
  entry.prev = null;
  entry.next = null;
}

function exclusive_sleepers(q: WaitQueueHead): WaitEntry[] {
  const sleepers: WaitEntry[] = [];
  for (let entry = q.first; entry !== null; entry = entry.next)
    if (entry.exclusive && (entry.func !== null || entry.task?.state === TASK_INTERRUPTIBLE)) sleepers.push(entry);
  return sleepers;
}

/** A policy may say which of several exclusive sleepers is met first: it is moved before the others. */
function choose_sleeper(q: WaitQueueHead): void {
  const policy = q.first?.task?.kernel.policy ?? q.last?.task?.kernel.policy;
  if (policy?.wake === undefined) return;
  const sleepers = exclusive_sleepers(q);
  if (sleepers.length < 2) return;
  const chosen = sleepers[policy.wake(sleepers)]!;
  if (chosen === sleepers[0]) return;
  const before = sleepers[0]!;
  remove_wait_queue(chosen);
  chosen.queue = q;
  chosen.next = before;
  chosen.prev = before.prev;
  if (before.prev === null) q.first = chosen;
  else before.prev.next = chosen;
  before.prev = chosen;
}

/**
 * Something happened that `key` names (POLL* bits; 0: anything). Wakes every entry that is not exclusive, and the first
 * `nr_exclusive` of the others that were asleep.
 */
export function wake_up(q: WaitQueueHead, key = 0, nr_exclusive = 1): void {
  let left = nr_exclusive;
  if (q.first !== q.last && left === 1) choose_sleeper(q);
  for (let entry = q.first; entry !== null && left > 0;) {
    const { next } = entry;
    const woke = entry.func !== null ? entry.func(entry, key) : entry.task !== null && wake_up_process(entry.task);
    if (woke && entry.exclusive) left--;
    entry = next;
  }
}

export function wake_up_all(q: WaitQueueHead, key = 0): void {
  wake_up(q, key, Infinity);
}

export function signal_pending(task: Task): boolean {
  return (task.work & TIF_SIGPENDING) !== 0;
}

/** Stand in `q` and be asleep from the next yield on. `what`: for the person who reads a dead lock report. */
export function prepare_to_wait(q: WaitQueueHead, task: Task, exclusive: boolean, what: string): void {
  if (task.wait.queue === null) add_wait_queue(q, task.wait, exclusive);
  set_current_state(task, what);
}

export function set_current_state(task: Task, what: string): void {
  task.state = TASK_INTERRUPTIBLE;
  task.wchan = what;
}

export function finish_wait(task: Task): void {
  task.state = TASK_RUNNING;
  remove_wait_queue(task.wait);
}

/** Sleep until woken, or for `ns` nanoseconds (Infinity: no limit). Answers with what is left. The state was set before. */
export function* schedule_timeout(task: Task, ns: number): Generator<undefined, number, undefined> {
  if (ns === Infinity) {
    yield;
    return ns;
  }
  const { kernel } = task;
  const expires = ktime_get(kernel) + ns;
  const t = timer(() => wake_up_process(task));
  add_timer(kernel.timers, t, expires);
  try {
    yield;
  } finally {
    del_timer(kernel.timers, t);
  }
  return Math.max(expires - ktime_get(kernel), 0);
}

/**
 * Sleep on `q` until `condition` holds. Answers with the time that is left of `ns` (more than 0), with 0 if it ran out first,
 * or with -ERESTARTSYS if a signal came first. Linux: wait_event_interruptible_timeout.
 */
export function* wait_event_interruptible(
  task: Task,
  q: WaitQueueHead,
  what: string,
  condition: () => boolean,
  ns = Infinity,
  exclusive = false,
): Generator<undefined, number, undefined> {
  let left = ns;
  try {
    for (;;) {
      prepare_to_wait(q, task, exclusive, what);
      if (condition()) return Math.max(left, 1);
      if (left === 0) return 0;
      if (signal_pending(task)) return -ERESTARTSYS;
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}
