/** TCP_INFO: a connection in numbers (net/ipv4/tcp.c tcp_get_info). */
import { SOL_SOCKET, SOL_TCP, SO_MAX_PACING_RATE } from '../../include/uapi/socket.js';
import { TCP_CLOSE, TCP_LISTEN, TCP_MAXSEG, TCP_MSS_DEFAULT } from '../../include/uapi/tcp.js';
import { put_u32, put_u64 } from '../../lib/bytes.js';
import { fifo_len } from '../../lib/fifo.js';
import { sock_opt } from '../core/sock.js';
import { type InetSock, LOOPBACK_MTU } from './inet_sock.js';
import { type TcpSock, tcp_unsent } from './tcp_sock.js';

/** The segment size that Linux 6.18 shows on lo: half of the largest window without scaling. */
const LOOPBACK_MSS = 32741;

/** TCP_MAXSEG as getsockopt shows it. */
export function show_mss(sk: InetSock): number {
  const user = sock_opt(sk, SOL_TCP, TCP_MAXSEG);
  if (sk.sk_state === TCP_CLOSE || sk.sk_state === TCP_LISTEN) return user === 0 ? TCP_MSS_DEFAULT : user;
  return user === 0 ? LOOPBACK_MSS : Math.min(user, LOOPBACK_MSS);
}

/** struct tcp_info of 6.18. */
const TCP_INFO_SIZE = 280;
const tcpi = {
  state: 0,
  options: 5,
  wscale: 6,
  app_limited: 7,
  rto: 8,
  snd_mss: 16,
  rcv_mss: 20,
  unacked: 24,
  sacked: 28,
  pmtu: 60,
  rcv_ssthresh: 64,
  rtt: 68,
  rttvar: 72,
  snd_ssthresh: 76,
  snd_cwnd: 80,
  advmss: 84,
  reordering: 88,
  rcv_space: 96,
  max_pacing_rate: 112,
  bytes_acked: 120,
  bytes_received: 128,
  notsent_bytes: 144,
  min_rtt: 148,
  bytes_sent: 200,
  snd_wnd: 228,
  rcv_wnd: 232,
};
/** TCPI_OPT_TIMESTAMPS, _SACK, _WSCALE. */
const TCPI_OPTIONS = 7;
/** Both windows are scaled by ten bits. */
const WSCALE = 0xaa;
const LOOPBACK_ADVMSS = LOOPBACK_MTU - 52;
const TCP_INIT_CWND = 10;
const TCP_INFINITE_SSTHRESH = 0x7fffffff;
const TCP_FASTRETRANS_THRESH = 3;
/** A round trip on lo in microseconds, and the time that a segment gets before it is sent again. */
const RTT_US = 25;
const RTO_US = 204_000;
const TCP_TIMEOUT_INIT_US = 1_000_000;

function put_connection(raw: Uint8Array, sk: TcpSock): void {
  const { peer } = sk;
  const unsent = peer === null ? 0 : tcp_unsent(peer);
  raw[tcpi.options] = TCPI_OPTIONS;
  raw[tcpi.wscale] = WSCALE;
  put_u32(raw, tcpi.rto, RTO_US);
  put_u32(raw, tcpi.rcv_mss, TCP_MSS_DEFAULT);
  put_u32(raw, tcpi.pmtu, LOOPBACK_MTU);
  put_u32(raw, tcpi.rcv_ssthresh, LOOPBACK_MTU - 40);
  put_u32(raw, tcpi.rtt, RTT_US);
  put_u32(raw, tcpi.rttvar, RTT_US >> 1);
  put_u32(raw, tcpi.advmss, LOOPBACK_ADVMSS);
  put_u32(raw, tcpi.rcv_space, LOOPBACK_MTU - 40);
  put_u32(raw, tcpi.min_rtt, RTT_US);
  // The SYN counts as a byte.
  put_u64(raw, tcpi.bytes_acked, sk.bytes_sent - unsent + 1);
  put_u64(raw, tcpi.bytes_received, sk.bytes_received);
  put_u64(raw, tcpi.bytes_sent, sk.bytes_sent - unsent);
  put_u32(raw, tcpi.notsent_bytes, unsent);
  put_u32(raw, tcpi.snd_wnd, LOOPBACK_ADVMSS);
  put_u32(raw, tcpi.rcv_wnd, LOOPBACK_MTU + 1);
}

/** DEVIATION: nothing of segments and little of times; of a listener the queue and its limit, as in Linux. */
export function tcp_get_info(sk: TcpSock): Uint8Array {
  const raw = new Uint8Array(TCP_INFO_SIZE);
  raw[tcpi.state] = sk.sk_state;
  const rate = sk.sk_opts?.get((SOL_SOCKET << 16) | SO_MAX_PACING_RATE);
  if (rate === undefined) raw.fill(0xff, tcpi.max_pacing_rate, tcpi.max_pacing_rate + 8);
  else put_u64(raw, tcpi.max_pacing_rate, rate);
  put_u32(raw, tcpi.reordering, TCP_FASTRETRANS_THRESH);
  put_u32(raw, tcpi.snd_cwnd, TCP_INIT_CWND);
  if (sk.sk_state === TCP_LISTEN) {
    put_u32(raw, tcpi.unacked, fifo_len(sk.accept_queue!));
    put_u32(raw, tcpi.sacked, sk.max_ack_backlog);
    return raw;
  }
  raw[tcpi.app_limited] = 1;
  put_u32(raw, tcpi.snd_mss, show_mss(sk));
  put_u32(raw, tcpi.snd_ssthresh, TCP_INFINITE_SSTHRESH);
  if (sk.sk_state !== TCP_CLOSE) put_connection(raw, sk);
  else {
    put_u32(raw, tcpi.rto, TCP_TIMEOUT_INIT_US);
    put_u32(raw, tcpi.rttvar, TCP_TIMEOUT_INIT_US >> 2);
  }
  return raw;
}
