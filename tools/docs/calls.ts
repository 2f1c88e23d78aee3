#!/usr/bin/env node
/** The command `docs`: writes docs/calls.md, what this kernel plays of every call, from the tables that the kernel itself uses. */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { partial } from '../../kernel-mock/arch/x86/partial.js';
import { handlers } from '../../kernel-mock/arch/x86/syscall_table.js';
import type { Release } from '../../kernel-mock/include/linux/release.js';
import { type CallName, syscall_tbl } from '../../kernel-mock/include/uapi/unistd.js';
import { releases } from '../../kernel-mock/init/releases.js';
import { read_cases } from '../conformance/cases.js';
import { is_object } from '../conformance/value.js';

const PAGE = 'docs/calls.md';
const CASES = 'test/conformance/cases';

/** Functions of the C library that enter the kernel by another name. */
const ENTERED_AS: Readonly<Record<string, CallName>> = {
  _exit: 'exit_group',
  epoll_create1: 'epoll_create1',
  eventfd: 'eventfd2',
  mkfifo: 'mknod',
  posix_spawn: 'execve',
  posix_spawnp: 'execve',
  pread: 'pread64',
  pselect: 'pselect6',
  pwrite: 'pwrite64',
  raise: 'tgkill',
  recv: 'recvfrom',
  send: 'sendto',
  sigaction: 'rt_sigaction',
  signalfd: 'signalfd4',
  sigprocmask: 'rt_sigprocmask',
  sigqueue: 'rt_sigqueueinfo',
  waitpid: 'wait4',
};

/** The names of the calls that a case makes, in its forks too. */
function calls_in(x: unknown, found: Set<string>): void {
  if (Array.isArray(x)) for (const item of x) calls_in(item, found);
  else if (is_object(x)) {
    if (typeof x.call === 'string') found.add(ENTERED_AS[x.call] ?? x.call);
    if ('fork' in x) {
      found.add('fork');
      calls_in(x.fork, found);
    }
  }
}

/** How many cases of the sample make each call. */
function cases_by_call(): Map<string, number> {
  const count = new Map<string, number>();
  for (const { json } of read_cases(CASES)) {
    const found = new Set<string>();
    if (is_object(json)) calls_in(json.steps, found);
    for (const name of found) count.set(name, (count.get(name) ?? 0) + 1);
  }
  return count;
}

const SHOWN = { full: 'full', part: 'partial', absent: 'absent', none: '' } as const;

function state(name: CallName, release: Release): keyof typeof SHOWN {
  if (!release.calls.has(name)) return 'none';
  if (!(name in handlers)) return 'absent';
  return name in partial ? 'part' : 'full';
}

/** Releases with the same answer for every call stand in one column. */
function columns(names: readonly CallName[]): { readonly title: string; readonly release: Release }[] {
  const groups = new Map<string, Release[]>();
  for (const release of releases) {
    const key = names.map((name) => state(name, release)).join();
    groups.set(key, [...(groups.get(key) ?? []), release]);
  }
  return [...groups.values()].map((group) => ({
    title: group.map((release) => release.name.replace('2.6.24-rc3-indirect-', 'indirect-')).join(', '),
    release: group[0]!,
  }));
}

function cells(...texts: readonly (string | number)[]): string {
  return `| ${texts.join(' | ')} |`;
}

/** The page, as it is written. */
export async function calls_page(): Promise<string> {
  const all = (Object.keys(syscall_tbl) as CallName[]).filter((name) => syscall_tbl[name].x86_64 >= 0).sort();
  const names = all.filter((name) => name in handlers);
  const absent = all.filter((name) => !(name in handlers) && releases.some((release) => release.calls.has(name)));
  const wide = columns(names);
  const count = cases_by_call();
  const rows = names.map((name) =>
    cells(
      `\`${name}\``,
      ...wide.map(({ release }) => SHOWN[state(name, release)]),
      count.get(name) ?? '',
      partial[name as keyof typeof partial] ?? '',
    ),
  );
  const today = releases.at(-1)!;
  const full = names.filter((name) => state(name, today) === 'full').length;
  const part = names.filter((name) => state(name, today) === 'part').length;
  const text = [
    '# Calls',
    '',
    '<!-- Made by `npm run docs` from the call table, `kernel-mock/arch/x86/partial.ts` and the conformance sample. Do not edit. -->',
    '',
    `Of the calls of ${today.name}, ${full} are played in full, ${part} in part and ${absent.filter((name) => today.calls.has(name)).length} not at all (\`ENOSYS\`).`,
    'A column stands for releases that have the same answer to every call; an empty cell means that the release has no such call, which is',
    "`ENOSYS` too. *Cases* counts the cases of the conformance sample that make the call. *Full* means: all that the call's manual page",
    'says a program can see.',
    '',
    cells('call', ...wide.map(({ title }) => title), 'cases', 'what is missing'),
    cells(...new Array<string>(wide.length + 3).fill('---')),
    ...rows,
    '',
    '## Absent',
    '',
    'These have a number in some release played here, and no handler.',
    '',
    absent.map((name) => `\`${name}\``).join(', '),
    '',
  ].join('\n');
  return format(text, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
}

/** What stands in the folder of documents now. */
export function written_page(): string {
  return readFileSync(PAGE, 'utf8');
}

if (process.argv[1]?.endsWith('docs/calls.js') === true) writeFileSync(PAGE, await calls_page());
