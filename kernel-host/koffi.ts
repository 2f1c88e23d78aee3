/** The package koffi as a driver: https://koffi.dev. */
import { createRequire } from 'node:module';
import type { Driver } from './driver.js';

type CFunction = ((...args: number[]) => number | bigint) & {
  async(...args: (number | ((error: unknown, result: number) => void))[]): void;
};

/** What of koffi is used here. */
interface Koffi {
  load(path: string): { func(name: string, result: string, args: readonly string[]): CFunction };
  errno(): number;
  address(bytes: Uint8Array): bigint;
  view(address: bigint, size: number): ArrayBuffer;
}

/** Numbers up to here are exact. */
const EXACT = 2 ** 53;

/** A register from a number of any size: modulo 2^64, as a processor has it. */
function register(x: number): number | bigint {
  return Math.abs(x) <= EXACT || !Number.isFinite(x) ? x : BigInt.asIntN(64, BigInt(Math.trunc(x)));
}

/** The library of glibc, and the one of musl. */
const LIBRARIES = ['libc.so.6', 'libc.so'];

function load_libc(koffi: Koffi): ReturnType<Koffi['load']> {
  for (const name of LIBRARIES) {
    try {
      return koffi.load(name);
    } catch {
      // Not this C library: the next one.
    }
  }
  throw new Error(`there is no C library of the names ${LIBRARIES.join(', ')}`);
}

/** Null: the package is not installed. */
export function koffi_driver(): Driver | null {
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw new Error('the package koffi is installed, but cannot be loaded', { cause: error });
  }
  const libc = load_libc(koffi);
  const long = (n: number): string[] => new Array<string>(n).fill('long');
  const syscall = libc.func('syscall', 'long', long(7));
  const epoll_wait = libc.func('epoll_wait', 'int', long(4));
  return {
    name: 'koffi',
    syscall(nr, a1, a2, a3, a4, a5, a6) {
      const ret =
        a1 <= EXACT && a2 <= EXACT && a3 <= EXACT && a4 <= EXACT && a5 <= EXACT && a6 <= EXACT
          ? syscall(nr, a1, a2, a3, a4, a5, a6)
          : syscall(nr, ...([a1, a2, a3, a4, a5, a6].map(register) as number[]));
      return ret === -1 ? -koffi.errno() : Number(ret);
    },
    epoll_wait_in_thread(epfd, events, max, done) {
      epoll_wait.async(epfd, events, max, -1, (error, n) => done(error === null || error === undefined ? n : -1));
    },
    // koffi asks V8 for the array's buffer, which takes a small array off the heap that is collected: it does not move any more.
    address: (bytes) => Number(koffi.address(bytes)),
    view: (address, size) => new Uint8Array(koffi.view(BigInt(address), size)),
    func(name, args) {
      try {
        return libc.func(name, 'int', long(args)) as (...args: number[]) => number;
      } catch {
        return null;
      }
    },
  };
}
