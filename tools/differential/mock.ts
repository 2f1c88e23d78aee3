/** The same programs on the mock kernel: a guest without a C library, straight on the seam. */
import { DeadlockError, boot_kernel } from '../../kernel-mock/index.js';
import { F_GETFD, F_GETFL } from '../../kernel-mock/include/uapi/fcntl.js';
import { POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from '../../kernel-mock/include/uapi/poll.js';
import type { Cpu, Image } from '../../kernel-mock/include/uapi/seam.js';
import { NR, syscall_tbl } from '../../kernel-mock/include/uapi/unistd.js';
import {
  ARENA_SIZE,
  type Descriptor,
  MAX_FD,
  type Outcome,
  type Program,
  type Result,
  type Run,
  type Value,
} from './program.js';

const O_RDWR = 2;

/** What `program` does on one task. */
class Guest {
  readonly arena = new Uint8Array(ARENA_SIZE);
  readonly #view = new DataView(this.arena.buffer);
  readonly #scratch = new Uint8Array(64);
  readonly results: Result[] = [];
  readonly #program: Program;
  #base = 0;
  #scratch_at = 0;

  constructor(program: Program) {
    this.#program = program;
  }

  async run(cpu: Cpu): Promise<void> {
    await this.#set_up(cpu);
    for (const { call, args, words } of this.#program.steps) {
      for (const { at, size, value } of words) this.#store(at, size, this.#value(value));
      const [a1, a2, a3, a4, a5, a6] = [0, 1, 2, 3, 4, 5].map((i) => (args[i] ? this.#value(args[i]) : 0));
      const before = this.arena.slice();
      const ret = await cpu.syscall(syscall_tbl[call].x86_64, a1!, a2!, a3!, a4!, a5!, a6!);
      const runs = changed(before, this.arena);
      // Pushed before the descriptors are looked at: that is no part of the program.
      const descriptors: Descriptor[] = [];
      this.results.push({ ret, runs, descriptors });
      for (let fd = 3; fd < MAX_FD; fd++) {
        const found = await this.#look_at(cpu, fd);
        if (found !== null) descriptors.push(found);
      }
    }
    await cpu.syscall(NR.exit_group, 0, 0, 0, 0, 0, 0);
  }

  /** Descriptors 0 to 2 on /dev/null, an empty directory to be in, and the arena. */
  async #set_up(cpu: Cpu): Promise<void> {
    this.#scratch_at = cpu.memory.map(this.#scratch);
    this.#scratch.set(new TextEncoder().encode('/dev/null\0'));
    await cpu.syscall(NR.open, this.#scratch_at, O_RDWR, 0, 0, 0, 0);
    for (let fd = 0; fd < 3; fd++) await cpu.syscall(NR.dup2, 3, fd, 0, 0, 0, 0);
    await cpu.syscall(NR.close, 3, 0, 0, 0, 0, 0);
    await cpu.syscall(NR.umask, 0o22, 0, 0, 0, 0, 0);
    this.#scratch.set(new TextEncoder().encode('/work\0'));
    await cpu.syscall(NR.mkdir, this.#scratch_at, 0o755, 0, 0, 0, 0);
    await cpu.syscall(NR.chdir, this.#scratch_at, 0, 0, 0, 0, 0);
    this.#base = cpu.memory.map(this.arena);
  }

  #value({ is, n }: Value): number {
    if (is === 'number') return n;
    if (is === 'pointer') return this.#base + n;
    if (is === 'int_at') return this.#view.getInt32(n, true);
    return this.results[n]!.ret;
  }

  #store(at: number, size: number, value: number): void {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setBigInt64(0, BigInt(value), true);
    this.arena.set(new Uint8Array(bytes.buffer, 0, size), at);
  }

  async #look_at(cpu: Cpu, fd: number): Promise<Descriptor | null> {
    const fd_flags = await cpu.syscall(NR.fcntl, fd, F_GETFD, 0, 0, 0, 0);
    if (fd_flags < 0) return null;
    const status_flags = await cpu.syscall(NR.fcntl, fd, F_GETFL, 0, 0, 0, 0);
    const pollfd = new DataView(this.#scratch.buffer);
    pollfd.setInt32(0, fd, true);
    pollfd.setUint16(4, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, true);
    pollfd.setUint16(6, 0, true);
    await cpu.syscall(NR.poll, this.#scratch_at, 1, 0, 0, 0, 0);
    return { fd, fd_flags, status_flags, revents: pollfd.getInt16(6, true) };
  }
}

function changed(before: Uint8Array, after: Uint8Array): Run[] {
  const runs: Run[] = [];
  for (let i = 0; i < after.length; i++) {
    if (before[i] === after[i]) continue;
    const at = i;
    while (i < after.length && before[i] !== after[i]) i++;
    runs.push({ at, bytes: after.slice(at, i) });
  }
  return runs;
}

function no_such_mode(): never {
  throw new Error('a program of single steps neither clones nor handles signals');
}

/** Run `program` on a kernel of its own. */
export async function run_on_mock(program: Program, release = '6.18'): Promise<Outcome> {
  const guest = new Guest(program);
  const image: Image = {
    start: (cpu) => guest.run(cpu),
    resume: no_such_mode,
    fork: no_such_mode,
    signal: no_such_mode,
  };
  const kernel = boot_kernel(() => image, { release });
  try {
    const status = await kernel.run(image);
    return { results: guest.results, end: status & 0x7f };
  } catch (error) {
    if (error instanceof DeadlockError) return { results: guest.results, end: -1 };
    throw error;
  }
}
