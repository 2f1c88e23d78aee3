/** What listens to a kernel: for who imports `sys-indirect/tools`. Runs wherever the kernel does. */
export { type Strace, type StraceOptions, strace } from './strace/strace.js';
export { join_tracers } from './tracers.js';
