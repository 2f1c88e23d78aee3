/**
 * A lost wake-up: an event loop with EPOLLET that reads one message for each event. Two messages that arrive before the loop looks
 * are one event, and nobody comes for the second. An edge-triggered descriptor is to be read until EAGAIN.
 *
 *     sys-indirect explore examples/lost-wakeup.ts
 *
 * Returns 0 if both messages were read; the order in which one is not ends in a dead lock.
 */
import type { Libc, Program } from 'sys-indirect';
import { EPOLLET, EPOLLIN, EPOLL_CTL_ADD, O_NONBLOCK } from 'sys-indirect/uapi';

const MESSAGES = 2;

/** Sends a message every millisecond. */
async function sender(libc: Libc, fd: number): Promise<void> {
  for (let i = 0; i < MESSAGES; i++) {
    if (i > 0) await libc.usleep(1000);
    await libc.write(fd, 'm');
  }
}

const main: Program = async (libc) => {
  const fds: number[] = [];
  await libc.pipe2(fds, O_NONBLOCK);
  const [reader = -1, writer = -1] = fds;
  const epfd = await libc.epoll_create1(0);
  await libc.epoll_ctl(epfd, EPOLL_CTL_ADD, reader, { events: EPOLLIN | EPOLLET, data: reader });
  await libc.pthread_create(null, null, sender, writer);

  const events: { events: number; data: number }[] = [];
  for (let got = 0; got < MESSAGES; got++) {
    await libc.epoll_wait(epfd, events, 1, -1);
    // The bug: one read. `while ((await libc.read(reader, …)) > 0)` finds all.
    await libc.read(reader, new Uint8Array(1));
  }
  return 0;
};

export default main;
