/** The mock kernel by itself: a Linux kernel of any release, for whatever stands on the seam. */
export { type BootedKernel, type KernelOptions, boot_kernel } from './init/main.js';
export type { Census } from './init/census.js';
export { find_release, releases } from './init/releases.js';
export { handlers } from './arch/x86/syscall_table.js';
export { DeadlockError, MisuseError, OopsError, ProgramError } from './kernel/panic.js';
export type { IndirectFacts, Release } from './include/linux/release.js';
export type { Policy, Task } from './include/linux/sched.js';
export type { OpenFile } from './include/linux/fs.js';
export type { FaultSite, Injector, Verdict } from './include/linux/inject.js';
export type { Injected, Tracer } from './include/linux/trace.js';
export type { Cpu, Image, UserMemory } from './include/uapi/seam.js';
