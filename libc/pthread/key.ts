/** pthread.h: values that each thread has for itself. */
import { EAGAIN, EINVAL } from '../../kernel-mock/include/uapi/errno.js';
import { want_object } from '../internal/describe.js';
import type { Destructor } from '../internal/process.js';
import type { Thread } from '../internal/thread.js';

/** Linux: PTHREAD_KEYS_MAX. */
const KEYS_MAX = 1024;

/**
 * `pthread_key_create(&key, destructor)`: `destructor(value, libc)` runs at the end of each thread that has a value then.
 *
 * @returns 0, EAGAIN (1024 keys). pthread_key_create(3p).
 */
export function pthread_key_create(
  this: Thread,
  key: { value?: number },
  destructor: Destructor | null = null,
): number {
  want_object(key, 'key is { }, to be filled in');
  const { keys } = this.process;
  let free = keys.indexOf(undefined);
  if (free === -1) free = keys.length;
  if (free >= KEYS_MAX) return EAGAIN;
  keys[free] = { destructor };
  key.value = free;
  return 0;
}

/** `pthread_key_delete(key)`: no destructor runs. 0, EINVAL. */
export function pthread_key_delete(this: Thread, key: number): number {
  const { keys } = this.process;
  if (keys[key] === undefined) return EINVAL;
  keys[key] = undefined;
  return 0;
}

/** `pthread_setspecific(key, value)`: this thread's value. 0, EINVAL. */
export function pthread_setspecific(this: Thread, key: number, value: unknown): number {
  const known = this.process.keys[key];
  if (known === undefined) return EINVAL;
  (this.specific ??= new Map()).set(known, value);
  return 0;
}

/** `pthread_getspecific(key)`: this thread's value; null: none, or no such key. */
export function pthread_getspecific(this: Thread, key: number): unknown {
  const known = this.process.keys[key];
  return (known === undefined ? null : this.specific?.get(known)) ?? null;
}
