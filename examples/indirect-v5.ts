/**
 * The same test program in its form of version 5 of the patch: sys_indirect has a fourth argument, which must be zero, and
 * the parameters are cleared before one field of them is set. It asks for close-on-exec and non-block together, for a socket,
 * a signalfd and an eventfd, and prints one line each.
 *
 *     sys-indirect run examples/indirect-v5.ts --kernel 2.6.24-rc3-indirect-v5
 *
 * Returns 0 if the old socket has neither flag and the three new descriptors have both. Versions 1 and 3 know only
 * close-on-exec, and drop the other flag without a word. A line with an error tells that the kernel that runs has no
 * sys_indirect, refuses the inner call (EINVAL), or does not have it (ENOSYS).
 */
import type { Libc, Program } from 'sys-indirect';
import {
  AF_INET,
  FD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  IPPROTO_IP,
  NR,
  O_CLOEXEC,
  O_NONBLOCK,
  SOCK_DGRAM,
  indirect_params,
} from 'sys-indirect/uapi';

/** struct indirect_registers: rax, rdi, rsi, rdx, r10, r8, r9. Slots that are not listed are zero. */
function fill_in(...slots: number[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from({ length: 7 }, (_, i) => BigInt(slots[i] ?? 0)).buffer);
}

/** Print both flags of `fd` and close it; how many are set, or -1 without a descriptor. */
async function show(libc: Libc, name: string, fd: number): Promise<number> {
  if (fd === -1) {
    await libc.printf('%s: not available: %s\n', name, libc.strerror(libc.errno));
    return -1;
  }
  const cloexec = ((await libc.fcntl(fd, F_GETFD)) & FD_CLOEXEC) !== 0;
  const nonblock = ((await libc.fcntl(fd, F_GETFL)) & O_NONBLOCK) !== 0;
  await libc.printf(
    '%s: close-on-exec %s, non-block %s\n',
    name,
    cloexec ? 'is set' : 'not set',
    nonblock ? 'is set' : 'not set',
  );
  await libc.close(fd);
  return Number(cloexec) + Number(nonblock);
}

const main: Program = async (libc) => {
  const params = new Uint8Array(indirect_params.size);
  params.fill(0); // memset: a junk byte in a field that a later kernel reads would be a request
  new DataView(params.buffer).setInt32(indirect_params.file_flags.flags, O_CLOEXEC | O_NONBLOCK, true);
  const indirect = (regs: Uint8Array): Promise<number> => libc.syscall(NR.indirect, regs, params, params.length, 0);

  const before = await show(libc, 'old', await libc.socket(AF_INET, SOCK_DGRAM, IPPROTO_IP));
  const after = await show(libc, 'new', await indirect(fill_in(NR.socket, AF_INET, SOCK_DGRAM, IPPROTO_IP)));

  // A register of the inner call is a pointer: &mask.
  const mask = libc.cpu.memory.map(new Uint8Array(8));
  const signalfd = await show(libc, 'signalfd', await indirect(fill_in(NR.signalfd, -1, mask, 8)));
  libc.cpu.memory.unmap(mask);
  const eventfd = await show(libc, 'eventfd', await indirect(fill_in(NR.eventfd, 8)));

  return before === 0 && after === 2 && signalfd === 2 && eventfd === 2 ? 0 : 1;
};

export default main;
