/**
 * A supervisor whose signals are data: SIGCHLD and SIGTERM are blocked and read from a signalfd, so that no handler interrupts
 * anything and nothing happens between two lines. Three children end; the last one asks its parent to stop. A standard
 * signal that is pending already is not sent twice: one SIGCHLD may stand for many children, so each takes all that ended.
 *
 *     sys-indirect run examples/signal-loop.ts --kernel 2.6.22
 *
 * Returns 0 if every child was taken, with its own status.
 */
import type { Libc, Program } from 'sys-indirect';
import {
  POLLIN,
  SFD_CLOEXEC,
  SFD_NONBLOCK,
  SIGCHLD,
  SIGTERM,
  SIG_BLOCK,
  WNOHANG,
  layout_x86_64,
} from 'sys-indirect/uapi';

const { size, ssi_signo, ssi_pid } = layout_x86_64.signalfd_siginfo;
const CHILDREN = 3;

async function fail(libc: Libc, call: string): Promise<number> {
  await libc.perror(call);
  return 1;
}

/** A child that works for a while; the last one tells its parent that it is enough. */
async function child(libc: Libc, i: number): Promise<number> {
  await libc.poll([], 5 * i);
  if (i === CHILDREN) await libc.kill(await libc.getppid(), SIGTERM);
  return i;
}

/** Take every child that has ended: how many, or -1 if one did not end as it should. */
async function reap(libc: Libc, expected: ReadonlyMap<number, number>): Promise<number> {
  const status: { value?: number } = {};
  let taken = 0;
  for (let pid = await libc.waitpid(-1, status, WNOHANG); pid > 0; pid = await libc.waitpid(-1, status, WNOHANG)) {
    if (status.value !== expected.get(pid)! << 8) return -1;
    taken++;
  }
  return taken;
}

const main: Program = async (libc) => {
  await libc.sigprocmask(SIG_BLOCK, [SIGCHLD, SIGTERM], null);
  const signals = await libc.signalfd(-1, [SIGCHLD, SIGTERM], SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals === -1) return fail(libc, 'signalfd');
  const expected = new Map<number, number>();
  for (let i = 1; i <= CHILDREN; i++) expected.set(await libc.fork((own) => child(own, i)), i);

  const buf = new Uint8Array(4 * size);
  const info = new DataView(buf.buffer);
  let [taken, stop, stopped_by] = [0, false, 0];
  while (taken < CHILDREN || !stop) {
    if ((await libc.poll([{ fd: signals, events: POLLIN }], -1)) === -1) return fail(libc, 'poll');
    const n = await libc.read(signals, buf);
    if (n === -1) return fail(libc, 'read');
    for (let at = 0; at < n; at += size) {
      if (info.getUint32(at + ssi_signo, true) === SIGTERM) {
        stop = true;
        stopped_by = info.getUint32(at + ssi_pid, true);
      } else taken += await reap(libc, expected);
    }
  }
  await libc.printf('%d children, stopped by child %d\n', taken, expected.get(stopped_by)!);
  return taken === CHILDREN ? 0 : 1;
};

export default main;
