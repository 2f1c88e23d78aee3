/** Urgent data. Every row was observed on Linux 6.18. */
import test from 'ava';
import type { Libc, ThrowingLibc } from '../../../index.js';
import * as uapi from '../../../kernel-mock/include/uapi/index.js';
import { answers, outcome, receive } from '../../facts.js';
import { ON, pair, revents } from './fixtures.js';

const { MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_WAITALL } = uapi;

async function number_of(libc: Libc, fd: number, request: number): Promise<string> {
  const raw = new Uint8Array(4);
  return (await libc.ioctl(fd, request, raw)) === -1 ? 'error' : String(raw[0]);
}

/**
 * What a script does, word by word: `abc` sends, `abc!` sends with MSG_OOB, `?` receives ten bytes, `?!` with MSG_OOB, `?p`,
 * `?p!` peek, `?w` five bytes with MSG_WAITALL; `m` is the mark, `q` FIONREAD, `p` poll; `inline` sets SO_OOBINLINE, `fin` ends.
 */
async function step(libc: Libc, ok: ThrowingLibc, c: number, s: number, word: string): Promise<unknown> {
  const flags = word.endsWith('!') ? MSG_OOB : 0;
  if (word.startsWith('?w')) return receive(libc, s, 5, MSG_WAITALL | MSG_DONTWAIT);
  if (word.startsWith('?')) return receive(libc, s, 10, flags | MSG_DONTWAIT | (word.includes('p') ? MSG_PEEK : 0));
  switch (word) {
    case 'm':
      return `m${await number_of(libc, s, uapi.SIOCATMARK)}`;
    case 'q':
      return `q${await number_of(libc, s, uapi.FIONREAD)}`;
    case 'p':
      return `0x${(await revents(ok, s)).toString(16)}`;
    case 'inline':
      return outcome(libc, await libc.setsockopt(s, uapi.SOL_SOCKET, uapi.SO_OOBINLINE, ON));
    case 'fin':
      return outcome(libc, await libc.shutdown(c, uapi.SHUT_WR));
    default:
      return outcome(libc, await libc.send(c, word.replace('!', ''), flags));
  }
}

const scripts: readonly (readonly [script: string, expected: string])[] = [
  ['p abc d! p m q ? m p q ?! p ?! m q ? m', '0x104 3 1 0x147 m0 q3 abc m1 0x106 q0 d 0x104 EINVAL m1 q0 EAGAIN m0'],
  ['abcd! ?! ? m x m ? m', '4 d abc m1 1 m1 x m0'],
  ['?! a ?!', 'EINVAL 1 EINVAL'],
  ['z! p q m ? ?! p ? m', '1 0x106 q0 m1 EAGAIN EINVAL 0x104 EAGAIN m0'],
  ['abZ! ?p! ?! ?p! ?p ?', '3 Z Z EINVAL ab ab'],
  ['inline abZ! ?! p q ? m p ? m p', '0 3 EINVAL 0x147 q3 ab m1 0x147 Z m0 0x104'],
  ['aX! bY! p ? ?! ?', '2 2 0x147 aXb Y EAGAIN'],
  ['X! Y! ?! m q ?', '1 1 Y m1 q0 EAGAIN'],
  ['X! ?! Y! ?! q ?', '1 X 1 Y q0 EAGAIN'],
  ['abX! cd ? m q ? ?!', '3 2 ab m1 q0 cd EINVAL'],
  ['aX! fin ? p ? p ?!', '2 0 a 0x2147  0x2145 EINVAL'],
  ['fin ?!', '0 EINVAL'],
  ['abX! cd ?w ?w', '3 2 ab cd'],
  ['! m p', '0 m0 0x104'],
  ['abX! ? cd ? ?! m', '3 ab 2 cd EINVAL m0'],
];
for (const [script, expected] of scripts)
  test(
    script,
    answers,
    async (libc, ok) => {
      const [c, s] = await pair(ok);
      const r: unknown[] = [];
      for (const word of script.split(' ')) r.push(await step(libc, ok, c, s, word));
      return r.join(' ');
    },
    expected,
  );
test(
  'the owner gets SIGURG',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    let urgent = 0;
    await libc.signal(uapi.SIGURG, async () => {
      urgent++;
    });
    await ok.send(c, 'a', MSG_OOB);
    const before = urgent;
    await ok.fcntl(s, uapi.F_SETOWN, await libc.getpid());
    await ok.send(c, 'b', MSG_OOB);
    await ok.send(c, 'c');
    return [before, urgent];
  },
  [0, 1],
);
