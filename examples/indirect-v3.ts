/**
 * The test program that was posted with sys_indirect in November 2007, in its form of versions 1 to 3 of the patch: the new
 * call has three arguments. It makes a socket the old way and a socket inside sys_indirect, and prints whether close-on-exec
 * is set on each. The library is not involved: the program packs the registers and the parameters of the inner call itself,
 * as every user of a new system call has to before the C library knows it.
 *
 *     sys-indirect run examples/indirect-v3.ts --kernel 2.6.24-rc3-indirect-v3
 *
 * Returns 0 if only the new socket has the flag. On a kernel without the call it says what came back, and returns 1: before,
 * the number belonged to nobody; since 2.6.25 it is timerfd_settime, which takes our pointers for other things.
 */
import type { Libc, Program } from 'sys-indirect';
import {
  AF_INET,
  EBADF,
  EFAULT,
  EINVAL,
  ENOSYS,
  FD_CLOEXEC,
  F_GETFD,
  IPPROTO_IP,
  NR,
  O_CLOEXEC,
  SOCK_DGRAM,
} from 'sys-indirect/uapi';

/** struct indirect_registers: rax, rdi, rsi, rdx, r10, r8, r9. Slots that are not listed are zero. */
function fill_in(...slots: number[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from({ length: 7 }, (_, i) => BigInt(slots[i] ?? 0)).buffer);
}

/** union indirect_params with file_flags.flags. */
function file_flags(flags: number): Uint8Array {
  return new Uint8Array(Int32Array.of(flags).buffer);
}

/** What an error of call 286 tells about the kernel. */
const REASONS: Readonly<Record<number, string>> = {
  [ENOSYS]: 'this kernel has no call 286',
  [EFAULT]: 'call 286 is another one here',
  [EBADF]: 'call 286 is another one here',
  [EINVAL]: 'refused',
};

/** Print close-on-exec of `fd` and close it; true if set. */
async function show(libc: Libc, name: string, fd: number): Promise<boolean> {
  if (fd === -1) {
    const { errno } = libc;
    await libc.printf('%s: no socket: %s (%s)\n', name, libc.strerror(errno), REASONS[errno] ?? 'unexpected');
    return false;
  }
  const set = ((await libc.fcntl(fd, F_GETFD)) & FD_CLOEXEC) !== 0;
  await libc.printf('%s: close-on-exec %s set\n', name, set ? 'is' : 'not');
  await libc.close(fd);
  return set;
}

const main: Program = async (libc) => {
  const before = await show(libc, 'old', await libc.socket(AF_INET, SOCK_DGRAM, IPPROTO_IP));

  const regs = fill_in(NR.socket, AF_INET, SOCK_DGRAM, IPPROTO_IP);
  const params = file_flags(O_CLOEXEC);
  const after = await show(libc, 'new', await libc.syscall(NR.indirect, regs, params, params.length));

  return !before && after ? 0 : 1;
};

export default main;
