/** The rows from C on the kernel below: native.c, compiled on the spot. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../../test/bench/native.c', import.meta.url));

export interface Native {
  /** Nanoseconds for each of `n` iterations of a row, in a process of its own. */
  ns(row: string, n: number): number;
  remove(): void;
}

/** The compiled rows, or why there are none. */
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
  return {
    ns: (row, n) => Number(execFileSync(binary, [row, String(n)], { encoding: 'utf8' })),
    remove,
  };
}
