/** The host's side of time: include/linux/timekeeping.h. */

/** A clock that the kernel runs on instead of its virtual one. The kernel itself knows no host. */
export interface HostClock {
  /** Nanoseconds since any moment; never goes back. */
  now(): number;
  /** Nanoseconds since 1970, split in seconds and the rest. Default: the kernel's own epoch. */
  epoch?(): { sec: number; nsec: number };
  /** Call `func` once, in `ns` nanoseconds or a little later. Answers with what takes this back. */
  wait(ns: number, func: () => void): () => void;
}

/** struct timespec64: nanoseconds since 1970 are too many for one number. */
export interface Timespec64 {
  readonly sec: number;
  readonly nsec: number;
}
