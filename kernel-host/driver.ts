/** What a foreign function interface must offer so that a kernel can stand on it. */
import { koffi_driver } from './koffi.js';

export interface Driver {
  /** For people. */
  readonly name: string;
  /** syscall(2): number and six registers; the value, or -errno. */
  syscall(nr: number, a1: number, a2: number, a3: number, a4: number, a5: number, a6: number): number;
  /** epoll_wait(2) without a limit of time in a thread of the runtime: `done` is told the number of events, or a negative number. */
  epoll_wait_in_thread(epfd: number, events: number, max: number, done: (n: number) => void): void;
  /** Where the bytes of `bytes` are. They stay there as long as the array lives. */
  address(bytes: Uint8Array): number;
  /** The `size` bytes at `address`, which is good. */
  view(address: number, size: number): Uint8Array;
  /** A function of the C library that takes `args` words and answers with an int; null: it has none of that name. */
  func(name: string, args: number): ((...args: number[]) => number) | null;
}

/** The drivers there are, the best first: each answers with itself, or null where its package or runtime is not there. */
const drivers: readonly (() => Driver | null)[] = [koffi_driver];

const WHERE = 'x64 linux';

/** @throws Error that says what is missing, and what to do about it */
export function load_driver(here = `${process.arch} ${process.platform}`): Driver {
  if (here !== WHERE)
    throw new Error(`the host kernel needs Linux on x86-64, and this is ${here}; a mock kernel runs anywhere`);
  for (const load of drivers) {
    const driver = load();
    if (driver !== null) return driver;
  }
  throw new Error('the host kernel needs a way to call C: npm install koffi');
}
