/**
 * An event loop: one thread that waits for everything at once. A worker thread puts results on a list and counts them in an
 * eventfd, a timerfd beats, and epoll_wait tells which of them has something to say. Before 2.6.25 the number of
 * timerfd_create belonged to another call, which takes such arguments for bad ones: there the loop beats by its time limit.
 *
 *     sys-indirect run examples/event-loop.ts --kernel 2.6.24-rc3-indirect-v3
 *
 * Returns 0 if every result was seen, between at least two beats.
 */
import type { Libc, Program, PthreadT } from 'sys-indirect';
import { CLOCK_MONOTONIC, EFD_CLOEXEC, EFD_NONBLOCK, EPOLLIN, EPOLL_CLOEXEC, EPOLL_CTL_ADD } from 'sys-indirect/uapi';

const JOBS = [2, 3, 5, 7, 11];
const BEAT = { tv_sec: 0, tv_nsec: 10_000_000 };
const BEAT_MS = 10;

async function fail(libc: Libc, call: string): Promise<number> {
  await libc.perror(call);
  return 1;
}

/** A thread that takes its time with each job, and rings after it. */
async function work(libc: Libc, { results, bell }: { results: number[]; bell: number }): Promise<void> {
  for (const job of JOBS) {
    await libc.nanosleep({ tv_sec: 0, tv_nsec: 25_000_000 });
    results.push(job * job);
    await libc.eventfd_write(bell, 1);
  }
}

/** A timer that beats from now on; -1 where there is none. */
async function metronome(libc: Libc): Promise<number> {
  const fd = await libc.timerfd_create(CLOCK_MONOTONIC, 0);
  if (fd !== -1) await libc.timerfd_settime(fd, 0, { it_interval: BEAT, it_value: BEAT });
  return fd;
}

const main: Program = async (libc) => {
  const epoll = await libc.epoll_create1(EPOLL_CLOEXEC);
  if (epoll === -1) return fail(libc, 'epoll_create1');
  const bell = await libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (bell === -1) return fail(libc, 'eventfd');
  const timer = await metronome(libc);
  for (const fd of timer === -1 ? [bell] : [bell, timer])
    if ((await libc.epoll_ctl(epoll, EPOLL_CTL_ADD, fd, { events: EPOLLIN, data: fd })) === -1)
      return fail(libc, 'epoll_ctl');

  const results: number[] = [];
  const thread: PthreadT = {};
  await libc.pthread_create(thread, null, work, { results, bell });
  let [seen, beats] = [0, 0];
  const events: { events: number; data: number | bigint }[] = [];
  while (seen < JOBS.length) {
    const n = await libc.epoll_wait(epoll, events, 2, timer === -1 ? BEAT_MS : -1);
    if (n === -1) return fail(libc, 'epoll_wait');
    if (n === 0) beats++;
    for (const { data } of events) {
      const count = new Uint8Array(8);
      if ((await libc.read(Number(data), count)) !== 8) return fail(libc, 'read');
      if (data === timer) beats += count[0]!;
      else seen += count[0]!;
    }
  }
  await libc.pthread_join(thread, null);
  await libc.printf('%d results, the last is %d; %d beats\n', seen, results.at(-1)!, beats);
  return beats >= 2 ? 0 : 1;
};

export default main;
