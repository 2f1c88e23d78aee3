/** The rows from C on the kernel below: native.c, compiled on the spot. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../../test/bench/native.c', import.meta.url));

/** The compiled rows. */
export interface Native {
  readonly binary: string;
  remove(): void;
}

/** Compile the rows; text: why there are none. */
export function compile_native(): Native | string {
  const dir = mkdtempSync(join(tmpdir(), 'sys-indirect-bench-'));
  const binary = join(dir, 'native');
  const remove = (): void => {
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    execFileSync('cc', ['-O2', '-pthread', '-o', binary, SOURCE], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    remove();
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no cc here' : 'cc cannot compile native.c';
  }
  return { binary, remove };
}

/** Nanoseconds for each of `n` iterations of a row, in a process of its own. */
export function native_ns(binary: string, row: string, n: number): number {
  return Number(execFileSync(binary, [row, String(n)], { encoding: 'utf8' }));
}
