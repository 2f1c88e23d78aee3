/** Calls whose arguments are paths and buffers: strings as C has them, mapped for the length of the call. */
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { describe } from './describe.js';
import { to_bytes } from './text.js';
import type { Thread } from './thread.js';

/** A path as programs give it: text is UTF-8, a Uint8Array its very bytes, null a null pointer. */
export type Path = string | Uint8Array | null;

/** The bytes of a C string, with their zero. */
export function c_string(text: Path): Uint8Array | null {
  if (text === null) return null;
  if (typeof text !== 'string' && !(text instanceof Uint8Array))
    throw new TypeError(`a path is text, a Uint8Array or null, not ${describe(text)}`);
  const bytes = to_bytes(text);
  const z = new Uint8Array(bytes.length + 1);
  z.set(bytes);
  return z;
}

/** The bytes up to the first zero. */
export function until_zero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

/** Enter the kernel with numbers as they are and arrays as pointers to them: the value, or -errno. */
export async function enter_with(
  t: Thread,
  call: CallName,
  args: readonly (number | Uint8Array | null)[],
): Promise<number> {
  const regs = args.map((arg) => (typeof arg === 'number' ? arg : t.map(arg)));
  const ret = await t.enter(t.nr[call], ...(regs as [number]));
  args.forEach((arg, i) => {
    if (typeof arg !== 'number') t.unmap(regs[i]!);
  });
  return ret;
}

/** The same as C functions answer: the value, or -1 with errno. */
export async function call_with(
  t: Thread,
  call: CallName,
  ...args: readonly (number | Uint8Array | null)[]
): Promise<number> {
  return t.ret(await enter_with(t, call, args));
}
