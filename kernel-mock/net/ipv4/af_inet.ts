/** AF_INET (net/ipv4/af_inet.c): TCP and UDP over the loopback interface. */
import type { NetProtoFamily } from '../../include/linux/net.js';
import { EPROTONOSUPPORT, ESOCKTNOSUPPORT } from '../../include/uapi/errno.js';
import { IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP } from '../../include/uapi/in.js';
import { AF_INET, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM } from '../../include/uapi/socket.js';
import { sock_graft } from '../core/sock.js';
import { inet_stream_ops } from './tcp.js';
import { TcpSock } from './tcp_sock.js';
import { UdpSock, inet_dgram_ops } from './udp.js';

/**
 * The types with their protocols: -ESOCKTNOSUPPORT (type), -EPROTONOSUPPORT (protocol). Linux: inet_create.
 *
 * DEVIATION: raw sockets are -EPROTONOSUPPORT with any protocol.
 */
export const inet_family_ops: NetProtoFamily = {
  family: AF_INET,
  create(kernel, sock, protocol) {
    switch (sock.type) {
      case SOCK_STREAM:
        if (protocol !== IPPROTO_IP && protocol !== IPPROTO_TCP) return -EPROTONOSUPPORT;
        sock.ops = inet_stream_ops;
        sock_graft(new TcpSock(kernel), sock);
        return 0;
      case SOCK_DGRAM:
        if (protocol !== IPPROTO_IP && protocol !== IPPROTO_UDP) return -EPROTONOSUPPORT;
        sock.ops = inet_dgram_ops;
        sock_graft(new UdpSock(kernel, AF_INET, SOCK_DGRAM, IPPROTO_UDP), sock);
        return 0;
      case SOCK_RAW:
        return -EPROTONOSUPPORT;
      default:
        return -ESOCKTNOSUPPORT;
    }
  },
};
