/** sys/eventfd.h. */
import { put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { EVENTFD } from '../internal/descriptor_calls.js';
import { want_number, want_object } from '../internal/describe.js';
import type { Thread } from '../internal/thread.js';

/**
 * `eventfd(initval, flags)`: a counter to wait on. EFD_CLOEXEC and EFD_NONBLOCK travel by the route; EFD_SEMAPHORE (2.6.30)
 * only with the call that knows it.
 *
 * @returns the descriptor; -1 with errno EINVAL (flags), EMFILE, ENOSYS. eventfd(2).
 */
export async function eventfd(this: Thread, initval: number, flags: number): Promise<number> {
  const r =
    flags === 0 ? this.enter(this.nr.eventfd, initval) : this.process.route(this, EVENTFD, flags, initval, 0, 0, 0);
  return this.ret(typeof r === 'number' ? r : await r);
}

/** `eventfd_read(fd, &value)`: 0 with the count in `value.value`; -1 with errno as read. eventfd(3). */
export async function eventfd_read(this: Thread, fd: number, value: { value?: bigint }): Promise<number> {
  want_object(value, 'value is { }, to be filled in');
  const raw = new Uint8Array(8);
  const ptr = this.map(raw);
  const r = this.enter(this.nr.read, fd, ptr, 8);
  const n = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  if (n === 8) value.value = new DataView(raw.buffer).getBigUint64(0, true);
  return n === 8 ? 0 : this.ret(n);
}

/** `eventfd_write(fd, value)`: add to the count. 0, or -1 with errno as write. eventfd(3). */
export async function eventfd_write(this: Thread, fd: number, value: number | bigint): Promise<number> {
  if (typeof value !== 'bigint') want_number(value, 'value');
  const raw = new Uint8Array(8);
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) put_u64(raw, 0, value);
  else new DataView(raw.buffer).setBigUint64(0, BigInt(value), true);
  const ptr = this.map(raw);
  const r = this.enter(this.nr.write, fd, ptr, 8);
  const n = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return n === 8 ? 0 : this.ret(n);
}
