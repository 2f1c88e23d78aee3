/** sys/inotify.h: hearing what happens to files. */
import { get_s32, get_u32 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { type Path, c_string, call_with, until_zero } from '../internal/call.js';
import { INOTIFY_INIT1 } from '../internal/descriptor_calls.js';
import { to_text } from '../internal/text.js';
import type { Thread } from '../internal/thread.js';

const EVENT = layout_x86_64.inotify_event;

export interface InotifyEvent {
  /** The watch. */
  readonly wd: number;
  /** IN_* bits. */
  readonly mask: number;
  /** What IN_MOVED_FROM and IN_MOVED_TO of one rename have in common. */
  readonly cookie: number;
  /** The entry of a watched directory; '' for the watched file itself. */
  readonly name: string;
}

/** `inotify_init()`: a descriptor that tells what happens to files. EMFILE. inotify_init(2). */
export async function inotify_init(this: Thread): Promise<number> {
  return call_with(this, 'inotify_init');
}

/** `inotify_init1(flags)`: IN_CLOEXEC, IN_NONBLOCK; 2.6.27, on older kernels by the route. EINVAL, EMFILE. inotify_init(2). */
export async function inotify_init1(this: Thread, flags: number): Promise<number> {
  if (flags === 0) return inotify_init.call(this);
  return this.ret(await this.process.route(this, INOTIFY_INIT1, flags, 0, 0, 0, 0));
}

/**
 * `inotify_add_watch(fd, path, mask)`: hear of what `mask` (IN_* bits) names.
 *
 * @returns the watch's number, or -1 with errno EBADF, EINVAL, ENOENT, EACCES, ENOTDIR (IN_ONLYDIR), EEXIST (IN_MASK_CREATE). inotify_add_watch(2).
 */
export async function inotify_add_watch(this: Thread, fd: number, path: Path, mask: number): Promise<number> {
  return call_with(this, 'inotify_add_watch', fd, c_string(path), mask);
}

/** `inotify_rm_watch(fd, wd)`. EBADF, EINVAL. inotify_rm_watch(2). */
export async function inotify_rm_watch(this: Thread, fd: number, wd: number): Promise<number> {
  return call_with(this, 'inotify_rm_watch', fd, wd);
}

/** The events in the `n` bytes that a read put into `buf`: the walk that C programs write by hand. */
export function inotify_events(this: Thread | void, buf: Uint8Array, n = buf.length): InotifyEvent[] {
  const events: InotifyEvent[] = [];
  for (let at = 0; at + EVENT.size <= n; at += EVENT.size + get_u32(buf, at + EVENT.len)) {
    const name = buf.subarray(at + EVENT.name, at + EVENT.name + get_u32(buf, at + EVENT.len));
    events.push({
      wd: get_s32(buf, at + EVENT.wd),
      mask: get_u32(buf, at + EVENT.mask),
      cookie: get_u32(buf, at + EVENT.cookie),
      name: to_text(until_zero(name)),
    });
  }
  return events;
}
