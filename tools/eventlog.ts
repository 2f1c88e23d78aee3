/** An event log: one line for each thing that a kernel did. The same program with the same seed gives the same lines. */
import type { Tracer } from '../kernel-mock/include/linux/trace.js';
import { format_register, format_result } from './decode.js';
import { type EventListener, type KernelEvent, event_tracer } from './events.js';

/** A call in words: its name and registers. */
export function format_call({ call, args }: { readonly call: string; readonly args: readonly number[] }): string {
  return `${call}(${args.map(format_register).join(', ')})`;
}

const task_or_idle = (pid: number): number | string => (pid === 0 ? 'idle' : pid);

function text_of(event: KernelEvent): string {
  switch (event.event) {
    case 'enter': {
      const { inner } = event;
      const carried = inner === undefined ? '' : ` {${format_call(inner)}} flags ${format_register(inner.flags)}`;
      return `> ${format_call(event)}${carried}`;
    }
    case 'exit':
      return `< ${event.call} = ${format_result(event.ret)}`;
    case 'open':
      return `  fd ${event.fd} opened${event.cloexec ? ', close-on-exec' : ''}`;
    case 'cloexec':
      return `  fd ${event.fd} ${event.cloexec ? 'is now' : 'no longer'} close-on-exec`;
    case 'close':
      return `  fd ${event.fd} closed`;
    case 'switch':
      return `switch ${task_or_idle(event.from)} -> ${task_or_idle(event.to)}`;
    case 'wakeup':
      return '  woken up';
    case 'task':
      return event.parent === 0 ? '  started' : `  started by ${event.parent}`;
    case 'gone':
      return '  gone';
    case 'signal':
      return `  signal ${event.name}`;
    case 'exec':
      return `  runs ${event.path}`;
    case 'inject':
      return `  injected ${event.what} ${event.detail}`;
    default:
      return event satisfies never;
  }
}

/** Gives `write` one line for each event. */
export function text_log(write: (line: string) => void): EventListener {
  return (event) => write(`${event.event === 'switch' ? '-' : event.pid} ${text_of(event)}`);
}

/**
 * A listener that gives `write` one line for each event:
 *
 *     2 > socket(2, 0x80001, 0)                task 2 enters the kernel
 *     2   fd 3 opened, close-on-exec           what the call does to the descriptor table
 *     2 < socket = 3                           the value that goes back, or the name of the error
 */
export function event_log(write: (line: string) => void): Tracer {
  return event_tracer([text_log(write)]);
}
