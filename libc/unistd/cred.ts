/** unistd.h: who a thread is, and becoming somebody else. Each changes the calling thread only. */
import { put_u32, get_u32 } from '../../kernel-mock/include/uapi/byteorder.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { call_with } from '../internal/call.js';
import { want_list, want_object } from '../internal/describe.js';
import type { Thread } from '../internal/thread.js';

/** `getuid()`, `geteuid()`, `getgid()`, `getegid()`: real and effective user and group. getuid(2). */
export async function getuid(this: Thread): Promise<number> {
  return call_with(this, 'getuid');
}

export async function geteuid(this: Thread): Promise<number> {
  return call_with(this, 'geteuid');
}

export async function getgid(this: Thread): Promise<number> {
  return call_with(this, 'getgid');
}

export async function getegid(this: Thread): Promise<number> {
  return call_with(this, 'getegid');
}

/** `setuid(uid)`: root becomes somebody else for good. EPERM, EINVAL. setuid(2). */
export async function setuid(this: Thread, uid: number): Promise<number> {
  return call_with(this, 'setuid', uid);
}

export async function setgid(this: Thread, gid: number): Promise<number> {
  return call_with(this, 'setgid', gid);
}

/** `seteuid(uid)`: only the effective user. EPERM. seteuid(2). */
export async function seteuid(this: Thread, uid: number): Promise<number> {
  return call_with(this, 'setresuid', -1, uid, -1);
}

export async function setegid(this: Thread, gid: number): Promise<number> {
  return call_with(this, 'setresgid', -1, gid, -1);
}

/** `setreuid(real, effective)`: -1 keeps one as it is. EPERM. setreuid(2). */
export async function setreuid(this: Thread, ruid: number, euid: number): Promise<number> {
  return call_with(this, 'setreuid', ruid, euid);
}

export async function setregid(this: Thread, rgid: number, egid: number): Promise<number> {
  return call_with(this, 'setregid', rgid, egid);
}

/** `setresuid(real, effective, saved)`: -1 keeps one as it is. EPERM. setresuid(2). */
export async function setresuid(this: Thread, ruid: number, euid: number, suid: number): Promise<number> {
  return call_with(this, 'setresuid', ruid, euid, suid);
}

export async function setresgid(this: Thread, rgid: number, egid: number, sgid: number): Promise<number> {
  return call_with(this, 'setresgid', rgid, egid, sgid);
}

/** A pointer to an id. */
export interface IdOut {
  value?: number;
}

async function get_ids(t: Thread, call: CallName, outs: readonly IdOut[]): Promise<number> {
  for (const out of outs) want_object(out, 'an id to fill in is { }');
  const cells = outs.map(() => new Uint8Array(4));
  const ret = await call_with(t, call, ...cells);
  if (ret === 0) outs.forEach((out, i) => (out.value = get_u32(cells[i]!, 0)));
  return ret;
}

/** `getresuid(&real, &effective, &saved)`. getresuid(2). */
export async function getresuid(this: Thread, ruid: IdOut, euid: IdOut, suid: IdOut): Promise<number> {
  return get_ids(this, 'getresuid', [ruid, euid, suid]);
}

export async function getresgid(this: Thread, rgid: IdOut, egid: IdOut, sgid: IdOut): Promise<number> {
  return get_ids(this, 'getresgid', [rgid, egid, sgid]);
}

/**
 * `getgroups(size, list)`: the supplementary groups; `size` 0 only asks how many.
 *
 * @param list filled with them
 * @returns their number, or -1 with errno EINVAL (there are more than `size`). getgroups(2).
 */
export async function getgroups(this: Thread, size: number, list: number[] | null): Promise<number> {
  const raw = list === null ? null : new Uint8Array(Math.max(size, 0) * 4);
  const n = await call_with(this, 'getgroups', size, raw);
  if (raw !== null && size > 0) for (let i = 0; i < n; i++) list![i] = get_u32(raw, i * 4);
  return n;
}

/** `setgroups(size, list)`: grp.h. EPERM, EINVAL. setgroups(2). */
export async function setgroups(this: Thread, size: number, list: readonly number[] | null): Promise<number> {
  if (list === null) return call_with(this, 'setgroups', size, null);
  want_list(list, 'list is a list of groups or null');
  const raw = new Uint8Array(list.length * 4);
  list.forEach((gid, i) => {
    put_u32(raw, i * 4, gid);
  });
  return call_with(this, 'setgroups', size, raw);
}
