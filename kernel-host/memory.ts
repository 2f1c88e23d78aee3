/** User memory on the host: the very bytes of the program's arrays, held where they are for the length of a call. */
import type { UserMemory } from '../kernel-mock/include/uapi/seam.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import { put_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import type { Driver } from './driver.js';

const IOVEC = layout_x86_64.iovec;

/** An array is mapped as long as it is in here: that is also what keeps it alive. */
export class HostMemory implements UserMemory {
  readonly junk = undefined;
  readonly #driver: Driver;
  /** By address: what is mapped there, the last last. Two views of one buffer can begin at the same byte. */
  readonly #mapped = new Map<number, Uint8Array | Uint8Array[]>();
  /** An array without bytes is nowhere; a pointer to it is no null pointer. */
  readonly #nowhere: number;
  readonly #empty = new Uint8Array(8);
  readonly #iov = new Uint8Array(2 * IOVEC.size);
  readonly #iov_address: number;

  constructor(driver: Driver) {
    this.#driver = driver;
    this.#nowhere = driver.address(this.#empty);
    this.#iov_address = driver.address(this.#iov);
  }

  map(bytes: Uint8Array): number {
    const address = bytes.length === 0 ? this.#nowhere : this.#driver.address(bytes);
    const there = this.#mapped.get(address);
    if (there === undefined) this.#mapped.set(address, bytes);
    else if (Array.isArray(there)) there.push(bytes);
    else this.#mapped.set(address, [there, bytes]);
    return address;
  }

  // DEVIATION: the memory is real and stays readable; a kernel answers -EFAULT only for what was never mapped.
  unmap(address: number): void {
    const there = this.#mapped.get(address);
    if (!Array.isArray(there) || there.length === 1) this.#mapped.delete(address);
    else there.pop();
  }

  bytes(address: number): Uint8Array | undefined {
    const there = this.#mapped.get(address);
    return Array.isArray(there) ? there.at(-1) : there;
  }

  /** Arrays that are held at present. */
  get size(): number {
    return this.#mapped.size;
  }

  #transfer(nr: number, bytes: Uint8Array, address: number): number {
    const local = this.#driver.address(bytes);
    put_u64(this.#iov, IOVEC.iov_base, local);
    put_u64(this.#iov, IOVEC.iov_len, bytes.length);
    put_u64(this.#iov, IOVEC.size + IOVEC.iov_base, address);
    put_u64(this.#iov, IOVEC.size + IOVEC.iov_len, bytes.length);
    return this.#driver.syscall(nr, process.pid, this.#iov_address, 1, this.#iov_address + IOVEC.size, 1, 0);
  }

  /** copy_from_user: a whole structure, or undefined where there is none. The kernel looks, so that a bad pointer does no harm. */
  read(address: number, size: number): Uint8Array | undefined {
    const bytes = new Uint8Array(size);
    return size === 0 || this.#transfer(NR.process_vm_readv, bytes, address) === size ? bytes : undefined;
  }

  /** copy_to_user: false for a bad pointer. */
  write(address: number, bytes: Uint8Array): boolean {
    return bytes.length === 0 || this.#transfer(NR.process_vm_writev, bytes, address) === bytes.length;
  }
}

/** A few bytes of our own whose address is known: for arguments that calls are made with. */
export class Block {
  readonly bytes: Uint8Array;
  readonly address: number;

  constructor(driver: Driver, size: number) {
    this.bytes = new Uint8Array(size);
    this.address = driver.address(this.bytes);
  }
}
