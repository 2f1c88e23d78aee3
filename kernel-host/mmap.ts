/** Address space: the program may have more memory, and change what it got; the rest is the runtime's. */
import { EINVAL, ENOMEM, EPERM } from '../kernel-mock/include/uapi/errno.js';
import { MAP_FIXED } from '../kernel-mock/include/uapi/mman.js';
import { EBADF } from '../kernel-mock/include/uapi/errno.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import type { Handler, HostTask } from './task.js';

const PAGE = 4096;

function is_own(task: HostTask, address: number, size: number): boolean {
  for (const [start, length] of task.process.areas)
    if (address >= start && address + size <= start + length) return true;
  return false;
}

function pages(size: number): number {
  return Math.ceil(size / PAGE) * PAGE;
}

export const sys_mmap: Handler = (task, address, size, prot, flags, fd, offset) => {
  const { areas, driver, files } = task.process;
  if (files.is_foreign(fd | 0)) return -EBADF;
  if ((flags & MAP_FIXED) !== 0 && !is_own(task, address, size)) return -EPERM;
  const ret = driver.syscall(NR.mmap, address, size, prot, flags, fd, offset);
  if (ret > 0 && !is_own(task, ret, size)) areas.set(ret, pages(size));
  return ret;
};

export const sys_munmap: Handler = (task, address, size) => {
  const { areas, driver } = task.process;
  if (address % PAGE !== 0 || size === 0) return -EINVAL;
  // Linux: nothing there is no error; what is the runtime's stays.
  if (!is_own(task, address, size)) return -EPERM;
  const ret = driver.syscall(NR.munmap, address, size, 0, 0, 0, 0);
  if (ret !== 0) return ret;
  const [start, length] = [...areas].find(([from, n]) => address >= from && address < from + n)!;
  areas.delete(start);
  const end = address + pages(size);
  if (address > start) areas.set(start, address - start);
  if (end < start + length) areas.set(end, start + length - end);
  return 0;
};

/** A call on a range of the program's own memory. */
export function on_own_memory(nr: number): Handler {
  return (task, address, size, a3, a4, a5, a6) =>
    is_own(task, address, pages(size)) ? task.process.driver.syscall(nr, address, size, a3, a4, a5, a6) : -ENOMEM;
}
