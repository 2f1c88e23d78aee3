/** What the child of vfork does until execve, as file actions and attributes of posix_spawn(3). */
import { EBADF, EINVAL, ENOSYS, ESRCH } from '../kernel-mock/include/uapi/errno.js';
import { get_s32, get_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import { FD_CLOEXEC, F_GETFD, F_SETFD } from '../kernel-mock/include/uapi/fcntl.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { SIG_DFL, SIG_SETMASK } from '../kernel-mock/include/uapi/signal.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import { default_signals } from './signal.js';
import { type CallTable, type Handler, type HostTask, NEVER } from './task.js';

const { sigaction: SIGACTION, sigset: SIGSET } = layout_x86_64;

/** posix_spawn_file_actions_t and posix_spawnattr_t of glibc and musl are not larger. */
const ACTIONS_SIZE = 128;
const ATTR_SIZE = 512;
const SIGSET_SIZE = 128;
const SETPGROUP = 0x02;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;

/** Numbers of descriptors that the child has opened and not placed yet. */
const PLACELESS = 1 << 30;

/** One call of a posix_spawn_file_actions_add function: its name, and what follows its first argument. */
interface FileAction {
  readonly add: string;
  readonly args: readonly number[];
  /** What the arguments point to. */
  readonly path?: Uint8Array;
}

/** The plan of one child. */
export class SpawnPlan {
  readonly parent: HostTask;
  readonly #done: (pid: number) => void;
  readonly #actions: FileAction[] = [];
  /** Opened in the child, and where they go is not known yet: path, flags and mode. */
  readonly #opened: { path: Uint8Array; flags: number; mode: number }[] = [];
  #pgroup: number | null = null;
  #session = false;
  #mask: Uint8Array | null = null;

  constructor(parent: HostTask, done: (pid: number) => void) {
    this.parent = parent;
    this.#done = done;
  }

  /** The parent goes on. */
  finish(pid: number): void {
    this.#done(pid);
  }

  add(add: string, args: readonly number[], path?: Uint8Array): number {
    this.#actions.push(path === undefined ? { add, args } : { add, args, path });
    return 0;
  }

  open(path: Uint8Array, flags: number, mode: number): number {
    return PLACELESS + this.#opened.push({ path, flags, mode }) - 1;
  }

  close(fd: number): number {
    return fd >= PLACELESS ? 0 : this.add('addclose', [fd]);
  }

  dup2(from: number, to: number): number {
    const opened = this.#opened[from - PLACELESS];
    if (opened !== undefined) this.add('addopen', [to, opened.flags, opened.mode], opened.path);
    else if (from !== to && !this.#may_exist(from)) return -EBADF;
    else this.add('adddup2', [from, to]);
    return to;
  }

  /** Open in the parent, or a number that an action before has given. */
  #may_exist(fd: number): boolean {
    if (this.#actions.some(({ args }) => args.includes(fd))) return true;
    const { files, driver } = this.parent.process;
    return fd >= 0 && files.may_use(fd) && driver.syscall(NR.fcntl, fd, F_GETFD, 0, 0, 0, 0) >= 0;
  }

  set_pgroup(pgroup: number): number {
    this.#pgroup = pgroup;
    return 0;
  }

  set_session(): number {
    this.#session = true;
    return 0;
  }

  set_mask(mask: Uint8Array): number {
    this.#mask = mask;
    return 0;
  }

  /** posix_spawn(3): the process id, or -errno. */
  run(path: number, argv: number, envp: number): number {
    const c = new LibcCalls(this.parent);
    try {
      const actions = c.block(new Uint8Array(ACTIONS_SIZE));
      c.call('posix_spawn_file_actions_init', actions);
      for (const action of this.#actions) {
        const { add, args } = action;
        const [first, ...rest] = args;
        const err =
          action.path === undefined
            ? c.call(`posix_spawn_file_actions_${add}`, actions, ...args)
            : c.call(
                `posix_spawn_file_actions_${add}`,
                actions,
                ...(first === undefined ? [] : [first]),
                c.block(action.path),
                ...rest,
              );
        if (err !== 0) return -err;
      }
      const attr = this.#attributes(c);
      const pid = new Uint8Array(8);
      const environment = envp === 0 ? c.block(new Uint8Array(8)) : envp;
      const err = c.call('posix_spawn', c.block(pid), path, actions, attr, argv, environment);
      c.call('posix_spawn_file_actions_destroy', actions);
      return err === 0 ? get_s32(pid, 0) : -err;
    } finally {
      c.end();
    }
  }

  #attributes(c: LibcCalls): number {
    const attr = c.block(new Uint8Array(ATTR_SIZE));
    c.call('posix_spawnattr_init', attr);
    let flags = SETSIGDEF;
    c.call('posix_spawnattr_setsigdefault', attr, c.block(default_signals(this.parent.process.signals)));
    if (this.#mask !== null) {
      const set = new Uint8Array(SIGSET_SIZE);
      set.set(this.#mask);
      c.call('posix_spawnattr_setsigmask', attr, c.block(set));
      flags |= SETSIGMASK;
    }
    if (this.#pgroup !== null) {
      c.call('posix_spawnattr_setpgroup', attr, this.#pgroup);
      flags |= SETPGROUP;
    }
    if (this.#session) flags |= SETSID;
    c.call('posix_spawnattr_setflags', attr, flags);
    return attr;
  }
}

/** Calls of functions of the C library below, and what they are given. */
class LibcCalls {
  readonly #task: HostTask;
  readonly #mapped: number[] = [];

  constructor(task: HostTask) {
    this.#task = task;
  }

  block(bytes: Uint8Array): number {
    const address = this.#task.memory.map(bytes);
    this.#mapped.push(address);
    return address;
  }

  /** An error number, as functions of spawn.h answer. */
  call(name: string, ...args: number[]): number {
    return this.#task.process.driver.func(name, args.length)?.(...args) ?? ENOSYS;
  }

  end(): void {
    for (const address of this.#mapped) this.#task.memory.unmap(address);
  }
}

/** A C string of the program, with its zero; null: a bad pointer. */
function read_string(task: HostTask, address: number): Uint8Array | null {
  const known = task.memory.bytes(address);
  if (known !== undefined && known.includes(0)) return known.slice(0, known.indexOf(0) + 1);
  const bytes: number[] = [];
  for (let at = address; ; at++) {
    const byte = task.memory.read(at, 1)?.[0];
    if (byte === undefined) return null;
    bytes.push(byte);
    if (byte === 0) return Uint8Array.from(bytes);
  }
}

type PlanCalls = Readonly<Record<number, Handler>>;

/** The descriptors of the child. */
function descriptor_calls(plan: SpawnPlan): PlanCalls {
  const open = (task: HostTask, name: number, flags: number, mode: number): number => {
    const path = read_string(task, name);
    return path === null ? -EINVAL : plan.open(path, flags, mode);
  };
  return {
    [NR.close]: (_, fd) => plan.close(fd | 0),
    [NR.dup2]: (_, from, to) => plan.dup2(from | 0, to | 0),
    [NR.dup3]: (_, from, to, flags) => (flags === 0 ? plan.dup2(from | 0, to | 0) : -ENOSYS),
    [NR.open]: open,
    [NR.openat]: (task, _, name, flags, mode) => open(task, name, flags, mode),
    [NR.close_range]: (_, from) => plan.add('addclosefrom_np', [from]),
    [NR.chdir]: (task, name) => {
      const path = read_string(task, name);
      return path === null ? -EINVAL : plan.add('addchdir_np', [], path);
    },
    [NR.fchdir]: (_, fd) => plan.add('addfchdir_np', [fd]),
    [NR.fcntl]: (task, a1, cmd, arg) => {
      const fd = a1 | 0;
      // glibc: dup2 of a descriptor onto itself takes close-on-exec off it.
      if (cmd === F_SETFD && (arg & FD_CLOEXEC) === 0) return plan.dup2(fd, fd) < 0 ? -EBADF : 0;
      return plan.parent.process.table[NR.fcntl]!(task, a1, cmd, arg, 0, 0, 0);
    },
  };
}

/** Its signals, groups and ids. */
function process_calls(plan: SpawnPlan): PlanCalls {
  return {
    [NR.setpgid]: (task, pid, group) => (pid === 0 || pid === task.tid ? plan.set_pgroup(group) : -ESRCH),
    [NR.setsid]: () => plan.set_session(),
    [NR.getpid]: (task) => task.tid,
    [NR.rt_sigaction]: (task, _, act) => {
      const raw = act === 0 ? undefined : task.memory.read(act, SIGACTION.size);
      // Every signal has its default action in the child.
      return raw === undefined || get_u64(raw, SIGACTION.handler) === SIG_DFL ? 0 : -ENOSYS;
    },
    [NR.rt_sigprocmask]: (task, how, set) => {
      const mask = task.memory.read(set, SIGSET.size);
      return mask === undefined || how !== SIG_SETMASK ? -EINVAL : plan.set_mask(mask);
    },
  };
}

/** Its end, with a program or without. */
function last_calls(plan: SpawnPlan): PlanCalls {
  const { children } = plan.parent.process;
  const give_up: Handler = (task, status) => {
    task.kill();
    children.add_ended(task.tid, (status & 0xff) << 8);
    plan.finish(task.tid);
    return NEVER;
  };
  return {
    [NR.execve]: (task, path, argv, envp) => {
      const pid = plan.run(path, argv, envp);
      if (pid < 0) return pid;
      task.kill();
      children.add(pid);
      plan.finish(pid);
      return NEVER;
    },
    [NR.exit]: give_up,
    [NR.exit_group]: give_up,
  };
}

/** Calls of the child: of its parent, but for those that are planned. */
export function spawn_table(parent: CallTable, plan: SpawnPlan): CallTable {
  const table = parent.slice();
  const planned = { ...descriptor_calls(plan), ...process_calls(plan), ...last_calls(plan) };
  for (const [nr, handler] of Object.entries(planned)) table[Number(nr)] = handler;
  return table;
}
