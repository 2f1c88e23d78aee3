/** The helper program: what it does is its first argument. It enters the kernel by number, so that only the kernel is judged. */
import { F_GETFD, FD_CLOEXEC } from '../../kernel-mock/include/uapi/fcntl.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { SIG_BLOCK, SIG_IGN } from '../../kernel-mock/include/uapi/signal.js';
import type { Libc, Program } from '../../libc/index.js';
import { get } from './struct.js';

const { sigaction: SIGACTION, sigset: SIGSET } = layout_x86_64;

function c_text(text: string): Uint8Array {
  return Buffer.from(`${text}\0`);
}

async function line(libc: Libc, text: string): Promise<void> {
  const bytes = Buffer.from(`${text}\n`);
  await libc.syscall(libc.nr.write, 1, bytes, bytes.length);
}

/** A bit for each descriptor whose flags have all of `bits`. */
async function fd_mask(libc: Libc, fds: readonly string[], bits: number): Promise<number> {
  let mask = 0;
  for (const [i, fd] of fds.entries()) {
    const flags = await libc.syscall(libc.nr.fcntl, Number(fd), F_GETFD, 0);
    if (flags !== -1 && (flags & bits) === bits) mask |= 1 << i;
  }
  return mask;
}

async function cat(libc: Libc): Promise<number> {
  const buffer = new Uint8Array(4096);
  for (;;) {
    const n = await libc.syscall(libc.nr.read, 0, buffer, buffer.length);
    if (n <= 0) return n < 0 ? 1 : 0;
    await libc.syscall(libc.nr.write, 1, buffer, n);
  }
}

async function blocked(libc: Libc, sig: number): Promise<number> {
  const set = new Uint8Array(SIGSET.size);
  await libc.syscall(libc.nr.rt_sigprocmask, SIG_BLOCK, null, set, SIGSET.size);
  return Number((get(set, 0, 'u64') >> BigInt(sig - 1)) & 1n);
}

async function ignored(libc: Libc, sig: number): Promise<number> {
  const old = new Uint8Array(SIGACTION.size);
  await libc.syscall(libc.nr.rt_sigaction, sig, null, old, SIGSET.size);
  return get(old, SIGACTION.handler, 'u64') === BigInt(SIG_IGN) ? 1 : 0;
}

/** Its exit status is cut to 8 bits, as C's is. */
export const helper: Program = async (libc, argv) => (await main(libc, argv)) & 0xff;

async function main(libc: Libc, argv: readonly string[]): Promise<number> {
  const [, command, ...args] = argv;
  const first = Number(args[0] ?? 0);
  switch (command) {
    case undefined:
      return 100 + argv.length;
    case 'exit':
      return first;
    case 'fds':
      return fd_mask(libc, args, 0);
    case 'cloexec':
      return fd_mask(libc, args, FD_CLOEXEC);
    case 'write': {
      const text = Buffer.from(args[1] ?? '');
      return (await libc.syscall(libc.nr.write, first, text, text.length)) === text.length ? 0 : 1;
    }
    case 'argv':
      for (const arg of argv) await line(libc, arg);
      return 0;
    case 'env':
      for (const string of libc.environ) await line(libc, string);
      return 0;
    case 'cat':
      return cat(libc);
    case 'pause':
      for (;;) await libc.syscall(libc.nr.pause);
    case 'raise': {
      const pid = await libc.syscall(libc.nr.getpid);
      await libc.syscall(libc.nr.tgkill, pid, await libc.syscall(libc.nr.gettid), first);
      return 0;
    }
    case 'blocked':
      return blocked(libc, first);
    case 'ignored':
      return ignored(libc, first);
    case 'leader':
      return (await libc.syscall(libc.nr.getpgrp)) === (await libc.syscall(libc.nr.getpid)) ? 1 : 0;
    case 'exists':
      return (await libc.syscall(libc.nr.access, c_text(args[0] ?? ''), 0)) === 0 ? 1 : 0;
    default:
      return 111;
  }
}
