/** Differences that we mean to have, or that tell nothing of the mock kernel. `npm run differential` reads them. */
import { F_ADD_SEALS, F_GET_SEALS } from '../../kernel-mock/include/uapi/fcntl.js';
import { SO_SNDBUF, SOL_SOCKET, SOL_TCP } from '../../kernel-mock/include/uapi/socket.js';
import { TCP_MAXSEG } from '../../kernel-mock/include/uapi/tcp.js';
import type { Found } from './differential.js';
import type { Step } from './program.js';

export interface Deliberate {
  readonly name: string;
  /** What is different, and why. */
  readonly why: string;
  /** Where Linux does it. */
  readonly source: string;
  /** It is rare: that it does not occur in a run is no news. */
  readonly rare?: true;
  matches(step: Step, found: Found): boolean;
}

const is = (step: Step, register: number, ...values: readonly number[]): boolean => {
  const arg = step.args[register];
  return arg?.is === 'number' && values.includes(arg.n);
};

export const deliberate: readonly Deliberate[] = [
  {
    name: 'seals of plain files',
    why: 'the reference looks paths up in a tmpfs, whose files all have seals (F_SEAL_SEAL); ours are of a ramfs, which has none',
    source: 'mm/memfd.c memfd_file_seals_ptr',
    matches: (step, { what }) =>
      step.call === 'fcntl' &&
      is(step, 1, F_ADD_SEALS, F_GET_SEALS) &&
      what.startsWith('result') &&
      what.endsWith('mock -22'),
  },
  {
    name: 'what a connection has measured',
    why: 'Linux lets the send buffer and the segment size grow by measurements that are not the same in every run; ours are those of most runs',
    source: 'net/ipv4/tcp_input.c tcp_sndbuf_expand, tcp_measure_rcv_mss',
    rare: true,
    matches: (step, { what }) =>
      step.call === 'getsockopt' &&
      what.startsWith('memory') &&
      ((is(step, 1, SOL_SOCKET) && is(step, 2, SO_SNDBUF)) || (is(step, 1, SOL_TCP) && is(step, 2, TCP_MAXSEG))),
  },
  {
    name: 'MSG_MORE and the first segment of the other end',
    why: 'what MSG_MORE keeps back leaves with the next acknowledgment that Linux handles on its slow path, which the first segment takes',
    source: 'net/ipv4/tcp_input.c tcp_rcv_established, tcp_data_snd_check',
    rare: true,
    matches: (step, { what, program }) =>
      (step.call === 'sendto' || step.call === 'write' || step.call === 'writev') &&
      what.startsWith('descriptor') &&
      program.steps.some((s) => s.call === 'sendto' && s.args[3]?.is === 'number' && (s.args[3].n & 0x8000) !== 0),
  },
  {
    name: 'an urgent byte behind a full window',
    why: 'Linux tells of it when the segment gets through, ours at once',
    source: 'net/ipv4/tcp_input.c tcp_check_urg',
    rare: true,
    matches: (step, { what }) =>
      step.call === 'sendto' &&
      what.startsWith('descriptor') &&
      what.includes('revents 0x5;') &&
      what.endsWith('revents 0x7'),
  },
  {
    name: 'a level that the protocol lacks, and a bad length',
    why: 'ours reads the length of getsockopt before the protocol is asked whether it knows the level',
    source: 'net/ipv4/ip_sockglue.c ip_getsockopt',
    rare: true,
    matches: (step, { what }) => step.call === 'getsockopt' && what.startsWith('result: Linux -95'),
  },
  {
    name: 'garbage of descriptors in flight',
    why: 'Linux collects cycles of sockets in a work queue, some time after the call; ours goes with the call',
    source: 'net/unix/garbage.c unix_gc, queue_work',
    rare: true,
    matches: (step, { what, program }) =>
      step.call === 'close' && what.startsWith('descriptor') && program.steps.some((s) => s.call === 'sendmsg'),
  },
  {
    name: 'a level that the protocol lacks, and a bad value',
    why: 'ours reads the value of setsockopt before the protocol is asked whether it knows the level',
    source: 'net/ipv4/ip_sockglue.c ip_setsockopt',
    rare: true,
    matches: (step, { what }) => step.call === 'setsockopt' && what === 'result: Linux -92, mock -14',
  },
];

/** The row that knows this difference. */
export function deliberate_row(found: Found): Deliberate | undefined {
  const step = found.program.steps[found.step];
  return step === undefined ? undefined : deliberate.find((row) => row.matches(step, found));
}
