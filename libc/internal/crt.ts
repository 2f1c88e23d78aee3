/** Start-up code: what runs between the kernel and main (csu/libc-start.c). */
import type { Cpu, Image } from '../../kernel-mock/include/uapi/seam.js';
import type { Libc } from '../index.js';
import { describe } from './describe.js';
import type { Process } from './process.js';
import type { Route } from './routes/route.js';

/**
 * A program: `main(libc, argv, env)`. Its status, 0 to 255, ends the process; nothing counts as 0.
 */
export type Program = (
  libc: Libc,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
) => Promise<number | void>;

function parse_env(strings: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const s of strings) {
    const at = s.indexOf('=');
    const name = s.slice(0, at);
    if (at > 0 && !Object.hasOwn(env, name)) env[name] = s.slice(at + 1);
  }
  return env;
}

function exit_status(value: unknown): number {
  if (value === undefined) return 0;
  if (Number.isInteger(value)) return value as number;
  throw new TypeError(`it returned ${describe(value)}, which is no exit status: return a whole number, or nothing`);
}

/** An image of `program`, whose descriptor-creating functions take `route`. */
export function program_image(program: Program, route: Route, new_libc: (cpu: Cpu, process: Process) => Libc): Image {
  let process: Process;
  return {
    async start(cpu, argv, env) {
      process = {
        route,
        features: new Map(),
        env: parse_env(env),
        starting: new Map(),
        new_thread: (c) => new_libc(c, process),
      };
      const libc = process.new_thread(cpu);
      const status = exit_status(await program(libc, argv, process.env));
      await libc.exit(status);
    },
    async resume(cpu, stack) {
      const start = process.starting.get(stack);
      if (start === undefined) throw new Error(`clone: no start routine at stack pointer ${stack}: use pthread_create`);
      process.starting.delete(stack);
      const libc = process.new_thread(cpu);
      libc.self = start.self;
      start.self.value = await start.routine(libc, start.arg);
      libc.free_stack();
      if (start.self.detached) {
        // From now on the place of the word can be anybody's: the kernel must not announce the end there.
        await cpu.syscall(libc.nr.set_tid_address, 0, 0, 0, 0, 0, 0);
        cpu.memory.unmap(start.self.tid_ptr);
      }
      await cpu.syscall(libc.nr.exit, 0, 0, 0, 0, 0, 0);
    },
  };
}
