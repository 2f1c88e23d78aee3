/** Rows of pipes, and of what is waited on. */
import type { EpollEvent, Libc, PollFd } from '../../index.js';
import { EPOLLIN, EPOLL_CTL_ADD } from '../../kernel-mock/include/uapi/eventpoll.js';
import { POLLIN } from '../../kernel-mock/include/uapi/poll.js';
import { type Prepare, type Row, type Work, check } from './row.js';

const pipe_transfer =
  (size: number): Prepare =>
  async (libc) => {
    const fds: number[] = [];
    check(libc, await libc.pipe(fds));
    const [r = -1, w = -1] = fds;
    const buf = new Uint8Array(size);
    return async (n) => {
      for (let i = 0; i < n; i++) {
        check(libc, await libc.write(w, buf), size);
        check(libc, await libc.read(r, buf), size);
      }
    };
  };

async function eventfd_transfer(libc: Libc): Promise<Work> {
  const fd = check(libc, await libc.eventfd(0, 0));
  const buf = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
  return async (n) => {
    for (let i = 0; i < n; i++) {
      check(libc, await libc.write(fd, buf), 8);
      check(libc, await libc.read(fd, buf), 8);
    }
  };
}

/** `n` eventfds, the last one readable. */
async function eventfds(libc: Libc, n: number): Promise<number[]> {
  const fds: number[] = [];
  for (let i = 0; i < n; i++) fds.push(check(libc, await libc.eventfd(i === n - 1 ? 1 : 0, 0)));
  return fds;
}

/** One descriptor of `n` is ready, and stays so: level-triggered. */
export const epoll_wait_1_of =
  (n: number): Prepare =>
  async (libc) => {
    const ep = check(libc, await libc.epoll_create(1));
    for (const fd of await eventfds(libc, n))
      check(libc, await libc.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN, data: fd }));
    const events: EpollEvent[] = [];
    return async (iterations) => {
      for (let i = 0; i < iterations; i++) check(libc, await libc.epoll_wait(ep, events, 8, 0), 1);
    };
  };

async function poll_64(libc: Libc): Promise<Work> {
  const fds: PollFd[] = (await eventfds(libc, 64)).map((fd) => ({ fd, events: POLLIN, revents: 0 }));
  return async (n) => {
    for (let i = 0; i < n; i++) check(libc, await libc.poll(fds, 0), 1);
  };
}

export const file_rows: readonly Row[] = [
  { name: 'pipe_write1_read1', target: 0.5, prepare: pipe_transfer(1) },
  { name: 'pipe_write4096_read4096', target: 0.5, prepare: pipe_transfer(4096) },
  { name: 'eventfd_write_read', target: 0.5, prepare: eventfd_transfer },
  { name: 'epoll_wait_1_of_1', target: 0.5, prepare: epoll_wait_1_of(1) },
  { name: 'poll_64', target: 0.5, prepare: poll_64 },
];
