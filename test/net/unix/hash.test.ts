/** Names whose hashes are equal are still different names. */
import test from 'ava';
import type { SockAddrUn } from '../../../index.js';
import { AF_UNIX } from '../../../kernel-mock/include/uapi/index.js';
import { answers } from '../../facts.js';
import { bound, client, listener } from './fixtures.js';

/** FNV-1a gives these pairs the same 32 bits: as abstract names of streams, and as paths. */
const ABSTRACT: readonly SockAddrUn[] = ['kbwlqvw', 'itpwdoc'].map((abstract) => ({ family: AF_UNIX, abstract }));
const PATHS: readonly SockAddrUn[] = ['costarring', 'liquid'].map((path) => ({ family: AF_UNIX, path }));

for (const [kind, [one, two]] of [
  ['abstract names', ABSTRACT],
  ['paths', PATHS],
] as const) {
  test(
    `${kind}: each leads to its own socket`,
    answers,
    async (libc, ok) => {
      const l1 = await listener(ok, one);
      const l2 = await listener(ok, two);
      await ok.write(await client(ok, two), 'two');
      await ok.write(await client(ok, one), 'one');
      const buf = new Uint8Array(8);
      const heard: string[] = [];
      for (const l of [l1, l2]) {
        const n = await libc.read(await ok.accept(l), buf);
        heard.push(String.fromCharCode(...buf.subarray(0, n)));
      }
      return heard.join();
    },
    'one,two',
  );

  for (const [which, gone] of [
    ['older', 0],
    ['younger', 1],
  ] as const)
    test(
      `${kind}: the ${which} goes, the other stays`,
      answers,
      async (_libc, ok) => {
        const sockets = [await listener(ok, one), await listener(ok, two)];
        await ok.close(sockets[gone]!);
        await client(ok, gone === 0 ? two : one);
        if (kind === 'abstract names') await bound(ok, gone === 0 ? one : two);
        return 'done';
      },
      'done',
    );
}
