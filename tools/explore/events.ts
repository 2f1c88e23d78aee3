/**
 * An execution as a partial order: events, what each touches, and which came about through which. An event is what a task does between
 * two choices: a system call, or the rest of one after a wake-up, and the program up to its next call. Task 0 is the clock.
 */
import type { Task } from '../../kernel-mock/include/linux/sched.js';
import type { Tracer } from '../../kernel-mock/include/linux/trace.js';
import { NR } from '../../kernel-mock/include/uapi/unistd.js';
import { is_restart_code } from '../../kernel-mock/kernel/sigframe.js';
import { call_name, decode_inner } from '../decode.js';
import { type Footprint, Recorder, conflict, union } from './footprint.js';
import { touch_call } from './touches.js';

export interface Event {
  readonly pid: number;
  /** Number among the events of its task, from 1. */
  readonly seq: number;
  /** The choice with which it began; -1: there was none. */
  readonly choice: number;
  footprint: Footprint;
  /** Events without which it could not have happened: a wake-up, the birth of its task. */
  readonly causes: readonly Event[];
  /** By task: the last of its events that happens before this one. Filled in by `order`. */
  clock: number[];
}

export interface History {
  readonly events: readonly Event[];
  readonly tracer: Tracer;
  /** Called with each event when it is over. */
  on_event: (event: Event) => void;
  /** Called before an event that nobody chose: the only task that can run goes on. */
  on_forced: (pid: number) => void;
  reset(): void;
  /** A choice was made: task `pid` goes on. */
  begin(pid: number, choice: number): void;
  /** The execution is over. */
  end(): void;
}

export function history(shared: boolean): History {
  const r = new Recorder();
  let events: Event[] = [];
  let now: Event | null = null;
  let causes = new Map<number, Event[]>();
  let seq: number[] = [];
  /** Calls that sleep: they go on with what they touched when they began. */
  /** The event that is under way has had its call, and the program has gone on: another call is an event of its own, even if there was no choice. */
  let called = false;
  let newborn = new Set<number>();
  let inside = new Map<number, { readonly task: Task; footprint: Footprint }>();

  const close = (): void => {
    if (now === null) return;
    now.footprint = r.current;
    const call = inside.get(now.pid);
    if (call !== undefined) call.footprint = union(call.footprint, now.footprint);
    const over = now;
    now = null;
    self.on_event(over);
  };
  const touch_regs = (task: Task): void => {
    const inner = task.nr === NR.indirect ? decode_inner(task) : undefined;
    if (inner === undefined) {
      touch_call(r, task, call_name(task.kernel.release, task.nr), task);
      return;
    }
    const [a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0] = inner.args;
    touch_call(r, task, call_name(task.kernel.release, inner.nr), { a1, a2, a3, a4, a5 });
  };
  /** Something happens in `task`. */
  const at = (task: Task): void => {
    if (now?.pid !== task.pid) self.begin(task.pid, -1);
    r.signals(task.group, false);
  };
  const watch_memory = (task: Task): void => {
    const { user } = task.mm;
    r.mm(task.mm, task);
    r.files(task.files, task);
    user.touch = (word, write) => {
      if (now !== null) r.word(task, word, write);
    };
  };

  const tracer: Tracer = {
    sys_enter(task) {
      if (called) self.begin(task.pid, -1);
      at(task);
      touch_regs(task);
      inside.set(task.pid, { task, footprint: r.current });
    },
    sys_exit(task, ret) {
      at(task);
      // A call that is made again does not go by way of the program: nobody comes between.
      called = !is_restart_code(ret);
      inside.delete(task.pid);
    },
    sched_switch(_prev, next) {
      if (next !== null && now?.pid !== next.pid) self.begin(next.pid, -1);
    },
    sched_wakeup(task) {
      if (now !== null && now.pid !== task.pid) causes.set(task.pid, [...(causes.get(task.pid) ?? []), now]);
    },
    task_newtask(parent, task) {
      watch_memory(task);
      if (parent === null) return;
      at(parent);
      causes.set(task.pid, [now!]);
      newborn.add(task.pid);
    },
    task_exit(task) {
      at(task);
      inside.delete(task.pid);
      r.exit(task);
    },
    fd_install(task, fd, file) {
      r.made(task, file);
      if (task.kernel.current !== task) return;
      at(task);
      r.slot(task, fd, true);
    },
    signal_deliver(task) {
      at(task);
      // Another thread might have taken it, and all may have to die of it.
      r.signals(task.group, true);
    },
    sched_process_exec(task) {
      watch_memory(task);
    },
    hrtimer_expire_entry() {
      if (now?.pid !== 0) self.begin(0, -1);
      r.everything();
    },
  };

  const self: History = {
    get events() {
      return events;
    },
    tracer,
    on_event: () => {},
    on_forced: () => {},
    reset() {
      r.reset();
      events = [];
      now = null;
      causes = new Map();
      seq = [];
      inside = new Map();
      called = false;
      newborn = new Set();
    },
    begin(pid, choice) {
      close();
      if (choice < 0) self.on_forced(pid);
      seq[pid] = (seq[pid] ?? 0) + 1;
      now = { pid, seq: seq[pid], choice, footprint: null, causes: causes.get(pid) ?? [], clock: [] };
      causes.delete(pid);
      events.push(now);
      r.current = pid === 0 || r.coupled ? null : new Map();
      if (shared) r.touch('variables', true);
      const call = inside.get(pid);
      called = newborn.delete(pid);
      if (call === undefined) return;
      r.current = union(r.current, call.footprint);
      touch_regs(call.task);
    },
    end: close,
  };
  return self;
}

/** Does `a` happen before everything that has `clock` behind it? */
export function before(a: Event, clock: readonly number[]): boolean {
  return (clock[a.pid] ?? 0) >= a.seq;
}

function join(clock: number[], other: Event): void {
  for (let pid = 0; pid < other.clock.length; pid++) {
    const seq = other.clock[pid] ?? 0;
    if (seq > (clock[pid] ?? 0)) clock[pid] = seq;
  }
}

/**
 * Fill in the clocks. Calls `race(i, j)` for two events of different tasks that conflict, with nothing between them that orders them:
 * they could have happened in the other order. Only for j >= `from`.
 */
export function order(events: readonly Event[], from: number, race: (i: number, j: number) => void): void {
  const last: (Event | undefined)[] = [];
  for (const [j, event] of events.entries()) {
    const clock: number[] = [];
    const previous = last[event.pid];
    if (previous !== undefined) join(clock, previous);
    for (const cause of event.causes) join(clock, cause);
    for (let i = j - 1; i >= 0; i--) {
      const other = events[i]!;
      if (other.pid === event.pid || before(other, clock) || !conflict(other.footprint, event.footprint)) continue;
      if (j >= from) race(i, j);
      join(clock, other);
    }
    clock[event.pid] = event.seq;
    event.clock = clock;
    last[event.pid] = event;
  }
}
