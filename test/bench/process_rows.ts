/** Rows of processes, signals and futexes. */
import type { Libc } from '../../index.js';
import { FUTEX_WAIT, FUTEX_WAKE } from '../../kernel-mock/include/uapi/futex.js';
import { SIGUSR1 } from '../../kernel-mock/include/uapi/signal.js';
import { NR } from '../../kernel-mock/include/uapi/unistd.js';
import { put_u32 } from '../../kernel-mock/include/uapi/byteorder.js';
import { type Row, type Work, check } from './row.js';

export function fork_exit_wait(libc: Libc): Work {
  return async (n) => {
    for (let i = 0; i < n; i++) {
      const pid = check(libc, await libc.fork(async (child) => child._exit(0)));
      check(libc, await libc.waitpid(pid, null, 0), pid);
    }
  };
}

function spawn_wait(libc: Libc): Work {
  return async (n) => {
    for (let i = 0; i < n; i++) {
      const pid: { value?: number } = {};
      check(libc, await libc.posix_spawn(pid, '/bin/true', null, null, ['true'], {}), 0);
      check(libc, await libc.waitpid(pid.value!, null, 0), pid.value);
    }
  };
}

async function signal_handler(libc: Libc): Promise<Work> {
  let caught = 0;
  const sa_handler = async (): Promise<void> => {
    caught++;
  };
  check(libc, await libc.sigaction(SIGUSR1, { sa_handler }));
  const pid = await libc.getpid();
  return async (n) => {
    caught = 0;
    for (let i = 0; i < n; i++) check(libc, await libc.kill(pid, SIGUSR1), 0);
    if (caught !== n) throw new Error(`${caught} signals of ${n} were handled`);
  };
}

/** Two threads hand a word to each other: each stores the other's turn, wakes it, and waits for its own. */
async function futex_pingpong(libc: Libc): Promise<Work> {
  const word = new Uint8Array(4);
  const uaddr = libc.cpu.memory.map(word);
  const wait_for = async (own: Libc, turn: number): Promise<void> => {
    while (word[0] !== turn) await own.syscall(NR.futex, uaddr, FUTEX_WAIT, 1 - turn, null);
  };
  const pass = async (own: Libc, turn: number): Promise<void> => {
    put_u32(word, 0, turn);
    check(own, await own.syscall(NR.futex, uaddr, FUTEX_WAKE, 1));
  };
  const other = async (own: Libc): Promise<void> => {
    for (;;) {
      await wait_for(own, 1);
      await pass(own, 0);
    }
  };
  if ((await libc.pthread_create(null, null, other, null)) !== 0) throw new Error('no thread');
  return async (n) => {
    for (let i = 0; i < n; i++) {
      await pass(libc, 1);
      await wait_for(libc, 0);
    }
  };
}

export const process_rows: readonly Row[] = [
  { name: 'fork_exit_wait', target: 0.1, prepare: fork_exit_wait },
  { name: 'spawn_wait', target: 0.1, install: { '/bin/true': async () => 0 }, prepare: spawn_wait },
  { name: 'signal_handler_roundtrip', target: 0.5, prepare: signal_handler },
  { name: 'futex_pingpong', target: 0.5, prepare: futex_pingpong },
];
