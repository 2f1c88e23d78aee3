/** One row of the benchmark on the mock kernel: a program that prepares, and the work that is timed. */
import { type BootOptions, type Libc, type Program, boot } from '../../index.js';

/** `n` iterations of a row. */
export type Work = (n: number) => Promise<void>;

/** Make what the iterations need. */
export type Prepare = (libc: Libc) => Promise<Work> | Work;

export interface Row {
  readonly name: string;
  /** What the ratio of mock to native should stay below. */
  readonly target: number;
  readonly options?: BootOptions;
  /** Programs by path that it needs. */
  readonly install?: Readonly<Record<string, Program>>;
  readonly prepare: Prepare;
}

/** The answer of a call that must not fail or, if `want` is given, must be just this. */
export function check(libc: Libc, got: number, want = got): number {
  if (got === -1 || got !== want) throw new Error(`a call answered ${got}: ${libc.strerror(libc.errno)}`);
  return got;
}

/** A row that is ready: its work can be timed, again and again, until it is ended. */
export interface Prepared {
  readonly work: Work;
  end(): Promise<void>;
}

/** Boot a kernel, and run the row's program up to the work. It keeps the processor of its kernel until it is ended. */
export function prepared({ name, options, install = {}, prepare }: Omit<Row, 'target'>): Promise<Prepared> {
  const kernel = boot({ output: null, ...options });
  for (const [path, program] of Object.entries(install)) kernel.install(path, program);
  return prepared_by((program) => kernel.run(program), name, prepare);
}

/** The same on a kernel that is there: `start` runs a program on it. */
export async function prepared_by(
  start: (program: Program) => Promise<number>,
  name: string,
  prepare: Prepare,
): Promise<Prepared> {
  let end!: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let run!: Promise<number>;
  const work = await new Promise<Work>((resolve, reject) => {
    run = start(async (libc) => {
      resolve(await prepare(libc));
      await ended;
    });
    run.then((status) => reject(new Error(`${name} ended with status ${status}`)), reject);
  });
  return {
    work,
    async end() {
      end();
      const status = await run;
      if (status !== 0) throw new Error(`${name} ended with status ${status}`);
    },
  };
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

/** As in native.c. */
const PARTS = 16;

/** Nanoseconds for each of about `n` iterations: the median of parts, since the machine may be taken away in between. */
export async function time_ns(work: Work, n: number): Promise<number> {
  const each = Math.ceil(n / PARTS);
  const parts: number[] = [];
  for (let i = 0; i < PARTS; i++) {
    const start = process.hrtime.bigint();
    await work(each);
    parts.push(Number(process.hrtime.bigint() - start) / each);
  }
  return median(parts);
}

/** Nanoseconds for each of `n` iterations, in a kernel of their own. */
export async function mock_ns(row: Row, n: number): Promise<number> {
  const { work, end } = await prepared(row);
  await work(Math.ceil(n / 10));
  const ns = await time_ns(work, n);
  await end();
  return ns;
}
