/** The struct msghdr of a case as the object that the library takes. */
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import type { MMsgHdr } from '../../libc/index.js';
import type { Block } from './marshal.js';
import { get, put } from './struct.js';

const { iovec: IOVEC, msghdr: MSGHDR } = layout_x86_64;

export interface Message {
  readonly msg: MMsgHdr;
  /** Write into the header what the call has put into the object. */
  readonly back: () => void;
}

function pointer(b: Block, at: number): Block | null {
  return b.pointers.find(([offset]) => offset === at)?.[1] ?? null;
}

/** The buffers of a vector whose lengths are true; null: they are not. */
function buffers(vector: Block | null, n: bigint): (Uint8Array | null)[] | null {
  if (n > BigInt(vector === null ? 0 : vector.size / IOVEC.size)) return null;
  const list: (Uint8Array | null)[] = [];
  for (let i = 0; i < Number(n); i++) {
    const base = pointer(vector!, i * IOVEC.size + IOVEC.iov_base);
    const len = get(vector!.bytes, i * IOVEC.size + IOVEC.iov_len, 'u64');
    if (len > BigInt(base === null ? 0 : base.bytes.length)) return null;
    list.push(base === null ? null : base.bytes.subarray(0, Number(len)));
  }
  return list;
}

/** The message whose header stands at `at` of `b`; null: the object cannot say what it says. */
export function message(b: Block, at: number): Message | null {
  const name = pointer(b, at + MSGHDR.msg_name);
  const control = pointer(b, at + MSGHDR.msg_control);
  const iov = buffers(pointer(b, at + MSGHDR.msg_iov), get(b.bytes, at + MSGHDR.msg_iovlen, 'u64'));
  const controllen = get(b.bytes, at + MSGHDR.msg_controllen, 'u64');
  const namelen = get(b.bytes, at + MSGHDR.msg_namelen, 's32');
  if (iov === null || get(b.bytes, at + MSGHDR.msg_flags, 's32') !== 0n) return null;
  if (controllen > BigInt(control === null ? 0 : control.bytes.length) || (name === null && namelen !== 0n))
    return null;
  const msg: MMsgHdr = {
    name: name === null ? null : name.bytes,
    iov,
    control: control === null ? null : control.bytes,
    ...(name === null ? {} : { namelen: Number(namelen) }),
    ...(control === null ? {} : { controllen: Number(controllen) }),
  };
  const back = (): void => {
    if (msg.flags === undefined) return;
    put(b.bytes, at + MSGHDR.msg_flags, 's32', BigInt(msg.flags));
    put(b.bytes, at + MSGHDR.msg_controllen, 'u64', BigInt(msg.controllen ?? 0));
    put(b.bytes, at + MSGHDR.msg_namelen, 'u32', BigInt(msg.namelen ?? 0));
  };
  return { msg, back };
}
