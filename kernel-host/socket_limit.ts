/** SO_RCVTIMEO and SO_SNDTIMEO: how long a call on a socket sleeps. */
import { get_u64, put_u32 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { SOL_SOCKET, SO_RCVTIMEO, SO_SNDTIMEO } from '../kernel-mock/include/uapi/socket.js';
import { CLOCK_MONOTONIC } from '../kernel-mock/include/uapi/time.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import { SOCKET } from './files.js';
import type { HostTask } from './task.js';

const TIMEVAL = layout_x86_64.timeval;

/** A timer that runs for as long; -1: no limit, or `fd` is no socket. */
export function socket_limit(task: HostTask, fd: number, sending: boolean): number {
  const { driver, files, scratch, timers } = task.process;
  if (files.kind(fd) !== SOCKET) return -1;
  put_u32(scratch.bytes, TIMEVAL.size, TIMEVAL.size);
  const option = sending ? SO_SNDTIMEO : SO_RCVTIMEO;
  const { address } = scratch;
  if (driver.syscall(NR.getsockopt, fd, SOL_SOCKET, option, address, address + TIMEVAL.size, 0) < 0) return -1;
  const sec = get_u64(scratch.bytes, TIMEVAL.tv_sec);
  const usec = get_u64(scratch.bytes, TIMEVAL.tv_usec);
  if (sec === 0 && usec === 0) return -1;
  const timer = timers.start(CLOCK_MONOTONIC, 0, sec, usec * 1000);
  return timer < 0 ? -1 : timer;
}
