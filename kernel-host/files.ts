/**
 * Which descriptors are the program's. It shares the table with the runtime, whose own descriptors it must not touch: what the
 * program has not made, and was not given as 0, 1 or 2, does not exist for it.
 */
import { S_IFBLK, S_IFDIR, S_IFMT, S_IFREG, S_IFSOCK } from '../kernel-mock/include/uapi/stat.js';
import { FD_CLOEXEC, F_GETFD, F_GETFL, F_SETFD, O_NONBLOCK } from '../kernel-mock/include/uapi/fcntl.js';
import { get_u32 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import type { Driver } from './driver.js';
import { Block } from './memory.js';

/** Not the program's. */
export const NOT_OURS = 0;
/** The program's; nobody has looked yet what it is. */
export const UNKNOWN = 1;
export const SOCKET = 2;
/** Files and directories: they never let anybody wait. */
export const FILE = 3;
/** Pipes, terminals, eventfd and its like. */
export const STREAM = 4;
/** A stream whose driver does not know RWF_NOWAIT when it is written to: eventfd. */
export const OLD_WRITE = 5;
/** One that does not know it at all. */
export const OLD_STREAM = 6;

export type Kind =
  typeof NOT_OURS | typeof UNKNOWN | typeof SOCKET | typeof FILE | typeof STREAM | typeof OLD_WRITE | typeof OLD_STREAM;

/** A call that lets others go first, and the descriptor that it goes on with. */
export interface Turn {
  readonly of: number;
  fd: number;
}

const STAT = layout_x86_64.stat;
const STDIO = 3;

export class Files {
  readonly #driver: Driver;
  readonly #kinds: Kind[] = [];
  readonly #stat: Block;
  /** The runtime may have set O_NONBLOCK on what we were given as 0, 1, 2: for the program they block until it says otherwise. */
  readonly #made_nonblocking = new Set<number>();

  constructor(driver: Driver) {
    this.#driver = driver;
    this.#stat = new Block(driver, STAT.size);
    for (let fd = 0; fd < STDIO; fd++) {
      const flags = this.#fcntl(fd, F_GETFL);
      if (flags < 0) continue;
      this.add(fd);
      if ((flags & O_NONBLOCK) !== 0) this.#made_nonblocking.add(fd);
      // Node marks them; a program that was started by a shell finds them open for its children.
      this.#fcntl(fd, F_SETFD, this.#fcntl(fd, F_GETFD) & ~FD_CLOEXEC);
    }
  }

  #fcntl(fd: number, cmd: number, arg = 0): number {
    return this.#driver.syscall(NR.fcntl, fd, cmd, arg, 0, 0, 0);
  }

  readonly #turns = new Set<Turn>();

  begin_turn(fd: number): Turn {
    const turn = { of: fd, fd };
    this.#turns.add(turn);
    return turn;
  }

  end_turn(turn: Turn): void {
    this.#turns.delete(turn);
  }

  /** `fd` is about to be closed: whose turn is not over goes on with a duplicate, made by `hold`. */
  will_close(fd: number, hold: (fd: number) => number): void {
    for (const turn of this.#turns) if (turn.of === fd && turn.fd === fd) turn.fd = hold(fd);
  }

  /** The program has made, or was sent, descriptor `fd`. */
  add(fd: number, kind: Kind = UNKNOWN): void {
    while (this.#kinds.length <= fd) this.#kinds.push(NOT_OURS);
    this.#kinds[fd] = kind;
    this.#made_nonblocking.delete(fd);
  }

  remove(fd: number): void {
    if (fd < this.#kinds.length) this.#kinds[fd] = NOT_OURS;
    this.#made_nonblocking.delete(fd);
  }

  /** Negative numbers mean something to many calls, and are nobody's. */
  may_use(fd: number): boolean {
    return fd < 0 || (this.#kinds[fd] ?? NOT_OURS) !== NOT_OURS;
  }

  /** Is it open, but not the program's? */
  is_foreign(fd: number): boolean {
    return !this.may_use(fd) && this.#fcntl(fd, F_GETFD) >= 0;
  }

  kind(fd: number): Kind {
    const kind = this.#kinds[fd] ?? NOT_OURS;
    return kind === UNKNOWN ? this.#look(fd) : kind;
  }

  set_kind(fd: number, kind: Kind): void {
    this.#kinds[fd] = kind;
  }

  #look(fd: number): Kind {
    if (this.#driver.syscall(NR.fstat, fd, this.#stat.address, 0, 0, 0, 0) < 0) return UNKNOWN;
    const type = get_u32(this.#stat.bytes, STAT.st_mode) & S_IFMT;
    let kind: Kind = STREAM;
    if (type === S_IFSOCK) kind = SOCKET;
    else if (type === S_IFREG || type === S_IFDIR || type === S_IFBLK) kind = FILE;
    this.#kinds[fd] = kind;
    return kind;
  }

  /** Has the program asked for EAGAIN instead of sleeping? */
  is_nonblocking(fd: number): boolean {
    const flags = this.#fcntl(fd, F_GETFL);
    return (flags & O_NONBLOCK) !== 0 && !this.#made_nonblocking.has(fd);
  }

  /** The program has set the file's flags itself. */
  forget_made_nonblocking(fd: number): void {
    this.#made_nonblocking.delete(fd);
  }

  /** All, the lowest first. */
  all(): number[] {
    return [...this.#kinds.keys()].filter((fd) => this.#kinds[fd] !== NOT_OURS);
  }

  /** The end of the program: what it has made is closed. */
  close_all(): void {
    for (const fd of this.all()) {
      if (fd >= STDIO) this.#driver.syscall(NR.close, fd, 0, 0, 0, 0, 0);
      this.remove(fd);
    }
  }
}
