/** The rows of pointers.tsv: calls with the arguments that they take, and what Linux 6.18 answers where one of them is a bad pointer. */
import { readFileSync } from 'node:fs';

export interface PointerRow {
  readonly name: string;
  readonly args: readonly string[];
  /** Place of a pointer, from 0, and what each bad one is answered with. */
  readonly answers: readonly (readonly [at: number, expected: readonly string[]])[];
}

export const POINTER_ROWS: readonly PointerRow[] = readFileSync(
  new URL('../../../test/arch/pointers.tsv', import.meta.url),
  'utf8',
)
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [name = '', args = '', ...columns] = line.split('\t');
    const answers = columns.map((column): readonly [number, string[]] => {
      const [at = '', list = ''] = column.split('=');
      return [Number(at) - 1, list.split(',')];
    });
    return { name, args: args.split(' '), answers };
  });
