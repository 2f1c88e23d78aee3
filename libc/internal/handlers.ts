/** Functions as signal handlers: the kernel knows them by an address. */
import { SIG_DFL, SIG_IGN } from '../../kernel-mock/include/uapi/signal.js';
import { describe } from './describe.js';
import type { Process, SigHandler } from './process.js';

/** Where code would be in a program: nothing is mapped there. */
const TEXT = 0x1000;
const SIZE = 16;

/** The address of `handler`; SIG_DFL and SIG_IGN are theirs. */
export function address_of(process: Process, handler: SigHandler | number): number {
  if (handler === SIG_DFL || handler === SIG_IGN) return handler;
  if (typeof handler !== 'function')
    throw new TypeError(`a signal handler is SIG_DFL, SIG_IGN or a function, not ${describe(handler)}`);
  const { handlers } = process;
  let at = handlers.indexOf(handler);
  if (at === -1) at = handlers.push(handler) - 1;
  return TEXT + at * SIZE;
}

/** The function at `address`, or undefined. */
export function handler_of(process: Process, address: number): SigHandler | undefined {
  return process.handlers[(address - TEXT) / SIZE];
}

/** What sigaction shows of an action: the function, SIG_DFL or SIG_IGN. */
export function handler_or_number(process: Process, address: number): SigHandler | number {
  return handler_of(process, address) ?? address;
}
