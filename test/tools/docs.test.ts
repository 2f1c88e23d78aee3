// docs/calls.md says what the tables say.
import test from 'ava';
import { partial } from '../../kernel-mock/arch/x86/partial.js';
import { handlers } from '../../kernel-mock/arch/x86/syscall_table.js';
import { calls_page, written_page } from '../../tools/docs/calls.js';

test('docs/calls.md is current: `npm run docs` writes it', async (t) => {
  t.is(written_page(), await calls_page());
});

test('what is missing is said of calls that there are, in words', (t) => {
  for (const [name, text] of Object.entries(partial)) {
    t.true(name in handlers, name);
    t.regex(text, /^\S[^|\n]{8,}[^.\s]$/, name);
  }
});
