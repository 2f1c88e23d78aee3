/** A listener that writes what strace(1), version 6.1, would: one line for each call, signal and end of a task. */
import type { Tracer } from '../../kernel-mock/include/linux/trace.js';
import type { SigInfo, Task } from '../../kernel-mock/include/linux/sched.js';
import {
  ERESTARTNOHAND,
  ERESTARTNOINTR,
  ERESTARTSYS,
  ERESTART_RESTARTBLOCK,
  errno_names,
} from '../../kernel-mock/include/uapi/errno.js';
import { ktime_get } from '../../kernel-mock/kernel/time.js';
import { strerror } from '../../libc/string.js';
import { decoder_of, strace_name } from './decoders.js';
import { type NameSet, call_set, signal_set } from './filter.js';
import { type Lines, open_lines } from './lines.js';
import {
  type Arg,
  type Call,
  type PrintOptions,
  type Ret,
  type Row,
  failed,
  printfd,
  printmode,
  row,
} from './print.js';
import { siginfo_text, signame } from './signals.js';
import { type Summary, open_summary } from './summary.js';
import { seconds } from './timestamp.js';
import { hex } from './xlat.js';

export interface StraceOptions {
  /** Takes the text, in pieces that need not be whole lines. */
  readonly write: (text: string) => void;
  /** Takes messages to the person, `strace: Process 3 attached`; absent: they go to `write`. Null: nobody wants them. */
  readonly message?: ((text: string) => void) | null;
  /** -f: children and threads too. */
  readonly follow?: boolean;
  /** The text goes to a file (-o): with -f every line begins with the id of its task. */
  readonly to_file?: boolean;
  /** -e trace=: names and classes with commas between, `!` before them: all others. */
  readonly trace?: string;
  /** -e signal=: names of signals in the same way. */
  readonly signal?: string;
  /** -s: bytes of a string that are shown. */
  readonly string_limit?: number;
  /** -y: 1; -yy: 2. */
  readonly decode_fds?: 0 | 1 | 2;
  /** -x: 1; -xx: 2. */
  readonly hex_strings?: 0 | 1 | 2;
  /** -v: whole structures. */
  readonly verbose?: boolean;
  /** -t, -tt, -ttt: the time of day before each line; -r: since the line before. */
  readonly time?: 't' | 'tt' | 'ttt' | 'r';
  /** -T: how long each call took, behind it. */
  readonly durations?: boolean;
  /** -c: only a table at the end; -C: lines too. */
  readonly summary?: 'only' | 'too';
  /** -q: messages and exit lines less. */
  readonly quiet?: boolean;
}

export interface Strace {
  readonly tracer: Tracer;
  /** Write what is due at the end of the run: the summary. */
  readonly end: () => void;
}

const RESTARTS: Readonly<Record<number, string>> = {
  [ERESTARTSYS]: 'To be restarted if SA_RESTART is set',
  [ERESTARTNOINTR]: 'To be restarted',
  [ERESTARTNOHAND]: 'To be restarted if no handler',
  [ERESTART_RESTARTBLOCK]: 'Interrupted by signal',
};

/** What is known of a traced task. */
export interface Tcb {
  readonly task: Task;
  /** The call that it is in; null: none, or its lines are over. */
  call: OpenCall | null;
  /** Name of a call that goes on by itself after the signal: poll and nanosleep. */
  resumes: string | null;
  /** strace has said that it is there. */
  announced: boolean;
}

interface OpenCall extends Call {
  readonly name: string;
  row: Row;
  list: readonly Arg[];
  /** How many of `list` were shown at entry. */
  shown: number;
  /** CLOCK_MONOTONIC at entry. */
  readonly since: number;
  /** An injector gave the value; held the task. */
  injected: boolean;
  delayed: boolean;
  /** -e trace= leaves it out. */
  readonly hidden: boolean;
}

/** The tasks of one run, and the text that tells of them. */
interface State {
  readonly options: StraceOptions;
  readonly print: PrintOptions;
  readonly calls: NameSet;
  readonly signals: NameSet;
  readonly lines: Lines;
  readonly tcbs: Map<Task, Tcb>;
  readonly summary: Summary | null;
}

