/** stdlib.h. */
import type { Thread } from './internal/thread.js';

/** `exit(status)`: end the process. Never comes back. exit(3). */
export async function exit(this: Thread, status: number): Promise<never> {
  await this.enter(this.nr.exit_group, status);
  throw new Error('exit_group returned');
}

/** `getenv(name)`: the value of an environment variable, or null. getenv(3). */
export function getenv(this: Thread, name: string): string | null {
  const { env } = this.process;
  return Object.hasOwn(env, name) ? env[name]! : null;
}
