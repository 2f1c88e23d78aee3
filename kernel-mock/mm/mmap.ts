/** Address spaces: a table of areas, each backed by an array of the program (mm/mmap.c). */
import type { Area, Bytes, Mm } from '../include/linux/mm.js';
import type { UserMemory } from '../include/uapi/seam.js';

/** Areas start at multiples of this, so that a table look-up finds them. */
const SLOT = 65536;
const SLOT_SHIFT = 16;
const NO_BYTES = new Uint8Array(0);

/** A new, empty address space. `junk`: fill byte of fresh memory, undefined for zeros. */
export function mm_alloc(junk: number | undefined): Mm {
  const mm: Mm = {
    areas: [],
    free: null,
    free1: null,
    brk: 1,
    live: 0,
    users: 1,
    futexes: null,
    exe_file: null,
    user: undefined as unknown as UserMemory,
  };
  (mm as { user: UserMemory }).user = new ProcessMemory(mm, junk);
  return mm;
}

/** The view that the process has. A class: every process has one, and closures would be three objects more. */
class ProcessMemory implements UserMemory {
  readonly junk: number | undefined;
  touch: ((word: number | string, write: boolean) => void) | null = null;
  readonly #mm: Mm;

  constructor(mm: Mm, junk: number | undefined) {
    this.#mm = mm;
    this.junk = junk;
  }

  map(bytes: Bytes): number {
    return do_mmap(this.#mm, bytes);
  }

  unmap(address: number): void {
    do_munmap(this.#mm, address);
  }

  bytes(address: number): Bytes | undefined {
    const area = find_vma(this.#mm, address, 1);
    return area === null ? undefined : area.bytes.subarray(address - area.start);
  }
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
    const bytes = from.bytes === NO_BYTES ? NO_BYTES : new Uint8Array(from.bytes);
    const area: Area = { start, bytes, view: null, slots, next: null };
    for (let i = 0; i < slots; i++) mm.areas[slot + i] = area;
    if (area.bytes === NO_BYTES) put_free(mm, area);
    slot += slots;
  }
  return mm;
}

/** The last task has left: nothing is mapped any more. */
export function exit_mmap(mm: Mm): void {
  mm.areas = [];
  mm.free = null;
  mm.free1 = null;
  mm.live = 0;
}

/** Put an unmapped area into the list of its size. */
function put_free(mm: Mm, area: Area): void {
  if (area.slots === 1) {
    area.next = mm.free1;
    mm.free1 = area;
    return;
  }
  mm.free ??= new Map();
  area.next = mm.free.get(area.slots) ?? null;
  mm.free.set(area.slots, area);
}

/** An area of `slots` where none was before. */
function new_area(mm: Mm, slots: number): Area {
  const area: Area = { start: mm.brk * SLOT, bytes: NO_BYTES, view: null, slots, next: null };
  for (let i = 0; i < slots; i++) mm.areas[mm.brk + i] = area;
  mm.brk += slots;
  return area;
}

/** An unmapped area of one slot. */
function get_free1(mm: Mm): Area {
  const area = mm.free1;
  if (area === null) return new_area(mm, 1);
  mm.free1 = area.next;
  return area;
}

/** One of several slots. */
function get_free(mm: Mm, slots: number): Area {
  const area = mm.free?.get(slots) ?? null;
  if (area === null) return new_area(mm, slots);
  if (area.next === null) mm.free!.delete(slots);
  else mm.free!.set(slots, area.next);
  return area;
}

/** Map `bytes` where no area is; an area that was unmapped is used again first. */
export function do_mmap(mm: Mm, bytes: Bytes): number {
  const area = bytes.length < SLOT ? get_free1(mm) : get_free(mm, Math.floor(bytes.length / SLOT) + 1);
  area.bytes = bytes;
  mm.live++;
  return area.start;
}

export function do_munmap(mm: Mm, start: number): void {
  const area = mm.areas[start === (start | 0) ? start >>> SLOT_SHIFT : start / SLOT];
  if (area === undefined || area.start !== start || area.bytes === NO_BYTES) return;
  area.bytes = NO_BYTES;
  area.view = null;
  mm.live--;
  put_free(mm, area);
}

/**
 * The area that holds all of `len` bytes from `ptr` on, or null: unmapped, wrapping and half-mapped ranges, and numbers
 * that are no address at all. The offset of the first byte is `ptr - area.start`.
 */
export function find_vma(mm: Mm, ptr: number, len: number): Area | null {
  // A division of doubles takes longer than all the rest.
  if (ptr !== (ptr | 0)) return find_vma_wide(mm, ptr, len);
  const area = mm.areas[ptr >>> SLOT_SHIFT];
  return area !== undefined && has_range(area, ptr - area.start, len) ? area : null;
}

function has_range(area: Area, offset: number, len: number): boolean {
  return offset >= 0 && offset + len <= area.bytes.length;
}

/** The same for a number that is no 32-bit integer. */
function find_vma_wide(mm: Mm, ptr: number, len: number): Area | null {
  const area = mm.areas[Math.floor(ptr / SLOT)];
  return area !== undefined && Number.isInteger(ptr) && has_range(area, ptr - area.start, len) ? area : null;
}

/** A 64-bit field, as get_u64 reads it. */
export function view_u64(view: DataView, o: number): number {
  const hi = view.getUint32(o + 4, true);
  const lo = view.getUint32(o, true);
  return hi === 0 ? lo : lo + hi * 0x1_0000_0000;
}

/** The bytes of an area that stays, such as a stack, for many wide fields at once: a third of the time of single bytes. */
export function area_view(area: Area): DataView {
  if (area.view !== null) return area.view;
  const { bytes } = area;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // Not kept of a buffer that the program can resize: a view of its old size would throw.
  if ((bytes.buffer as { resizable?: boolean }).resizable !== true) area.view = view;
  return view;
}
