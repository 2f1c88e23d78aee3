/** One row for each call that some release has, and nothing else. */
import test from 'ava';
import { releases } from '../../../index.js';
import { handlers } from '../../../kernel-mock/arch/x86/syscall_table.js';
import { type CallName, syscall_tbl } from '../../../kernel-mock/include/uapi/index.js';
import { decoder_of, decoders, strace_name } from '../../../tools/strace/decoders.js';

const rows = decoders as Partial<Record<CallName, unknown>>;

for (const release of releases)
  test(`every call of ${release.name} has a decoder`, (t) => {
    const played = (Object.keys(handlers) as CallName[]).filter((name) => release.calls.has(name));
    t.deepEqual(
      played.filter((name) => rows[name] === undefined),
      [],
    );
    for (const name of played) {
      t.is(strace_name(release, syscall_tbl[name].x86_64), name);
      t.is(decoder_of(release, syscall_tbl[name].x86_64), rows[name] as never);
    }
  });

test('every decoder belongs to a call', (t) => {
  t.deepEqual(
    Object.keys(decoders).filter((name) => !Object.hasOwn(syscall_tbl, name)),
    [],
  );
});
