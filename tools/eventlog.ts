/** An event log: one line for each thing that a kernel did. The same program with the same seed gives the same lines. */
import type { Task } from '../kernel-mock/include/linux/sched.js';
import type { Tracer } from '../kernel-mock/include/linux/trace.js';
import { signal_names } from '../kernel-mock/include/uapi/signal.js';
import { type DecodedCall, decode_call, decode_inner, format_register, format_result } from './decode.js';

function format_call({ name, args }: DecodedCall): string {
  return `${name}(${args.map(format_register).join(', ')})`;
}

/**
 * A listener that gives `write` one line for each event:
 *
 *     2 > socket(2, 0x80001, 0)                task 2 enters the kernel
 *     2   fd 3 opened, close-on-exec           what the call does to the descriptor table
 *     2 < socket = 3                           the value that goes back, or the name of the error
 */
export function event_log(write: (line: string) => void): Tracer {
  /** The call that a task is in. */
  const inside = new Map<number, string>();
  const line = (task: Task, text: string): void => {
    write(`${task.pid} ${text}`);
  };
  return {
    sys_enter(task) {
      const call = decode_call(task);
      const inner = decode_inner(task);
      inside.set(task.pid, inner === undefined ? call.name : `${call.name}{${inner.name}}`);
      const carried = inner === undefined ? '' : ` {${format_call(inner)}} flags ${format_register(inner.flags)}`;
      line(task, `> ${format_call(call)}${carried}`);
    },
    sys_exit(task, ret) {
      line(task, `< ${inside.get(task.pid) ?? '?'} = ${format_result(ret)}`);
      inside.delete(task.pid);
    },
    fd_install(task, fd, _file, cloexec) {
      line(task, `  fd ${fd} opened${cloexec ? ', close-on-exec' : ''}`);
    },
    fd_cloexec(task, fd, cloexec) {
      line(task, `  fd ${fd} ${cloexec ? 'is now' : 'no longer'} close-on-exec`);
    },
    fd_close(task, fd) {
      line(task, `  fd ${fd} closed`);
    },
    sched_switch(prev, next) {
      write(`- switch ${prev === null ? 'idle' : prev.pid} -> ${next === null ? 'idle' : next.pid}`);
    },
    sched_wakeup(task) {
      line(task, '  woken up');
    },
    task_newtask(parent, task) {
      line(task, parent === null ? '  started' : `  started by ${parent.pid}`);
    },
    task_exit(task) {
      inside.delete(task.pid);
      line(task, '  gone');
    },
    signal_deliver(task, signo) {
      line(task, `  signal ${signal_names[signo] ?? signo}`);
    },
  };
}
