/** Options of the header of IPv4 that a socket sends: checked and read back (net/ipv4/ip_options.c). */
import type { Task } from '../../include/linux/sched.js';
import { EINVAL } from '../../include/uapi/errno.js';
import { capable } from '../../kernel/capability.js';

const IPOPT_END = 0;
const IPOPT_NOOP = 1;
const IPOPT_RR = 7;
const IPOPT_TIMESTAMP = 68;
const IPOPT_LSRR = 131;
const IPOPT_SSRR = 137;
const IPOPT_RA = 148;
/** The most that a header has room for. */
const MAX_IPOPTLEN = 40;
/** IPOPT_TS_TSONLY, _TSANDADDR, _PRESPEC: bytes of one entry. */
const TS_ENTRY: Readonly<Record<number, number>> = { 0: 4, 1: 8, 3: 8 };

interface Seen {
  readonly kinds: Set<number>;
  readonly privileged: boolean;
}

/** Route and time options may stand there once, and say at which byte the next entry goes. */
function check_pointer(opt: Uint8Array, kind: number, seen: Seen): boolean {
  const least = kind === IPOPT_TIMESTAMP ? 5 : 4;
  const len = opt.length;
  if (seen.kinds.has(kind) || len < 3 || opt[2]! < least) return false;
  seen.kinds.add(kind);
  if (opt[2]! > len) return true;
  const entry = kind === IPOPT_TIMESTAMP ? TS_ENTRY[opt[3]! & 0xf] : 4;
  return entry === undefined ? seen.privileged : opt[2]! + entry - 1 <= len;
}

/** A way that the program prescribes: whole addresses, of which the first is the next. */
function check_route(opt: Uint8Array, seen: Seen): boolean {
  const len = opt.length;
  if (seen.kinds.has(IPOPT_LSRR) || opt[2] !== 4 || len < 7 || ((len - 3) & 3) !== 0) return false;
  seen.kinds.add(IPOPT_LSRR);
  return true;
}

function check_option(opt: Uint8Array, seen: Seen): boolean {
  switch (opt[0]) {
    case IPOPT_SSRR:
    case IPOPT_LSRR:
      return check_route(opt, seen);
    case IPOPT_RR:
    case IPOPT_TIMESTAMP:
      return check_pointer(opt, opt[0], seen);
    case IPOPT_RA:
      return opt.length >= 4;
    default:
      return seen.privileged;
  }
}

/**
 * The bytes of IP_OPTIONS, filled up to whole words: -EINVAL (too many, or one is malformed, or only root may send it).
 * Linux: ip_options_get, __ip_options_compile.
 */
export function ip_options_get(task: Task, optval: Uint8Array): Uint8Array | number {
  if (optval.length > MAX_IPOPTLEN) return -EINVAL;
  const data = new Uint8Array((optval.length + 3) & ~3);
  data.set(optval);
  const seen: Seen = { kinds: new Set(), privileged: capable(task.cred) };
  for (let at = 0; at < data.length;) {
    const kind = data[at];
    if (kind === IPOPT_END) {
      data.fill(IPOPT_END, at);
      break;
    }
    const len = kind === IPOPT_NOOP ? 1 : (data[at + 1] ?? 0);
    if (kind !== IPOPT_NOOP && (len < 2 || len > data.length - at)) return -EINVAL;
    if (kind !== IPOPT_NOOP && !check_option(data.subarray(at, at + len), seen)) return -EINVAL;
    at += len;
  }
  return data;
}
