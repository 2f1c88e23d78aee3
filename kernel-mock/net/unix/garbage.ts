/**
 * AF_UNIX sockets in flight, and those that only messages in their own queues refer to (net/unix/garbage.c, as it was from 2.6.23
 * to 6.9: a cycle collecting algorithm over the sockets in flight).
 */
import { FMODE_PATH, type OpenFile } from '../../include/linux/fs.js';
import type { Kernel } from '../../include/linux/kernel.js';
import type { Inflight } from '../../include/linux/net.js';
import { AF_UNIX } from '../../include/uapi/socket.js';
import { fifo_items } from '../../lib/fifo.js';
import { type ScmCookie, type ScmFpList, scm_cookie, scm_destroy } from '../core/scm.js';
import { sock_from_file } from '../socket.js';
import type { UnixSock } from './af_unix.js';

/** The AF_UNIX socket that `file` is, or null. */
function unix_get_socket(file: OpenFile): UnixSock | null {
  const sock = (file.f_mode & FMODE_PATH) === 0 ? sock_from_file(file) : null;
  return sock !== null && sock.ops.family === AF_UNIX ? (sock.sk as UnixSock) : null;
}

function inflight_of(kernel: Kernel): Inflight {
  const { net } = kernel;
  net.inflight ??= { tot_inflight: 0, by_user: new Map(), gc: unix_gc, sockets: new Set(), gc_in_progress: false };
  return net.inflight;
}

/** Files of `user` in flight. */
export function unix_inflight_of_user(kernel: Kernel, user: number): number {
  return kernel.net.inflight?.by_user.get(user) ?? 0;
}

function count_user(inflight: Inflight, user: number, n: number): void {
  inflight.by_user.set(user, (inflight.by_user.get(user) ?? 0) + n);
}

/** The files of a message are in flight from now on. */
export function unix_inflight(kernel: Kernel, { fp, user }: ScmFpList): void {
  const inflight = inflight_of(kernel);
  count_user(inflight, user, fp.length);
  for (const file of fp) {
    const sk = unix_get_socket(file);
    if (sk === null) continue;
    sk.inflight++;
    inflight.sockets.add(sk);
    inflight.tot_inflight++;
  }
}

/** … and no longer. */
export function unix_notinflight(kernel: Kernel, { fp, user }: ScmFpList): void {
  const inflight = inflight_of(kernel);
  count_user(inflight, user, -fp.length);
  for (const file of fp) {
    const sk = unix_get_socket(file);
    if (sk === null) continue;
    if (--sk.inflight === 0) inflight.sockets.delete(sk);
    inflight.tot_inflight--;
  }
}

/** The messages with descriptors that `sk` would take along: its own, or, of a listening socket, those of its embryos. */
function* messages_of(sk: UnixSock): Generator<ScmCookie> {
  const socks = sk.accept_queue === null ? [sk] : fifo_items(sk.accept_queue);
  for (const one of socks)
    for (const { scm } of fifo_items(one.sk_receive_queue)) if (scm !== null && scm.fp !== null) yield scm;
}

function scan_children(sk: UnixSock, candidates: ReadonlySet<UnixSock>, func: (child: UnixSock) => void): void {
  for (const scm of messages_of(sk))
    for (const file of scm.fp!.fp) {
      const child = unix_get_socket(file);
      if (child !== null && candidates.has(child)) func(child);
    }
}

/** Sockets in flight that nothing but such sockets refers to. */
function find_garbage({ sockets }: Inflight): Set<UnixSock> {
  const candidates = new Set<UnixSock>();
  for (const sk of sockets as Set<UnixSock>) if (sk.sk_socket?.file?.f_count === sk.inflight) candidates.add(sk);

  // References from outside: all, without those from the queues of other candidates.
  const outside = new Map([...candidates].map((sk) => [sk, sk.inflight]));
  for (const sk of candidates) scan_children(sk, candidates, (child) => outside.set(child, outside.get(child)! - 1));

  // What a socket that is reachable from outside holds is reachable too.
  const reachable = [...candidates].filter((sk) => outside.get(sk)! > 0);
  for (const sk of reachable) candidates.delete(sk);
  for (let sk = reachable.pop(); sk !== undefined; sk = reachable.pop())
    scan_children(sk, candidates, (child) => {
      candidates.delete(child);
      reachable.push(child);
    });
  return candidates;
}

/** Break the cycles: take the descriptors out of the messages that the garbage holds. The rest falls with its last reference. */
function collect(kernel: Kernel, inflight: Inflight): boolean {
  const garbage = find_garbage(inflight);
  const hitlist: ScmCookie[] = [];
  for (const sk of garbage)
    for (const scm of messages_of(sk)) {
      const list = scm.fp!;
      if (!list.fp.some((file) => garbage.has(unix_get_socket(file)!))) continue;
      unix_notinflight(kernel, list);
      hitlist.push({ ...scm_cookie(), fp: list });
      scm.fp = null;
    }
  for (const scm of hitlist) scm_destroy(scm);
  return hitlist.length > 0;
}

/** Called when a socket is released while sockets are in flight, and, a DEVIATION, when a process ends: Linux leaves that to the next release. */
export function unix_gc(kernel: Kernel): void {
  const { inflight } = kernel.net;
  if (inflight === null || inflight.tot_inflight === 0 || inflight.gc_in_progress) return;
  inflight.gc_in_progress = true;
  try {
    while (collect(kernel, inflight));
  } finally {
    inflight.gc_in_progress = false;
  }
}
