import test from 'ava';
import fc from 'fast-check';
import {
  type Kfifo,
  type PagePool,
  kfifo,
  kfifo_free,
  kfifo_reserve,
  kfifo_skip,
} from '../../kernel-mock/lib/kfifo.js';

/** Append as its users do: reserve, then write around the end of the ring. */
function append(pool: PagePool, f: Kfifo, bytes: readonly number[]): void {
  kfifo_reserve(pool, f, bytes.length);
  for (const byte of bytes) f.buf[(f.out + f.len++) & (f.buf.length - 1)] = byte;
}

function contents(f: Kfifo): number[] {
  return Array.from({ length: f.len }, (_, i) => f.buf[(f.out + i) & (f.buf.length - 1)]!);
}

const run_of = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => (from + i) & 0xff);

/** Bytes in the pool. */
const pooled = (pool: PagePool): number => pool.flat().reduce((n, buf) => n + buf.length, 0);

const sizes = test.macro({
  exec(t, n: number, expected: number) {
    const f = kfifo();
    kfifo_reserve([], f, n);
    t.is(f.buf.length, expected);
  },
  title: (_, n: number, expected: number) => `room for ${n} bytes takes ${expected}`,
});

test(sizes, 0, 0);
test(sizes, 1, 64);
test(sizes, 64, 64);
test(sizes, 65, 128);
test(sizes, 128, 128);
test(sizes, 4096, 4096);
test(sizes, 4097, 8192);
test(sizes, 65536, 65536);

test('an empty ring keeps a small buffer and gives a large one back', (t) => {
  const pool: PagePool = [];
  const f = kfifo();
  append(pool, f, run_of(64));
  kfifo_skip(pool, f, 64);
  t.deepEqual([f.buf.length, f.len, pooled(pool)], [64, 0, 0]);
  append(pool, f, run_of(65));
  kfifo_skip(pool, f, 65);
  t.deepEqual([f.buf.length, f.len, pooled(pool)], [0, 0, 128]);
});

test('what was given back is used again', (t) => {
  const pool: PagePool = [];
  const f = kfifo();
  for (let i = 0; i < 100; i++) {
    append(pool, f, run_of(5000, i));
    kfifo_skip(pool, f, 5000);
  }
  t.is(pooled(pool), 8192);
});

test('to grow gives the smaller buffer back', (t) => {
  const pool: PagePool = [];
  const f = kfifo();
  append(pool, f, run_of(100));
  append(pool, f, run_of(100, 100));
  t.deepEqual([f.buf.length, pooled(pool)], [256, 128]);
  t.deepEqual(contents(f), run_of(200));
});

test('to free gives everything back, once', (t) => {
  const pool: PagePool = [];
  const f = kfifo();
  append(pool, f, run_of(1000));
  kfifo_free(pool, f);
  kfifo_free(pool, f);
  t.deepEqual([f.len, f.buf.length, pooled(pool)], [0, 0, 1024]);
});

test('no two rings share a buffer', (t) => {
  const pool: PagePool = [];
  const [a, b] = [kfifo(), kfifo()];
  append(pool, a, run_of(100));
  kfifo_free(pool, a);
  append(pool, a, run_of(100, 1));
  append(pool, b, run_of(100, 2));
  t.not(a.buf, b.buf);
  t.deepEqual([contents(a), contents(b)], [run_of(100, 1), run_of(100, 2)]);
});

test('it is what an array of bytes is', (t) => {
  const operation = fc.tuple(fc.constantFrom('append', 'skip'), fc.oneof(fc.nat(20), fc.nat(300)));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), (ops) => {
      const pool: PagePool = [];
      const f = kfifo();
      const model: number[] = [];
      let next = 0;
      for (const [op, n] of ops) {
        if (op === 'append') {
          append(pool, f, run_of(n, next));
          model.push(...run_of(n, next));
          next = (next + n) & 0xff;
        } else {
          const take = Math.min(n, model.length);
          kfifo_skip(pool, f, take);
          model.splice(0, take);
        }
        if (contents(f).join() !== model.join()) return false;
      }
      kfifo_skip(pool, f, f.len);
      return f.buf.length <= 64;
    }),
    { numRuns: 300 },
  );
  t.pass();
});
