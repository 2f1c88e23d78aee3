/** The reference: the Linux kernel below, asked through executor.c. */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Outcome, type Program, decode, encode } from './program.js';

export interface Reference {
  run(program: Program): Promise<Outcome>;
  close(): void;
}

const HEADER = 12;

/** Compile executor.c with `cc`, unless that is done; answers with the path of the binary. */
function build(root: string): string {
  const source = join(root, 'tools/differential/executor.c');
  const binary = join(root, 'build/differential/executor');
  mkdirSync(join(root, 'build/differential'), { recursive: true });
  const made = statSync(binary, { throwIfNoEntry: false });
  if (made === undefined || made.mtimeMs < statSync(source).mtimeMs)
    execFileSync('cc', ['-O2', '-Wall', '-Werror', '-static', '-o', binary, source]);
  return binary;
}

/** Bytes of a stream, as many as are asked for. */
function reader(stream: Readable, failed: () => string): (length: number) => Promise<Buffer> {
  let have: Buffer[] = [];
  let size = 0;
  let wake: (() => void) | null = null;
  let over = false;
  stream.on('data', (chunk: Buffer) => {
    have.push(chunk);
    size += chunk.length;
    wake?.();
  });
  stream.on('close', () => {
    over = true;
    wake?.();
  });
  return async (length) => {
    while (size < length) {
      if (over) throw new Error(`the reference executor has ended: ${failed()}`);
      await new Promise<void>((resolve) => (wake = resolve));
      wake = null;
    }
    const all = have.length === 1 ? have[0]! : Buffer.concat(have);
    have = all.length > length ? [all.subarray(length)] : [];
    size -= length;
    return all.subarray(0, length);
  };
}

/**
 * Start the executor.
 *
 * @param root the folder of this repository
 * @throws Error if there is no `cc`, or the executor may not make its name spaces
 */
export function start_reference(root = fileURLToPath(new URL('../../../', import.meta.url))): Reference {
  const directory = mkdtempSync(join(tmpdir(), 'differential-'));
  const process: ChildProcessByStdio<Writable, Readable, Readable> = spawn(build(root), [directory], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stderr = '';
  process.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  // A write to an executor that is gone: what it said is told by the reader.
  process.stdin.on('error', () => undefined);
  const read = reader(process.stdout, () => stderr.trim());
  return {
    async run(program) {
      process.stdin.write(encode(program));
      const header = await read(HEADER);
      const body = await read(header.readUInt32LE(0));
      return decode(body, header.readUInt32LE(4), header.readInt32LE(8));
    },
    close() {
      process.stdin.end();
      process.once('close', () => rmSync(directory, { recursive: true, force: true }));
    },
  };
}
