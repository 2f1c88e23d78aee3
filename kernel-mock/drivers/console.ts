/** The console: what descriptors 0, 1 and 2 of a program are open on (drivers/tty, as far as a pipe-like terminal needs). */
import { FMODE_READ, FMODE_WRITE, type FileOperations, type OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import { EFAULT } from '../include/uapi/errno.js';
import { O_RDWR } from '../include/uapi/fcntl.js';
import { S_IFCHR } from '../include/uapi/stat.js';
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../include/uapi/poll.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../mm/iov_iter.js';

/** The host's side of the console. */
export interface ConsoleDevice {
  /** What programs read; at its end they see end of file. */
  readonly input: Uint8Array;
  /** Takes what programs write, one call for each write, in order. */
  readonly output: (bytes: Uint8Array) => void;
}

interface ConsoleState {
  readonly device: ConsoleDevice;
  /** Bytes of `input` that were read. */
  at: number;
}

/** One write hands no more to the host than this; the program sees a short write then, as a terminal may give. */
const CHUNK = 65536;

const console_fops = {
  splice_read: true,
  splice_write: true,
  read_iter(task, file, iter) {
    const state = file.private_data as ConsoleState;
    const { input } = state.device;
    const n = Math.min(iter.count, input.length - state.at);
    if (n === 0) return 0;
    if (copy_to_iter(task.mm, iter, input, state.at, n) < 0) return -EFAULT;
    state.at += n;
    return n;
  },
  write_iter(task, file, iter) {
    const n = Math.min(iter.count, CHUNK);
    if (!fault_in(task.mm, iter, n)) return -EFAULT;
    const bytes = new Uint8Array(n);
    copy_from_iter(task.mm, iter, bytes, 0, n);
    if (n > 0) (file.private_data as ConsoleState).device.output(bytes);
    return n;
  },
  poll: () => POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM,
  show: () => '/dev/console',
  i_mode: S_IFCHR | 0o620,
} satisfies FileOperations;

/** The console of `kernel`, open for reading and writing. The kernel itself holds it: it is not counted as open. */
export function open_console(kernel: Kernel, device: ConsoleDevice): OpenFile {
  const state: ConsoleState = { device, at: 0 };
  return {
    kernel,
    f_op: console_fops,
    f_flags: O_RDWR,
    f_mode: FMODE_READ | FMODE_WRITE,
    f_pos: 0,
    f_count: 1,
    private_data: state,
    f_path: null,
    f_inode: null,
    f_owner: null,
    f_ep: null,
  };
}
