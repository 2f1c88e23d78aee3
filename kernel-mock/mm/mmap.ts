/** Address spaces: a table of areas, each backed by an array of the program (mm/mmap.c). */
import type { Area, Bytes, Mm } from '../include/linux/mm.js';

/** Areas start at multiples of this, so that a table look-up finds them. */
const SLOT = 65536;
const NO_BYTES = new Uint8Array(0);

/** A new, empty address space. `junk`: fill byte of fresh memory, undefined for zeros. */
export function mm_alloc(junk: number | undefined): Mm {
  const mm: Mm = {
    areas: [],
    free: new Map(),
    free1: [],
    brk: 1,
    live: 0,
    users: 1,
    futexes: null,
    user: {
      junk,
      map: (bytes) => do_mmap(mm, bytes),
      unmap: (address) => {
        do_munmap(mm, address);
      },
      bytes: (address) => {
        const area = find_vma(mm, address, 1);
        return area === null ? undefined : area.bytes.subarray(address - area.start);
      },
    },
  };
  return mm;
}

/** A copy of every area at the same addresses: what fork gives the child. */
export function dup_mm(old: Mm): Mm {
  const mm = mm_alloc(old.user.junk);
  mm.brk = old.brk;
  mm.live = old.live;
  for (let slot = 1; slot < old.areas.length;) {
    const from = old.areas[slot]!;
    const { start, slots } = from;
    // Not slice(): a Buffer's is a view of the same bytes.
    const area: Area = { start, slots, bytes: from.bytes === NO_BYTES ? NO_BYTES : new Uint8Array(from.bytes) };
    for (let i = 0; i < slots; i++) mm.areas[slot + i] = area;
    if (area.bytes === NO_BYTES) free_list(mm, slots).push(area);
    slot += slots;
  }
  return mm;
}

/** The last task has left: nothing is mapped any more. */
export function exit_mmap(mm: Mm): void {
  mm.areas.length = 0;
  mm.free.clear();
  mm.free1.length = 0;
  mm.live = 0;
}

function free_list(mm: Mm, slots: number): Area[] {
  if (slots === 1) return mm.free1;
  let list = mm.free.get(slots);
  if (list === undefined) mm.free.set(slots, (list = []));
  return list;
}

/** Map `bytes` where no area is; an area that was unmapped is used again first. */
export function do_mmap(mm: Mm, bytes: Bytes): number {
  const slots = Math.floor(bytes.length / SLOT) + 1;
  let area = free_list(mm, slots).pop();
  if (area === undefined) {
    area = { start: mm.brk * SLOT, bytes: NO_BYTES, slots };
    for (let i = 0; i < slots; i++) mm.areas[mm.brk + i] = area;
    mm.brk += slots;
  }
  area.bytes = bytes;
  mm.live++;
  return area.start;
}

export function do_munmap(mm: Mm, start: number): void {
  const area = mm.areas[start / SLOT];
  if (area === undefined || area.start !== start || area.bytes === NO_BYTES) return;
  area.bytes = NO_BYTES;
  mm.live--;
  free_list(mm, area.slots).push(area);
}

/**
 * The area that holds all of `len` bytes from `ptr` on, or null: unmapped, wrapping and half-mapped ranges, and numbers
 * that are no address at all. The offset of the first byte is `ptr - area.start`.
 */
export function find_vma(mm: Mm, ptr: number, len: number): Area | null {
  const area = mm.areas[Math.floor(ptr / SLOT)];
  if (area === undefined || !(ptr - area.start + len <= area.bytes.length)) return null;
  return area;
}
