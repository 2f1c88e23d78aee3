/**
 * The seam between user space and a kernel. Everything that crosses it is a number: a call number, six registers, and bytes
 * in user memory. The mock kernel and the host kernel stand below it; libc, or a guest with a C library of its own, above.
 */

/** The system call instruction of one thread, and the memory it shares with its process. */
export interface Cpu {
  /**
   * Enter the kernel: the number in rax, six registers. The answer is the value left in rax: -4095 … -1 is -errno. It is a
   * promise when the caller sleeps, and a promise that never settles when the call does not return (exit, execve, rt_sigreturn,
   * a fatal signal).
   */
  syscall(nr: number, a1: number, a2: number, a3: number, a4: number, a5: number, a6: number): number | Promise<number>;
  readonly memory: UserMemory;
  /**
   * False: in the number table of this kernel the number of indirect(2) is known to be another call's, so it is not tried. Absent:
   * who wants to know asks the kernel.
   */
  readonly has_indirect?: false;
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
  /**
   * For tools that look for races: user mode is about to read or write a word that other threads use too (its address), or a
   * thing that it gives a name to. Null: nobody wants to know.
   */
  touch?: ((word: number | string, write: boolean) => void) | null;
}

/** A loaded program, as a kernel sees it: the places where user mode begins. */
export interface Image {
  /** First instruction of a fresh program. Leaves through exit_group(2); a rejection is a crash of the program. */
  start(cpu: Cpu, argv: readonly string[], env: readonly string[]): Promise<void>;
  /** A new task comes out of clone(2) with this stack pointer; 0: on a copy of its parent's stack. Leaves through exit(2). */
  resume(cpu: Cpu, stack: number): Promise<void>;
  /**
   * The address space is copied, since `parent` forks: the image that the child runs, with a state of its own wherever the
   * program keeps state outside of user memory.
   */
  fork(parent: Cpu): Image;
  /**
   * A signal is delivered: run `handler` (the number that rt_sigaction(2) was given) and leave through rt_sigreturn(2); the
   * interrupted call is settled only then.
   *
   * @param info address of siginfo_t, good until rt_sigreturn; 0 without SA_SIGINFO
   * @param nr   the call that the signal woke before it was done; -1: none
   */
  signal(cpu: Cpu, handler: number, signo: number, info: number, nr: number): Promise<void>;
}
