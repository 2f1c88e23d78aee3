/** Address spaces: include/linux/mm_types.h, uio.h. */

import type { UserMemory } from '../uapi/seam.js';
import type { OpenFile } from './fs.js';
import type { WaitQueueHead } from './wait.js';

/** An array whose bytes no other thread of the host can change behind our back. */
export type Bytes = Uint8Array;

/** A piece of user memory. Never adjacent to another: a range that leaves it is a bad range. */
export interface Area {
  readonly start: number;
  /** What the program mapped; empty after unmap. */
  bytes: Bytes;
  /** The same bytes, made when somebody first reads wide fields: see `area_view`. */
  view: DataView | null;
  /** 64 KiB slots that it covers in the table, at least one byte more than `bytes` needs. */
  readonly slots: number;
  /** While it is unmapped: the next one of its size that is. */
  next: Area | null;
}

export interface Mm {
  /** Area by address / 65536; slot 0 is never mapped, so that a null pointer faults. */
  areas: (Area | undefined)[];
  /** Areas that were unmapped, ready for reuse, a list for each number of slots; null until there is one of several slots. */
  free: Map<number, Area> | null;
  /** The list for one slot, which nearly every call uses. */
  free1: Area | null;
  /** First slot that was never used. */
  brk: number;
  /** Mapped areas that are in use. */
  live: number;
  /** Tasks that run in this address space. */
  users: number;
  /** Sleepers of FUTEX_WAIT by address; null until the first. */
  futexes: Map<number, WaitQueueHead> | null;
  /** The program's file, which nobody may write to while it runs; null: the host passed a function. */
  exe_file: OpenFile | null;
  /** The view that the process itself has. */
  readonly user: UserMemory;
}

/** Where the data of a call stand in user memory: Linux's struct iov_iter over one range or over an iovec. */
export interface IovIter {
  /** Address of the next byte, and bytes left in this segment. */
  ptr: number;
  len: number;
  /** Bytes left in all segments. */
  count: number;
  /** Address and length of each further segment in turn; `next` indexes it. */
  segs: number[] | null;
  next: number;
  /** Where in the file (pread, pwrite); -1: at the file's own position, which moves on. */
  pos: number;
}
