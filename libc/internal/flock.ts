/** struct flock and struct f_owner_ex: objects of the program, bytes of the ABI. */
import { get_s32, get_s64, get_u16, put_u16, put_u32, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';

const FLOCK = layout_x86_64.flock;
const EX = layout_x86_64.f_owner_ex;

/** A record lock. What is missing is 0. */
export interface Flock {
  /** F_RDLCK, F_WRLCK, F_UNLCK. */
  l_type?: number;
  /** SEEK_SET, SEEK_CUR, SEEK_END. */
  l_whence?: number;
  l_start?: number;
  /** 0: to the end of the file. */
  l_len?: number;
  l_pid?: number;
}

/** Who is told about a file. */
export interface FOwnerEx {
  /** F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP. */
  type: number;
  pid: number;
}

export type FcntlArg = Flock | FOwnerEx;

export function encode_fcntl(arg: FcntlArg): Uint8Array {
  if ('type' in arg) {
    const raw = new Uint8Array(EX.size);
    put_u32(raw, EX.type, arg.type);
    put_u32(raw, EX.pid, arg.pid);
    return raw;
  }
  const raw = new Uint8Array(FLOCK.size);
  put_u16(raw, FLOCK.l_type, arg.l_type ?? 0);
  put_u16(raw, FLOCK.l_whence, arg.l_whence ?? 0);
  put_u64(raw, FLOCK.l_start, arg.l_start ?? 0);
  put_u64(raw, FLOCK.l_len, arg.l_len ?? 0);
  put_u32(raw, FLOCK.l_pid, arg.l_pid ?? 0);
  return raw;
}

/** Put what the kernel left in `raw` into the program's object. */
export function decode_fcntl(raw: Uint8Array, arg: FcntlArg): void {
  if ('type' in arg) {
    arg.type = get_s32(raw, EX.type);
    arg.pid = get_s32(raw, EX.pid);
    return;
  }
  arg.l_type = get_u16(raw, FLOCK.l_type);
  arg.l_whence = get_u16(raw, FLOCK.l_whence);
  arg.l_start = get_s64(raw, FLOCK.l_start);
  arg.l_len = get_s64(raw, FLOCK.l_len);
  arg.l_pid = get_s32(raw, FLOCK.l_pid);
}
