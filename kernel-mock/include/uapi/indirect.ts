/**
 * The ABI of sys_indirect: include/linux/indirect.h of the November 2007 patches (2.6.24-rc), as the syslet tree has it.
 * Section numbers are those of docs/sys_indirect.md; its marks: [S] seen in source, [M] from memory.
 *
 *     long indirect(struct indirect_registers *userregs, void *userparams, size_t paramslen, int flags)   v4 [M], v5 [S]
 *     long indirect(struct indirect_registers *userregs, void *userparams, size_t paramslen)              v3 [S]
 *
 * The call numbers are in unistd.ts: 286 on x86-64, 325 on i386 [S, 1.5].
 */

/** `struct indirect_registers` of x86-64: seven u64: the inner call's number, then its six arguments [S fields, 1.6]. */
export const indirect_registers_x86_64 = {
  size: 56,
  slot: 8,
  rax: 0, // number
  rdi: 8,
  rsi: 16,
  rdx: 24,
  r10: 32,
  r8: 40,
  r9: 48,
} as const;

/**
 * `struct indirect_registers`, i386: seven u32, and `struct indirect_registers32`, the same for an i386 program on an
 * x86-64 kernel [S fields, 1.6 and 1.7].
 */
export const indirect_registers_i386 = {
  size: 28,
  slot: 4,
  eax: 0, // number
  ebx: 4,
  ecx: 8,
  edx: 12,
  esi: 16,
  edi: 20,
  ebp: 24,
} as const;

/**
 * `union indirect_params`, the same on both architectures: the kernel copies it raw from a 32-bit program too [S, 1.7].
 * Every byte at 0 means: behave as without indirect.
 */
export const indirect_params = {
  /** Largest `paramslen`; more is EINVAL. v3 to v5 [S, 1.6]. */
  size: 4,
  /** `struct { int flags; } file_flags`: O_CLOEXEC, and O_NONBLOCK where the release reads it [S, 2; O_NONBLOCK M]. */
  file_flags: { size: 4, flags: 0 },
} as const;

/**
 * `union indirect_params` of the syslet branch (syslets v7, December 2007) [S fields, 6.3].
 * ABI: a union, so `file_flags.flags` and the low half of the ring pointer are the same bytes: a plain close-on-exec
 * request reads as a syslet request with a broken frame, and fails with EINVAL [S, 1.6].
 */
export const indirect_params_syslet = {
  size: 32,
  file_flags: { size: 4, flags: 0 },
  /** `struct syslet_args`: four u64. */
  syslet: { size: 32, completion_ring_ptr: 0, caller_data: 8, frame_ip: 16, frame_sp: 24 },
} as const;

/** `struct syslet_completion` [S, 6.3]. */
export const syslet_completion = { size: 16, status: 0, caller_data: 8 } as const;

/** `struct syslet_ring`; `size` is that of the head, before the completions [S, 6.3]. */
export const syslet_ring = {
  size: 16,
  kernel_head: 0,
  user_tail: 4,
  elements: 8,
  wait_group: 12,
  completions: 16,
} as const;
