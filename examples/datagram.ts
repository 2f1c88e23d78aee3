/**
 * Datagrams, twice: a UDP server thread that answers each datagram to its sender in capitals, and a socketpair by which main
 * tells it to stop. One send is one receive, whatever its length: nothing is joined, nothing is split, and what does not fit
 * into the buffer is lost. The server waits for both with poll.
 *
 *     sys-indirect run examples/datagram.ts --kernel 2.6.28
 *
 * Returns 0 if every answer is right, and comes from the address to which the question went.
 */
import type { Libc, Program, PthreadT, SockAddrOut } from 'sys-indirect';
import { AF_INET, AF_UNIX, POLLIN, SOCK_CLOEXEC, SOCK_DGRAM } from 'sys-indirect/uapi';

const QUESTIONS = ['a', 'longer', '', 'the longest of all questions'];
/** Longer datagrams than this are cut by the server's buffer. */
const ROOM = 16;

function text_of(buf: Uint8Array, n: number): string {
  return String.fromCharCode(...buf.subarray(0, n));
}

async function fail(libc: Libc, call: string): Promise<number> {
  await libc.perror(call);
  return 1;
}

/** The server thread: how many datagrams it answered before it was told to stop. */
async function server(libc: Libc, { udp, stop }: { udp: number; stop: number }): Promise<number> {
  const buf = new Uint8Array(ROOM);
  const fds = [udp, stop].map((fd) => ({ fd, events: POLLIN, revents: 0 }));
  for (let answered = 0; ; answered++) {
    await libc.poll(fds, -1);
    if (fds[1]!.revents !== 0) return answered;
    const from: SockAddrOut = {};
    const n = await libc.recvfrom(udp, buf, 0, from);
    await libc.sendto(udp, text_of(buf, n).toUpperCase(), 0, from);
  }
}

const main: Program = async (libc) => {
  const udp = await libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (udp === -1) return fail(libc, 'socket');
  if ((await libc.bind(udp, { family: AF_INET, addr: '127.0.0.1', port: 0 })) === -1) return fail(libc, 'bind');
  const name: SockAddrOut = {};
  await libc.getsockname(udp, name);
  const sv = [-1, -1];
  if ((await libc.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sv)) === -1) return fail(libc, 'socketpair');

  const thread: PthreadT = {};
  await libc.pthread_create(thread, null, server, { udp, stop: sv[1]! });

  const s = await libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  let right = 0;
  for (const question of QUESTIONS) {
    if ((await libc.sendto(s, question, 0, name)) === -1) return fail(libc, 'sendto');
    const buf = new Uint8Array(64);
    const from: SockAddrOut = {};
    const answer = text_of(buf, await libc.recvfrom(s, buf, 0, from));
    if (answer === question.slice(0, ROOM).toUpperCase() && from.port === name.port) right++;
  }

  await libc.send(sv[0]!, 'stop');
  const answered: { value?: unknown } = {};
  await libc.pthread_join(thread, answered);
  await libc.printf('%d datagrams answered, %d answers right\n', answered.value, right);
  return right === QUESTIONS.length && answered.value === QUESTIONS.length ? 0 : 1;
};

export default main;
