/**
 * The seam between user space and a kernel. Everything that crosses it is a number: a call number, six registers, and bytes
 * in user memory. The mock kernel and the host kernel stand below it; libc, or a guest with a C library of its own, above.
 */

/** The system call instruction of one thread, and the memory it shares with its process. */
export interface Cpu {
  /**
   * Enter the kernel: the number in rax, six registers. The answer is the value left in rax: -4095 … -1 is -errno. It is a
   * promise when the caller sleeps, and a promise that never settles when the call does not return (exit, a fatal signal).
   */
  syscall(nr: number, a1: number, a2: number, a3: number, a4: number, a5: number, a6: number): number | Promise<number>;
  readonly memory: UserMemory;
}

/** User memory as the process itself sees it. */
export interface UserMemory {
  /** Make `bytes` part of the address space, without copying; answers with the address of its first byte. */
  map(bytes: Uint8Array): number;
  /** Take out what `map` put at `address`; from now on the kernel answers -EFAULT for it. */
  unmap(address: number): void;
  /** The array that is mapped at `address` in this process (after a fork: the child's copy), or undefined. */
  bytes(address: number): Uint8Array | undefined;
  /** What fresh memory is filled with, 0 … 255; undefined: zeros. */
  readonly junk: number | undefined;
}

/** A loaded program, as a kernel sees it: the two places where user mode begins. */
export interface Image {
  /** First instruction of a fresh program. Leaves through exit_group(2); a rejection is a crash of the program. */
  start(cpu: Cpu, argv: readonly string[], env: readonly string[]): Promise<void>;
  /** A new task comes out of clone(2) with this stack pointer. Leaves through exit(2). */
  resume(cpu: Cpu, stack: number): Promise<void>;
}
