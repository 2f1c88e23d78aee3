/** `sys-indirect kernels`: the releases and what each has, read from their data. */
import { handlers, releases } from '../index.js';
import type { IndirectFacts, Release } from '../kernel-mock/include/linux/release.js';
import { O_CLOEXEC, O_NONBLOCK } from '../kernel-mock/include/uapi/fcntl.js';
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from '../kernel-mock/include/uapi/socket.js';
import { type CallName, NR } from '../kernel-mock/include/uapi/unistd.js';
import { format_table } from './table.js';

/** The calls that took the place of sys_indirect: each an older one with an argument for flags. */
const SUCCESSORS = [
  'accept4',
  'dup3',
  'pipe2',
  'epoll_create1',
  'eventfd2',
  'signalfd4',
  'inotify_init1',
] as const satisfies readonly CallName[];

const SOCK_FLAGS = { SOCK_CLOEXEC, SOCK_NONBLOCK };
const FILE_FLAGS = { O_CLOEXEC, O_NONBLOCK };

function flag_names(flags: number, names: Readonly<Record<string, number>>): string[] {
  return Object.keys(names).filter((name) => (flags & names[name]!) !== 0);
}

function implemented(call: string): boolean {
  return Object.hasOwn(handlers, call);
}

function describe_indirect(facts: IndirectFacts): Record<string, unknown> {
  const flags = Object.entries(facts.calls).map(([call, bits]) => [call, flag_names(bits, FILE_FLAGS)]);
  return {
    number: NR.indirect,
    arguments: facts.args,
    params_size: facts.params_size,
    whitelist: facts.whitelisted ? Object.keys(facts.calls) : null,
    flags: Object.fromEntries(flags) as Record<string, string[]>,
  };
}

function describe_release(release: Release): Record<string, unknown> {
  return {
    name: release.name,
    summary: release.summary,
    sock_flags: flag_names(release.sock_flags, SOCK_FLAGS),
    fcntl_dupfd_cloexec: release.fcntl_dupfd_cloexec,
    indirect: release.indirect === null ? null : describe_indirect(release.indirect),
    calls_with_flags: Object.fromEntries(SUCCESSORS.map((call) => [call, release.calls.has(call)])),
    calls: [...release.calls].filter(implemented),
    not_implemented: [...release.calls].filter((call) => !implemented(call)),
  };
}

/** A call that the release has; with a star if this kernel answers ENOSYS all the same. */
function star(call: string): string {
  return implemented(call) ? call : `${call}*`;
}

function format_indirect({ args, whitelisted, calls }: IndirectFacts): string {
  const names = Object.keys(calls).map(star);
  const bits = flag_names(
    Object.values(calls).reduce((a, b) => a | b, 0),
    FILE_FLAGS,
  ).join(', ');
  const list = whitelisted ? `white-list ${names.join(', ')}` : `no white-list, flags count in ${names.join(', ')}`;
  return `${args} arguments; ${list}; ${bits}`;
}

function yes(has: boolean): string {
  return has ? 'yes' : '-';
}

/** What `kernels` prints: a table, or JSON with everything. */
export function list_kernels(json: boolean): string {
  if (json) return `${JSON.stringify(releases.map(describe_release), null, 2)}\n`;
  const rows = releases.map((release) => {
    const sock = flag_names(release.sock_flags, SOCK_FLAGS).map((name) => name.replace('SOCK_', ''));
    const calls = SUCCESSORS.filter((call) => call !== 'accept4' && release.calls.has(call)).map(star);
    const more = release.indirect === null ? calls.join(', ') : `indirect: ${format_indirect(release.indirect)}`;
    return [
      release.name,
      sock.length > 0 ? sock.join(', ') : '-',
      yes(release.calls.has('accept4')),
      yes(release.fcntl_dupfd_cloexec),
      more === '' ? '-' : more,
    ];
  });
  const starred = rows.some((row) => row.some((cell) => cell.includes('*')));
  const head = ['RELEASE', 'SOCK_*', 'ACCEPT4', 'F_DUPFD_CLOEXEC', 'OTHER WAYS TO PASS FLAGS'];
  return [
    format_table([head, ...rows]),
    ...(starred ? ['* the release has it, this kernel answers ENOSYS so far\n'] : []),
    format_table(releases.map((release) => [release.name, release.summary])),
  ].join('\n');
}
