/** The table of decoders, keyed like the call table: one row for each call that some release has. */
import type { Release } from '../../kernel-mock/include/linux/release.js';
import { type CallName, syscall_tbl } from '../../kernel-mock/include/uapi/unistd.js';
import { releases } from '../../kernel-mock/init/releases.js';
import { call_name } from '../decode.js';
import { event_decoders } from './decoders/event.js';
import { fd_decoders } from './decoders/fd.js';
import { fs_decoders } from './decoders/fs.js';
import { ioctl_decoders } from './decoders/ioctl.js';
import { indirect_decoders } from './decoders/indirect.js';
import { msg_decoders } from './decoders/msg.js';
import { net_decoders } from './decoders/net.js';
import { process_decoders } from './decoders/process.js';
import { signal_decoders } from './decoders/signal.js';
import { time_decoders } from './decoders/time.js';
import { xattr_decoders } from './decoders/xattr.js';
import { type Arg, type Decoders, type Row, enter } from './print.js';
import { hex } from './xlat.js';

export const decoders = {
  ...fd_decoders,
  ...fs_decoders,
  ...ioctl_decoders,
  ...net_decoders,
  ...msg_decoders,
  ...event_decoders,
  ...process_decoders,
  ...signal_decoders,
  ...time_decoders,
  ...xattr_decoders,
  ...indirect_decoders({
    name: (c, nr) => strace_name(c.task.kernel.release, nr),
    row: (c, nr) => decoder_of(c.task.kernel.release, nr),
  }),
} satisfies Decoders;

/** By number, for numbers that a release does not have: strace knows them by what they are today. */
const later: ReadonlyMap<number, CallName> = new Map(
  // The newest release is the last, so that its names win.
  [...(Object.keys(syscall_tbl) as CallName[]), ...releases.at(-1)!.calls].map((name) => [
    syscall_tbl[name].x86_64,
    name,
  ]),
);

function name_of(release: Release, nr: number): CallName | undefined {
  return call_name(release, nr) ?? later.get(nr);
}

/** The name of call `nr`: `accept4`, `syscall_0x1f5`. */
export function strace_name(release: Release, nr: number): string {
  return name_of(release, nr) ?? `syscall_${hex(nr)}`;
}

/** A register as a call that nobody knows has it. */
const register: Arg = enter((_c, v) => (v === 0 ? '0' : hex(v)));
const REGISTERS: readonly Arg[] = [register, register, register, register, register, register];
const unknown: Row = { args: REGISTERS };

/** How the arguments of call `nr` are shown. */
export function decoder_of(release: Release, nr: number): Row {
  const name = name_of(release, nr);
  if (name === undefined) return unknown;
  const known = (decoders as Partial<Record<CallName, Row>>)[name];
  return known ?? { args: REGISTERS.slice(0, syscall_tbl[name].args) };
}
