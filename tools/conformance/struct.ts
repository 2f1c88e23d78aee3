/** The C structures that cases name: their fields, to bytes and back. Offsets are those of the ABI. */
import { type Layout, layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { evaluate_number } from './expression.js';
import { type Fields, Malformed, type Scope, is_object, show } from './value.js';

type FieldType = 's16' | 's32' | 'u32' | 's64' | 'u64';

export const STRUCTS = {
  timeval: { tv_sec: 's64', tv_usec: 's64' },
  timespec: { tv_sec: 's64', tv_nsec: 's64' },
  flock: { l_type: 's16', l_whence: 's16', l_start: 's64', l_len: 's64', l_pid: 's32' },
  f_owner_ex: { type: 's32', pid: 's32' },
  linger: { l_onoff: 's32', l_linger: 's32' },
  ucred: { pid: 's32', uid: 'u32', gid: 'u32' },
  epoll_event: { events: 'u32', data: 'u64' },
  rlimit: { rlim_cur: 'u64', rlim_max: 'u64' },
  stat: {
    st_dev: 'u64',
    st_ino: 'u64',
    st_nlink: 'u64',
    st_mode: 'u32',
    st_uid: 'u32',
    st_gid: 'u32',
    st_rdev: 'u64',
    st_size: 's64',
  },
  siginfo: { si_signo: 's32', si_errno: 's32', si_code: 's32', si_pid: 's32', si_uid: 'u32', si_status: 's32' },
  signalfd_siginfo: {
    ssi_signo: 'u32',
    ssi_errno: 's32',
    ssi_code: 's32',
    ssi_pid: 'u32',
    ssi_uid: 'u32',
    ssi_fd: 's32',
    ssi_tid: 'u32',
    ssi_band: 'u32',
    ssi_overrun: 'u32',
    ssi_trapno: 'u32',
    ssi_status: 's32',
    ssi_int: 's32',
    ssi_ptr: 'u64',
  },
} as const satisfies Partial<Record<keyof Layout, Readonly<Record<string, FieldType>>>>;

export type StructName = keyof typeof STRUCTS | 'itimerspec';

/** Fields that are structures themselves. */
const TIMES = ['it_interval', 'it_value'] as const;

export function is_struct(name: unknown): name is StructName {
  return typeof name === 'string' && (name === 'itimerspec' || Object.hasOwn(STRUCTS, name));
}

export function struct_size(name: StructName): number {
  return layout_x86_64[name].size;
}

export function struct_fields(name: StructName): string[] {
  return name === 'itimerspec' ? [...TIMES] : Object.keys(STRUCTS[name]);
}

export function field_offset(name: keyof typeof STRUCTS, field: string): number {
  const offsets: Readonly<Record<string, number>> = layout_x86_64[name];
  return offsets[field]!;
}

function view_of(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Store a number, cut to the width of the field. */
export function put(bytes: Uint8Array, at: number, type: FieldType | 'u16', v: bigint): void {
  const view = view_of(bytes);
  if (type === 's16' || type === 'u16') view.setUint16(at, Number(BigInt.asUintN(16, v)), true);
  else if (type === 's32' || type === 'u32') view.setUint32(at, Number(BigInt.asUintN(32, v)), true);
  else view.setBigUint64(at, BigInt.asUintN(64, v), true);
}

export function get(bytes: Uint8Array, at: number, type: FieldType | 'u16'): bigint {
  const view = view_of(bytes);
  switch (type) {
    case 's16':
      return BigInt(view.getInt16(at, true));
    case 'u16':
      return BigInt(view.getUint16(at, true));
    case 's32':
      return BigInt(view.getInt32(at, true));
    case 'u32':
      return BigInt(view.getUint32(at, true));
    case 's64':
      return view.getBigInt64(at, true);
    default:
      return view.getBigUint64(at, true);
  }
}

/** Write the fields that `from` names to `bytes`; keys of `beside` are none of the structure's. */
export function pack_struct(
  name: StructName,
  from: Record<string, unknown>,
  scope: Scope,
  bytes: Uint8Array,
  beside: readonly string[] = [],
): void {
  const fields = struct_fields(name);
  const extra = Object.keys(from).filter((key) => !fields.includes(key) && !beside.includes(key));
  if (extra.length > 0) throw new Malformed(`struct ${name} has no ${extra.join(', ')}`);
  if (name === 'itimerspec') {
    for (const field of TIMES) {
      const time = from[field] ?? {};
      if (!is_object(time)) throw new Malformed(`${field} is no object: ${show(time)}`);
      pack_struct('timespec', time, scope, bytes.subarray(layout_x86_64.itimerspec[field]));
    }
    return;
  }
  for (const [field, type] of Object.entries<FieldType>(STRUCTS[name]))
    if (field in from) put(bytes, field_offset(name, field), type, evaluate_number(from[field], scope));
}

export function unpack_struct(name: StructName, bytes: Uint8Array): Fields {
  if (name === 'itimerspec')
    return Object.fromEntries(
      TIMES.map((field) => [field, unpack_struct('timespec', bytes.subarray(layout_x86_64.itimerspec[field]))]),
    );
  return Object.fromEntries(
    Object.entries<FieldType>(STRUCTS[name]).map(([field, type]) => [
      field,
      get(bytes, field_offset(name, field), type),
    ]),
  );
}
