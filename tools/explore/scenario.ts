/** Scenarios that need no more than a program and what it shall come to. */
import type { BootOptions, Kernel, Program } from '../../index.js';
import type { Task } from '../../kernel-mock/include/linux/sched.js';
import type { Boot, Scenario } from './execution.js';

export interface ScenarioOptions extends Omit<BootOptions, 'policy' | 'inject' | 'clock'> {
  readonly main: Program;
  /** What is installed at which path beside it. */
  readonly programs?: Readonly<Record<string, Program>>;
  readonly argv?: readonly string[];
  /** The wait status that it shall end with; default 0. */
  readonly expect?: number;
  /** Looks at the kernel after the run; fails by throwing. */
  readonly check?: (kernel: Kernel, status: number) => unknown;
  /** No program that is executed may be given a descriptor but 0, 1, 2: fail if one is. */
  readonly no_leaks?: boolean;
}

/** A descriptor was handed to a program that was not meant to have it. */
export class LeakError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LeakError';
  }
}

function describe_leak({ files }: Task, path: string): string | null {
  const leaked: string[] = [];
  for (let fd = 3; fd < files.fd.length; fd++) {
    const file = files.fd[fd] ?? null;
    if (file !== null) leaked.push(`descriptor ${fd} (${file.f_op.show(file).replace(/:\[\d+\]/, '')})`);
  }
  return leaked.length === 0 ? null : `${path} was executed with ${leaked.join(', ')}`;
}

function describe_status(status: number): string {
  return (status & 0x7f) === 0 ? `exit status ${status >> 8}` : `end by signal ${status & 0x7f}`;
}

function what_is_left(kernel: Kernel): string {
  const left = Object.entries(kernel.census()).filter(([, n]) => n !== 0);
  return left.map(([what, n]) => `${n} ${what}`).join(', ');
}

/** A scenario: boot, install, run `main`, and look at its status and at what is left. */
export function scenario(options: ScenarioOptions): Scenario {
  const { main, programs = {}, argv, expect = 0, check, no_leaks = false, ...boot_options } = options;
  const installed = Object.entries(programs);
  let leak: string | null = null;
  const trace = {
    sched_process_exec(task: Task, path: string): void {
      leak ??= describe_leak(task, path);
    },
  };
  const with_trace: BootOptions = no_leaks ? { ...boot_options, trace } : boot_options;
  return async (boot: Boot) => {
    leak = null;
    const kernel = boot(with_trace);
    for (const [path, program] of installed) kernel.install(path, program);
    const status = await kernel.run(main, argv);
    if (leak !== null) throw new LeakError(leak);
    if (status !== expect) throw new Error(`${describe_status(status)}, not ${describe_status(expect)}`);
    await check?.(kernel, status);
    const left = what_is_left(kernel);
    if (left !== '') throw new LeakError(`left in the kernel: ${left}`);
  };
}
