/** Opening a FIFO (fs/pipe.c fifo_open). From then on it is a pipe. */
import type { Inode } from '../include/linux/dcache.js';
import { FMODE_READ, FMODE_WRITE, type FileOperations, type OpenFile } from '../include/linux/fs.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import { EINVAL, ENXIO, ERESTARTSYS } from '../include/uapi/errno.js';
import { O_NONBLOCK } from '../include/uapi/fcntl.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../include/uapi/poll.js';
import { finish_wait, prepare_to_wait, signal_pending, wake_up_all } from '../kernel/wait.js';
import { type PipeInode, alloc_pipe, pipefifo_fops } from './pipe.js';

/** The pipe behind a FIFO lives as long as somebody has it open. */
function pipe_of_inode(task: Task, inode: Inode): PipeInode {
  let pipe = inode.i_private as PipeInode | null;
  if (pipe === null || (pipe.readers === 0 && pipe.writers === 0)) pipe = alloc_pipe(task.kernel);
  inode.i_private = pipe;
  return pipe;
}

/** Wait until an end of the other kind has been opened, even if it is gone again. `undo`: the open fails. */
function* wait_for_partner(task: Task, pipe: PipeInode, counter: 'r_counter' | 'w_counter', undo: () => void): Sleep {
  const seen = pipe[counter];
  try {
    while (pipe[counter] === seen) {
      prepare_to_wait(pipe.rd_wait, task, false, 'the other end of a FIFO');
      if (signal_pending(task)) {
        undo();
        return -ERESTARTSYS;
      }
      yield;
    }
    return 0;
  } finally {
    finish_wait(task);
  }
}

function open_reader(task: Task, pipe: PipeInode, wait: boolean): Result {
  pipe.r_counter++;
  if (pipe.readers++ === 0) wake_up_all(pipe.rd_wait);
  if (!wait || pipe.writers > 0) return 0;
  return wait_for_partner(task, pipe, 'w_counter', () => {
    if (--pipe.readers === 0) wake_up_all(pipe.wr_wait, POLLOUT | POLLWRNORM | POLLERR);
  });
}

function open_writer(task: Task, pipe: PipeInode, wait: boolean): Result {
  pipe.w_counter++;
  if (pipe.writers++ === 0) wake_up_all(pipe.rd_wait);
  if (!wait || pipe.readers > 0) return 0;
  return wait_for_partner(task, pipe, 'r_counter', () => {
    if (--pipe.writers === 0) wake_up_all(pipe.rd_wait, POLLIN | POLLRDNORM | POLLHUP);
  });
}

/** -ENXIO: nobody reads, and the writer does not want to wait; -EINTR. */
function fifo_open(task: Task, inode: Inode, file: OpenFile): Result {
  // A pipe that is opened through /proc has its ends already.
  const is_pipe = inode.i_sb === task.kernel.fs!.anon_sb;
  const pipe = is_pipe ? (inode.i_private as PipeInode) : pipe_of_inode(task, inode);
  const nonblock = (file.f_flags & O_NONBLOCK) !== 0;
  file.f_op = pipefifo_fops;
  file.private_data = pipe;
  switch (file.f_mode & (FMODE_READ | FMODE_WRITE)) {
    case FMODE_READ:
      return open_reader(task, pipe, !is_pipe && !nonblock);
    case FMODE_WRITE:
      if (!is_pipe && nonblock && pipe.readers === 0) return -ENXIO;
      return open_writer(task, pipe, !is_pipe);
    case FMODE_READ | FMODE_WRITE:
      pipe.readers++;
      pipe.writers++;
      pipe.r_counter++;
      pipe.w_counter++;
      wake_up_all(pipe.rd_wait);
      return 0;
    default:
      return -EINVAL;
  }
}

export const def_fifo_fops = { open: fifo_open, show: () => '' } satisfies FileOperations;
