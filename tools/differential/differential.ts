/** Random programs on the mock kernel and on Linux, until they part. */
import fc from 'fast-check';
import { type Difference, difference } from './compare.js';
import { type Drawn, type Operation } from './draw.js';
import { run_on_mock } from './mock.js';
import { files } from './operations/files.js';
import { io } from './operations/io.js';
import { make } from './operations/make.js';
import { readiness } from './operations/poll.js';
import { sockets } from './operations/sockets.js';
import type { Program } from './program.js';
import type { Reference } from './reference.js';

const CHOICES = 14;

/** What programs are about: the operations that they are drawn from. */
export const themes: Readonly<Record<string, readonly Operation[]>> = {
  all: [...make, ...io, ...readiness, ...sockets, ...files],
  descriptors: [...make, ...io, ...readiness],
  sockets: [...make, ...io, ...sockets, ...sockets, ...readiness],
  files: [...make, ...io, ...files, ...files],
};

/** Lists of operations with their choices. */
export function programs(operations: readonly Operation[], length: number): fc.Arbitrary<Drawn[]> {
  const choices = fc.array(fc.nat({ max: 0xffff }), { minLength: CHOICES, maxLength: CHOICES });
  const drawn = fc.record({ op: fc.nat({ max: operations.length - 1 }), choices });
  return fc.array(drawn, { minLength: 1, maxLength: length, size: 'max' });
}

export interface Found extends Difference {
  readonly program: Program;
}

/** Run one program on both. */
export async function compare(reference: Reference, program: Program): Promise<Found | null> {
  const [real, mock] = [await reference.run(program), await run_on_mock(program)];
  const found = difference(program, real, mock);
  return found === null ? null : { ...found, program };
}