/** A listener for `kernel.set_trace` or the boot option `trace`. */
export function strace(options: StraceOptions): Strace {
  const tcbs = new Map<Task, Tcb>();
  const state: State = {
    options,
    print: {
      max_string: options.string_limit ?? 32,
      decode_fds: options.decode_fds ?? 0,
      hex_strings: options.hex_strings ?? 0,
      verbose: options.verbose === true,
    },
    calls: call_set(options.trace ?? 'all'),
    signals: signal_set(options.signal ?? 'all'),
    lines: open_lines(options, () => tcbs.size),
    tcbs,
    summary: options.summary === undefined ? null : open_summary(),
  };
  return { tracer: tracer_of(state), end: () => state.summary?.print(options.write) };
}

function attach(state: State, task: Task, announced: boolean): Tcb {
  const tcb: Tcb = { task, call: null, resumes: null, announced };
  state.tcbs.set(task, tcb);
  return tcb;
}

/** The record of a traced task. Its first sign of life tells that it was found. */
function tcb_of(state: State, task: Task): Tcb | undefined {
  const tcb = state.tcbs.get(task);
  if (tcb !== undefined) announce(state, tcb);
  return tcb;
}

function announce(state: State, tcb: Tcb): void {
  if (tcb.announced) return;
  tcb.announced = true;
  state.lines.message(`strace: Process ${tcb.task.pid} attached\n`);
}

const registers = ({ a1, a2, a3, a4, a5, a6 }: Task): readonly number[] => [a1, a2, a3, a4, a5, a6];

function begin_call(state: State, tcb: Tcb): void {
  const { task } = tcb;
  const name = strace_name(task.kernel.release, task.nr);
  const decoder = decoder_of(task.kernel.release, task.nr);
  const call: OpenCall = {
    task,
    args: registers(task),
    options: state.print,
    ret: null,
    kept: undefined,
    name,
    row: decoder,
    list: [],
    shown: 0,
    injected: false,
    delayed: false,
    since: ktime_get(task.kernel),
    hidden: !state.calls(name) || state.options.summary === 'only',
  };
  tcb.call = call;
  if (call.hidden) {
    tcb.resumes = null;
    return;
  }
  state.lines.leader(tcb);
  if (tcb.resumes !== null) {
    state.lines.text(`restart_syscall(<... resuming interrupted ${tcb.resumes} ...>`);
    tcb.resumes = null;
    // It shows no arguments, and nothing but the value.
    call.row = row();
    return;
  }
  call.kept = decoder.keep?.(call);
  call.list = typeof decoder.args === 'function' ? decoder.args(call) : decoder.args;
  state.lines.text(`${name}(${early_args(call)}`);
}

const value_of_arg = (call: Call, arg: Arg, place: number): number => call.args[arg.reg ?? place] ?? 0;

/** The arguments that can be shown at entry, up to the comma before the first that cannot. */
function early_args(call: OpenCall): string {
  let text = '';
  for (const arg of call.list) {
    const i = arg.reg ?? call.shown;
    const comma = call.shown > 0 ? ', ' : '';
    if (typeof arg.late === 'function' ? arg.late(call, value_of_arg(call, arg, i), i) : arg.late === true)
      return arg.late_comma === true ? text : text + comma;
    text += comma;
    text += arg.print(call, value_of_arg(call, arg, i), i);
    call.shown++;
  }
  return text;
}

function late_args(call: OpenCall): string {
  const comma = call.shown > 0 && call.list[call.shown]?.late_comma === true ? ', ' : '';
  const texts = call.list.slice(call.shown).map((arg, n) => {
    const i = arg.reg ?? call.shown + n;
    return arg.print(call, value_of_arg(call, arg, i), i);
  });
  return comma + texts.join(', ');
}

/** `-1 EAGAIN (Resource temporarily unavailable)`. */
function result_text(call: OpenCall, ret: number): string {
  const restart = RESTARTS[-ret];
  if (restart !== undefined) return `? ${errno_names[-ret]} (${restart})`;
  if (failed(call)) return `-1 ${errno_names[-ret] ?? `(errno ${-ret})`} (${strerror(-ret)})`;
  const { ret: how = 'd', aux: more } = call.row;
  const kind = typeof how === 'function' ? how(call) : how;
  const aux = more?.(call) ?? null;
  return value_text(call, ret, kind) + (aux === null ? '' : ` (${aux})`);
}

function value_text(call: Call, ret: number, kind: Ret): string {
  if (kind === 'hex') return ret === 0 ? '0' : hex(ret);
  if (kind === 'octal') return printmode(ret);
  return kind === 'fd' ? printfd(call, ret) : String(ret);
}

function end_call(state: State, tcb: Tcb, ret: number): void {
  const { call } = tcb;
  if (call === null) return;
  const { lines, options } = state;
  tcb.call = null;
  call.ret = ret;
  const took = ktime_get(tcb.task.kernel) - call.since;
  if (state.calls(call.name)) state.summary?.count(call.name, took, failed(call));
  if (ret === -ERESTART_RESTARTBLOCK) tcb.resumes = call.name;
  if (call.hidden) return;
  lines.resume(tcb, call.name);
  lines.text(`${late_args(call)}) `);
  lines.tab();
  lines.text(`= ${result_text(call, ret)}${call.injected ? ' (INJECTED)' : ''}${call.delayed ? ' (DELAYED)' : ''}`);
  if (options.durations === true) lines.text(` <${seconds(took)}>`);
  lines.end();
}

/** The task ends inside a call. Linux strace: print_event_exit. */
function end_unfinished(state: State, tcb: Tcb): void {
  const { call } = tcb;
  if (call === null) return;
  tcb.call = null;
  if (call.hidden) return;
  const { lines } = state;
  lines.resume(tcb, call.name);
  if (call.shown < call.list.length) lines.text(' <unfinished ...>');
  lines.text(') ');
  lines.tab();
  lines.text('= ?');
  lines.end();
}

function line(state: State, tcb: Tcb, text: string): void {
  if (state.options.summary === 'only') return;
  state.lines.leader(tcb);
  state.lines.text(text);
  state.lines.end();
}

/** How the task ended: the value of its exit(2), or what its process died of. */
function ending(tcb: Tcb): string {
  const { group } = tcb.task;
  const { call } = tcb;
  if (!group.exiting) return `+++ exited with ${call?.name === 'exit' ? call.args[0]! & 0xff : 0} +++`;
  const signo = group.status & 0x7f;
  if (signo === 0) return `+++ exited with ${(group.status >> 8) & 0xff} +++`;
  return `+++ killed by ${signame(signo)}${(group.status & 0x80) === 0 ? '' : ' (core dumped)'} +++`;
}

/** A signal is about to do what it does: the call that it interrupts is over. */
function signal(state: State, tcb: Tcb, info: SigInfo, ret: number): void {
  end_call(state, tcb, ret);
  if (state.signals(signame(info.si_signo)))
    line(state, tcb, `--- ${signame(info.si_signo)} ${siginfo_text(info)} ---`);
}

function tracer_of(state: State): Tracer {
  const { tcbs, options } = state;
  return {
    task_newtask(parent, task) {
      const follow = options.follow === true && parent !== null && tcbs.has(parent);
      // The first task is there from the start; without -f it stays the only one.
      if (follow || (parent === null && (tcbs.size === 0 || options.follow === true)))
        attach(state, task, parent === null);
    },
    sys_enter(task) {
      const tcb = tcb_of(state, task);
      if (tcb !== undefined) begin_call(state, tcb);
    },
    sys_exit(task, ret) {
      const tcb = tcbs.get(task);
      if (tcb === undefined) return;
      for (const other of tcbs.values()) if (other.task.pid === ret) announce(state, other);
      end_call(state, tcb, ret);
    },
    ptrace_signal(task, info, ret) {
      const tcb = tcb_of(state, task);
      if (tcb !== undefined) signal(state, tcb, info, ret);
    },
    inject(task, what) {
      const call = tcbs.get(task)?.call ?? null;
      if (call === null) return;
      if (what === 'value') call.injected = true;
      else if (what === 'delay') call.delayed = true;
    },
    signal_deliver(task) {
      const tcb = tcbs.get(task);
      // With a handler nothing goes on by itself.
      if (tcb !== undefined) tcb.resumes = null;
    },
    group_stop(task, signo) {
      const tcb = tcb_of(state, task);
      if (tcb !== undefined) line(state, tcb, `--- stopped by ${signame(signo)} ---`);
    },
    task_exit(task) {
      const tcb = tcb_of(state, task);
      if (tcb === undefined) return;
      const text = ending(tcb);
      end_unfinished(state, tcb);
      if (options.quiet !== true) line(state, tcb, text);
      tcbs.delete(task);
    },
  };
}
